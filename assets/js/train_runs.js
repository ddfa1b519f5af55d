// The runs of a session. value: { columns: [{ key, label }],
//   rows: [{ id, title, about, kind, kept, shown, cells: { key: [text, small print…] } }] }
import { el, fill, icon, ICONS, stylesheet } from "./dom.js";

export default function runs({ element, props, trigger, watch }) {
  const words = props.words;
  stylesheet("train");

  function row({ id, title, about, kind, kept, shown, cells }, columns) {
    const box = el("input", { type: "checkbox", checked: shown, "aria-label": fill(words.show, { title }),
      onchange: (event) => trigger("select", { id, shown: event.target.checked }) });
    return el("tr", { "data-run": id },
      el("td", { class: "q-train-tick" }, box),
      el("th", { scope: "row" }, el("span", { class: "q-train-title" }, title, " ", el("span", { class: `q-badge q-${kind}` }, kind)),
        el("span", { class: "q-sub" }, about), kept && el("span", { class: "q-sub" }, fill(words.kept, { name: kept }))),
      columns.map(({ key, label }) => el("td", { "data-label": label },
        cells[key].map((text, k) => el("span", { class: k > 0 && "q-sub" }, text)))),
      el("td", { class: "q-tool" }, el("button", { type: "button", class: "q-icon", "aria-label": fill(words.remove, { title }),
        title: fill(words.remove, { title }), onclick: () => trigger("delete", { id }) }, icon(ICONS.close, 16))));
  }

  function render() {
    const { columns, rows } = props.value ?? { columns: [], rows: [] };
    if (!rows.length) {
      element.replaceChildren(el("div", { class: "q-empty" }, icon(ICONS.wave, 30), el("strong", {}, words.empty), el("span", { class: "q-hint" }, words.empty_hint)));
      return;
    }
    const focused = element.contains(document.activeElement) && document.activeElement.closest("tr[data-run]")?.dataset.run;
    element.replaceChildren(el("div", { class: "q-scroll" }, el("table", { class: "q-train-runs" },
      el("caption", { class: "q-hidden" }, words.caption),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, words.shown), el("th", { scope: "col" }, words.run),
        columns.map(({ label }) => el("th", { scope: "col" }, label)), el("th", {}, el("span", { class: "q-hidden" }, fill(words.remove, { title: "" }))))),
      el("tbody", {}, rows.map((entry) => row(entry, columns))))));
    if (focused) element.querySelector(`tr[data-run="${CSS.escape(focused)}"] input`)?.focus();
  }
  watch("value", render);
  render();
}
