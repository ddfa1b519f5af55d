// The clip or the system that is looked at.
// value: { kind: "clip", name, system, prompt, url, wav, axis, scores: [{ judge, score, of, low, high, ratings, source, domain }], histogram, windows, waiting }
//     or { kind: "system", name, axis, predictors, rows: [{ name, prompt, mean, predicted, domains }] } or null
import { el, fill, icon, ICONS, stylesheet } from "./dom.js";
import chart from "./chart.js";
import { readable } from "./compare_table.js";

export default function clip({ element, props, trigger, watch }) {
  const words = props.words;
  stylesheet("compare");
  let key = null; // what is built; the player goes on when only figures are added
  let figures = {};

  /** A figure that is filled in when it comes. */
  function figure(value) {
    const place = el("div");
    const own = { value, words };
    let draw = () => {};
    const made = chart({ element: place, props: own, trigger() {}, watch: (_, callback) => { draw = callback; } });
    return { place, leave: made.leave, set(next) { if (JSON.stringify(next) !== JSON.stringify(own.value)) { own.value = next; draw(); } } };
  }
  function leave() {
    Object.values(figures).forEach((each) => each.leave());
    figures = {};
  }

  const put = (side, name) => el("button", { type: "button", class: "q-button q-small q-put", "data-side": side, title: fill(words.put, { side: side.toUpperCase() }),
    "aria-label": fill(words.put, { side: side.toUpperCase() }), onclick: () => trigger("input", { side, name }) }, side.toUpperCase());
  const head = (title, note, ...tools) => el("div", { class: "q-part-head" },
    el("div", { class: "q-title q-grow" }, el("h3", {}, title), note && el("p", { class: "q-hint" }, note)), ...tools,
    el("button", { type: "button", class: "q-icon", "aria-label": words.close, title: words.close, onclick: close }, icon(ICONS.close, 16)));

  function player({ url, wav, name }) {
    if (!url) return el("p", { class: "q-hint" }, words.no_sound);
    const audio = el("audio", { controls: true, preload: "metadata", src: url, "aria-label": name, onerror: () => {
      if (wav) audio.replaceWith(el("p", { class: "q-hint q-failed", role: "alert" }, words.unplayable));
      else trigger("retry");
    } });
    return audio;
  }

  function build(value) {
    leave();
    figures = { histogram: figure(value.histogram), windows: figure(value.windows) };
    const system = value.system && el("button", { type: "button", class: "q-pick", onclick: () => trigger("select", { kind: "system", name: value.system }) }, value.system);
    element.replaceChildren(el("div", { class: "q-looked", "data-kind": "clip" },
      head(value.name, value.prompt ? `“${value.prompt}”` : words.no_prompt, put("a", value.name), put("b", value.name)),
      system && el("p", { class: "q-hint q-of" }, system), player(value),
      el("dl", { class: "q-facts" }),
      el("details", { class: "q-fold" }, el("summary", {}, words.made), el("ul", { class: "q-says q-sources-here" })),
      el("div", { class: "q-histogram" }, el("h4", {}, `${words.ratings}, ${value.axis}`), figures.histogram.place),
      el("div", { class: "q-windows" }, el("h4", {}, words.windows), el("p", { class: "q-hint" }, words.windows_note), figures.windows.place)));
  }

  function fillIn(value) {
    const fact = ({ judge, score, of, low, high, ratings, domain }) => el("div", {}, el("dt", {}, judge),
      el("dd", {}, el("b", {}, readable(score)), of, low !== null && ` ${fill(words.interval, { low: readable(low), high: readable(high) })}`,
        ratings > 0 && `, ${fill(words.of, { n: ratings })}`, words[domain] && el("span", { class: `q-domain q-domain-${domain}` }, words[domain])));
    element.querySelector(".q-facts").replaceChildren(...value.scores.map(fact));
    element.querySelector(".q-sources-here").replaceChildren(...value.scores.map(({ judge, source }) => el("li", {}, `${judge}: ${source}`)));
    figures.histogram.set(value.histogram);
    figures.windows.set(value.waiting ? { waiting: words.waiting } : value.windows);
    element.querySelector(".q-histogram").hidden = !value.histogram;
    element.querySelector(".q-windows").hidden = !value.windows && !value.waiting;
  }

  function system(value) {
    leave();
    const look = (name) => trigger("select", { kind: "clip", name });
    element.replaceChildren(el("div", { class: "q-looked", "data-kind": "system" },
      head(fill(words.system, { system: value.name }), `${value.axis}. ${words.system_note}`),
      el("div", { class: "q-scroll" }, el("table", { class: "q-result" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, words.clip), el("th", { scope: "col", class: "q-number" }, words.mean),
          value.predictors.map((name) => el("th", { scope: "col", class: "q-number" }, name)))),
        el("tbody", {}, value.rows.map((row) => el("tr", { class: "q-opens", onclick: () => look(row.name) },
          el("th", { scope: "row" }, el("button", { type: "button", class: "q-pick", onclick: (event) => { event.stopPropagation(); look(row.name); } }, row.name),
            row.prompt && el("span", { class: "q-sub", title: row.prompt }, row.prompt)),
          el("td", { class: "q-number" }, readable(row.mean)), row.predicted.map((score, i) => el("td", { class: "q-number", title: words[row.domains[i]] ?? null },
            readable(score), words[row.domains[i]] && el("span", { class: `q-domain q-domain-${row.domains[i]}` }, row.domains[i]))))))))));
  }

  function close() {
    clear();
    trigger("clear");
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && element.firstElementChild?.offsetParent) close();
  });

  function clear() {
    leave();
    key = null;
    element.replaceChildren();
    element.closest("#compare-dock")?.classList.remove("q-looking");
  }

  function draw() {
    const value = props.value;
    if (!value) { clear(); return; }
    element.closest("#compare-dock")?.classList.add("q-looking");
    if (value.kind === "system") { key = null; system(value); return; }
    const wanted = [value.name, value.url, value.axis].join("\n");
    if (wanted !== key) { build(value); key = wanted; }
    fillIn(value);
  }
  watch("value", draw);
  draw();
}
