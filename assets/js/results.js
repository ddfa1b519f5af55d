// The table of scores: sorts in the page, selects by the clip's identity and never by its place.
// value: { run, axes: [{ key, name, low, high, colour, definition }],
//          rows: [{ id, name, system, prompt, state, error, domain, kind, cells: { MI: { value, low, high } } }], selected }
import { el, fill, icon, ICONS } from "./dom.js";

const digits = (value) => value.toFixed(2);

export default function results({ element, props, trigger, watch }) {
  const words = props.words;
  let order = { key: null, down: true };
  let run = null;
  let chosen = null;

  const compare = (key, down) => {
    const text = key === "name" || key === "system";
    const value = (row) => (text ? row[key] : row.cells[key]?.value);
    return (a, b) => {
      const [x, y] = [value(a), value(b)];
      const missing = (v) => v === undefined || v === "";
      if (missing(x) || missing(y)) return missing(x) - missing(y);
      const ahead = text ? x.localeCompare(y, undefined, { numeric: true }) : x - y;
      return down ? -ahead : ahead;
    };
  };

  function sortBy(key) {
    const text = key === "name" || key === "system";
    order = order.key === key ? { key, down: !order.down } : { key, down: !text };
    render();
    element.querySelector(`button[data-sort="${CSS.escape(key)}"]`)?.focus();
  }

  function select(id, focus = false) {
    chosen = id;
    for (const row of element.querySelectorAll("tbody tr")) {
      const here = row.dataset.id === id;
      row.classList.toggle("q-chosen", here);
      const button = row.querySelector(".q-pick");
      button.setAttribute("aria-pressed", here);
      if (here && focus) { button.focus(); row.scrollIntoView({ block: "nearest" }); }
    }
    trigger("select", { id });
  }

  function move(event, id) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...element.querySelectorAll("tbody tr")].map((row) => row.dataset.id);
    const next = all[all.indexOf(id) + step];
    if (next) select(next, true);
  }

  function header(key, label, extra) {
    const sorted = order.key === key;
    return el("th", { scope: "col", role: "columnheader", class: extra?.class, "aria-sort": sorted ? (order.down ? "descending" : "ascending") : "none" },
      el("button", { type: "button", "data-sort": key, title: extra?.title ?? fill(words.sort, { column: label }), onclick: () => sortBy(key) },
        el("span", { class: "q-key" }, label), extra?.name && el("span", { class: "q-name" }, extra.name),
        el("span", { class: "q-arrow", "aria-hidden": "true" }, sorted ? (order.down ? "↓" : "↑") : "")));
  }

  function cell(axis, row) {
    const score = row.cells[axis.key];
    const attributes = { role: "cell", class: "q-cell", "data-label": axis.key };
    if (!score) return el("td", attributes, el("span", { class: "q-none" }, words[`none_${axis.key}`] ?? words.none));
    const parts = [el("span", { class: "q-value" }, digits(score.value))];
    if (score.low !== null) {
      const ends = { low: digits(score.low), high: digits(score.high) };
      parts.push(el("span", { class: "q-interval", title: fill(words.interval, ends) }, `${ends.low}–${ends.high}`));
    }
    if (axis.low !== null) {
      const share = (value) => `${(100 * (value - axis.low)) / (axis.high - axis.low)}%`;
      parts.push(el("span", { class: "q-strip", "aria-hidden": "true", style: {
        "--colour": axis.colour, "--at": share(score.value),
        "--low": share(score.low ?? score.value), "--high": share(score.high ?? score.value),
      } }));
    }
    return el("td", attributes, parts);
  }

  function tableRow(row, axes, systems) {
    const pick = el("button", { type: "button", class: "q-pick", title: row.name, "aria-pressed": row.id === chosen,
      onkeydown: (event) => move(event, row.id) }, row.name);
    const cells = row.state === "scored" ? axes.map((axis) => cell(axis, row)) : [el("td",
      { role: "cell", colspan: axes.length, class: `q-note q-${row.state}` },
      row.state === "failed" ? [el("strong", {}, words.failed), " ", row.error] : words[row.state])];
    return el("tr", { role: "row", "data-id": row.id, class: [row.id === chosen && "q-chosen", row.domain === "outside" && "q-outside"].filter(Boolean).join(" "), onclick: () => select(row.id) },
      el("th", { role: "rowheader", scope: "row", class: "q-clip" }, pick, row.kind && el("span", { class: `q-badge q-${row.kind}` }, row.kind), row.prompt && el("span", { class: "q-sub", title: row.prompt }, row.prompt), words[row.domain] && el("span", { class: `q-sub q-domain-${row.domain}` }, words[row.domain])),
      systems && el("td", { role: "cell", class: "q-system", "data-label": words.system }, row.system || words.none), cells);
  }

  function render() {
    const value = props.value ?? { axes: [], rows: [] };
    if (value.run !== run) [run, chosen] = [value.run, null];
    chosen ??= value.selected;
    if (!value.rows.length) {
      element.replaceChildren(el("div", { class: "q-empty" }, icon(ICONS.note, 30), el("strong", {}, words.empty), el("span", { class: "q-hint" }, words.empty_hint)));
      return;
    }
    const focused = element.contains(document.activeElement) && document.activeElement.closest("tr[data-id]")?.dataset.id;
    const systems = value.rows.some((row) => row.system);
    const rows = order.key ? [...value.rows].sort(compare(order.key, order.down)) : value.rows;
    const place = element.querySelector(".q-scroll")?.scrollTop ?? 0;
    element.replaceChildren(el("div", { class: "q-scroll" }, el("table", { class: "q-results", role: "table" },
      el("caption", { class: "q-hidden" }, words.caption),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
        header("name", words.clip, { class: "q-clip" }), systems && header("system", words.system),
        value.axes.map((axis) => header(axis.key, axis.key, {
          class: "q-axis", name: axis.name,
          title: axis.low === null ? axis.definition : `${axis.definition} ${fill(words.of, axis)}`,
        })))),
      el("tbody", { role: "rowgroup" }, rows.map((row) => tableRow(row, value.axes, systems))))),
      ...value.sources.map(({ axes, source }) => el("p", { class: "q-hint q-sources-of" }, el("b", {}, axes), ` ${source}`)));
    element.querySelector(".q-scroll").scrollTop = place;
    if (focused) element.querySelector(`tr[data-id="${CSS.escape(focused)}"] .q-pick`)?.focus();
  }
  watch("value", render);
  render();
}
