// The set-up in one line, once there is something to compare; a button unfolds it.
// value: { study: { name, kind, text }, predictors: [{ name, kinds, text }], ready } or null
import { el, stylesheet } from "./dom.js";

export default function setup({ element, props, watch }) {
  const words = props.words;
  stylesheet("compare");
  let folded = false;
  let before = "";
  const badge = (kind) => el("span", { class: `q-badge q-${kind}` }, kind);

  function draw() {
    const value = props.value;
    const now = value?.ready ? JSON.stringify(value) : "";
    if (now !== before) folded = Boolean(now); // what is new and whole folds; what lacks something unfolds
    before = now;
    element.closest("#compare-setup")?.classList.toggle("q-folded", folded);
    element.hidden = !now;
    if (!now) { element.replaceChildren(); return; }
    const part = ({ name, kinds, text }) => el("span", { class: "q-setup-part" }, kinds.map(badge), el("b", {}, name), " ", el("span", { class: "q-hint" }, text));
    const button = el("button", { type: "button", class: "q-button q-small", "aria-expanded": String(!folded), onclick: () => {
      folded = !folded;
      draw();
      element.querySelector("button").focus();
    } }, folded ? words.change : words.fold);
    element.replaceChildren(el("div", { class: "q-setup" }, el("div", { class: "q-grow" }, [value.study, ...value.predictors].map(part)), button));
  }
  watch("value", draw);
  draw();
}
