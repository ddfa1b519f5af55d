// One view of the comparison: sentences, figures, tables; or why there is nothing, and what to do.
// value: { view, title, note, sentences, figures: [{ id, title, note, chart }], tables, raters: { names, out } | null,
//          out: { names, all } | null, empty: { title, hint, button } | undefined, report: bool | undefined }
import { el, fill, icon, ICONS, stylesheet } from "./dom.js";
import chart from "./chart.js";
import { resultTable } from "./compare_table.js";

const NAMED = 8; // raters named in the line about those who are left out

/** What a clicked point is of, or null: the first of its data is the name of a clip or of a system. */
export function pointed({ data }) {
  const name = Array.isArray(data) ? data[0] : data;
  return typeof name === "string" ? { kind: "point", name } : null;
}

export default function section({ element, props, trigger, watch }) {
  const words = props.words;
  stylesheet("compare");
  let figures = [];
  const select = (what) => trigger("select", what);

  function figure({ id, title, note, chart: value }) {
    const place = el("div");
    figures.push(chart({ element: place, props: { value, words }, watch() {}, trigger: (_, point) => {
      const what = pointed(point);
      if (what) select(what);
    } }));
    return el("section", { class: "q-part", "data-id": id }, el("div", { class: "q-part-head" }, el("h3", {}, title)), place, note && el("p", { class: "q-hint" }, note));
  }

  function leaving({ names, out }) {
    const chosen = new Set(out);
    const boxes = names.map((name) => el("label", { class: "q-rater" },
      el("input", { type: "checkbox", value: name, checked: chosen.has(name), "aria-label": fill(words.out_of, { name }), onchange: (event) => {
        if (event.target.checked) chosen.add(name);
        else chosen.delete(name);
        trigger("apply", { raters: [...chosen] });
      } }), el("span", {}, name)));
    const find = el("input", { type: "search", placeholder: words.find, "aria-label": words.find, oninput: () => {
      const wanted = find.value.trim().toLowerCase();
      boxes.forEach((box, i) => { box.hidden = !names[i].toLowerCase().includes(wanted); });
    } });
    return el("details", { class: "q-leave", open: out.length > 0 || wasOpen }, el("summary", {}, words.out_title),
      el("p", { class: "q-hint" }, words.out_note), names.length > 30 && find, el("div", { class: "q-raters" }, boxes));
  }

  const missing = ({ names, all }) => el("p", { class: "q-left-out", role: "status" },
    fill(words.left_out, { n: names.length, all, names: names.slice(0, NAMED).join(", ") + (names.length > NAMED ? " …" : "") }), " ",
    el("button", { type: "button", class: "q-button q-small", onclick: () => trigger("apply", { raters: [] }) }, words.back));

  const nothing = ({ title, hint, button }) => el("div", { class: "q-empty" }, icon(ICONS.wave, 30), el("strong", {}, title), el("span", { class: "q-hint" }, hint),
    button && el("button", { type: "button", class: "q-button q-strong", onclick: () => trigger("submit") }, button));

  /** The view joins the address of the page, so that a link leads back to it. */
  function keepAddress(view) {
    const address = new URL(location.href);
    if (address.searchParams.get("tab") !== "compare" || address.searchParams.get("view") === view) return;
    address.searchParams.set("view", view);
    history.replaceState(null, "", address);
  }

  let wasOpen = false;
  let first = true;
  function draw() {
    const value = props.value;
    const focused = element.contains(document.activeElement) ? document.activeElement.value : null;
    wasOpen = Boolean(element.querySelector(".q-leave")?.open);
    figures.forEach((drawn) => drawn.leave());
    figures = [];
    if (!first) keepAddress(value.view);
    first = false;
    element.closest("#compare-views")?.setAttribute("data-view", value.empty ? `${value.view}-empty` : value.view);
    if (value.report) { element.replaceChildren(value.out ? missing(value.out) : ""); return; }
    const parts = [value.note && el("p", { class: "q-hint q-asks" }, value.note), value.out && missing(value.out)];
    if (value.empty) parts.push(nothing(value.empty));
    else {
      if (value.sentences.length) parts.push(el("ul", { class: "q-says" }, value.sentences.map((text) => el("li", {}, text))));
      parts.push(...value.figures.map(figure), ...value.tables.map((table) => resultTable(table, words, select)));
    }
    if (value.raters) parts.push(leaving(value.raters));
    element.replaceChildren(el("div", { class: "q-section", "data-view": value.view }, parts.flat().filter(Boolean)));
    if (focused) element.querySelector(`.q-rater input[value="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
  watch("value", draw);
  draw();
}
