// The three lines that Compare begins with; each leads to its picture.
// value: { lines: [{ about, text, view, figure }], waiting: bool } or null where there is nothing to compare
import { el, stylesheet } from "./dom.js";
import { goTo } from "./compare_section.js";

export default function lines({ element, props, watch }) {
  const words = props.words;
  stylesheet("compare");
  function draw() {
    const value = props.value;
    element.hidden = !value;
    if (!value) { element.replaceChildren(); return; }
    const line = ({ about, text, view, figure }) => el("li", { "data-about": about }, el("div", {}, el("strong", {}, words[about]), el("p", {}, text)),
      view && el("button", { type: "button", class: "q-button q-small", "aria-label": `${words.show}: ${words[about]}`, onclick: () => goTo(view, figure) }, words.show));
    element.replaceChildren(el("section", { class: value.waiting ? "q-lines q-stale" : "q-lines", "aria-label": words.title },
      value.waiting && el("p", { class: "q-hint", role: "status" }, words.waiting),
      el("ol", {}, value.lines.map(line))));
  }
  watch("value", draw);
  draw();
}
