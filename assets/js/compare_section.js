// One view of the comparison: its answer, its picture, and folded what is behind them; or why there is nothing.
// value: { view, title, note, answer, sentences, figures: [{ id, title, note, wide, chart }], tables, about, made, lists,
//          raters: { names, out } | null, out: { names, all } | null, empty: { title, hint } | undefined, report: bool | undefined }
// Without an answer nothing is folded.
import { el, fill, icon, ICONS, stylesheet } from "./dom.js";
import chart from "./chart.js";
import { resultTable } from "./compare_table.js";

const NAMED = 8; // raters named in the line about those who are left out

/** What a clicked point is of, or null: the first of its data is the name of a clip or of a system. */
export function pointed({ data }) {
  const name = Array.isArray(data) ? data[0] : data;
  return typeof name === "string" ? { kind: "point", name } : null;
}

let wanted = null; // the picture that a link asked for: { view, figure }
let arrive = () => {};

/** Opens a view and brings one of its pictures into sight, unfolded. */
export function goTo(view, figure) {
  wanted = { view, figure };
  const radio = document.querySelector(`#compare-view input[value="${view}"]`);
  if (radio && !radio.checked) radio.click();
  else arrive();
}

export default function section({ element, props, trigger, watch }) {
  const words = props.words;
  stylesheet("compare");
  let figures = [];
  const opened = new Set(); // folds that the visitor opened; they stay open in the next view
  const select = (what) => trigger("select", what);

  function figure({ id, title, note, wide, chart: value }) {
    const place = el("div");
    figures.push(chart({ element: place, props: { value, words }, watch() {}, trigger: (_, point) => {
      const what = pointed(point);
      if (what) select(what);
    } }));
    return el("section", { class: "q-part", "data-id": id }, el("div", { class: "q-part-head" }, el("h3", {}, title)),
      wide ? el("div", { class: "q-sideways", tabindex: "0", role: "region", "aria-label": title }, place) : place, note && el("p", { class: "q-hint" }, note));
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

  const nothing = ({ title, hint }) => el("div", { class: "q-empty" }, icon(ICONS.wave, 30), el("strong", {}, title), el("span", { class: "q-hint" }, hint));

  /** A part that is built when it is opened first. */
  function fold(key, ids, build, open = false) {
    let built = false;
    const place = el("details", { class: "q-fold", "data-fold": key, "data-ids": ids.join(" "), open: open || opened.has(key), ontoggle: () => {
      if (place.open) fill_in();
      if (!open) opened[place.open ? "add" : "delete"](key);
    } }, el("summary", {}, words[key]));
    function fill_in() {
      if (built) return;
      built = true;
      place.append(el("div", { class: "q-folded-part" }, build()));
    }
    if (place.open) fill_in();
    place.unfold = () => { place.open = true; fill_in(); };
    return place;
  }
  const list = (texts) => texts.length > 0 && el("ul", { class: "q-says" }, texts.map((text) => el("li", {}, text)));

  function parted({ answer, sentences, figures: [lead, ...others], tables, about, made, lists }) {
    const ids = (parts) => parts.map(({ id }) => id);
    return [el("p", { class: "q-answer" }, answer), lead && figure({ ...lead, note: "" }),
      fold("sure", ids(others), () => [list(sentences), ...others.map(figure)].filter(Boolean)),
      tables.length > 0 && fold("numbers", ids(tables), () => tables.map((table) => resultTable(table, words, select)), lists),
      about.length > 0 && fold("about", [], () => list(about)),
      made.length > 0 && fold("made", [], () => list(made))];
  }

  const whole = ({ sentences, figures: drawn, tables }) => [list(sentences), ...drawn.map(figure), ...tables.map((table) => resultTable(table, words, select))];

  /** Goes to the picture that was asked for, once it is there. */
  arrive = () => {
    const value = props.value;
    if (!wanted || value?.view !== wanted.view) return;
    const { figure: id } = wanted;
    wanted = null;
    if (id) element.querySelector(`[data-ids~="${CSS.escape(id)}"]`)?.unfold();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const place = (id && element.querySelector(`[data-id="${CSS.escape(id)}"]`)) || element;
      const head = place.querySelector("h3") ?? place;
      head.setAttribute("tabindex", "-1");
      head.focus({ preventScroll: true });
      place.scrollIntoView({ block: "start" });
    }));
  };

  /** The view joins the address of the page as a step of its history, so that links and Back lead to it. */
  function keepAddress(view) {
    const address = new URL(location.href);
    const { searchParams: asked } = address;
    if (asked.get("tab") !== "compare" || asked.get("view") === view) return;
    const step = asked.has("view");
    asked.set("view", view);
    history[step ? "pushState" : "replaceState"](history.state, "", address);
  }
  window.addEventListener("popstate", () => {
    const asked = new URLSearchParams(location.search);
    const radio = asked.get("tab") === "compare" && document.querySelector(`#compare-view input[value="${CSS.escape(asked.get("view") ?? "")}"]`);
    if (radio && !radio.checked) radio.click();
  });

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
    else parts.push(...(value.answer ? parted(value) : whole(value)));
    if (value.raters) parts.push(leaving(value.raters));
    element.replaceChildren(el("div", { class: "q-section", "data-view": value.view }, parts.flat().filter(Boolean)));
    arrive();
    if (focused) element.querySelector(`.q-rater input[value="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
  watch("value", draw);
  draw();
}
