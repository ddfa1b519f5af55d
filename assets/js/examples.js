// Example clips as buttons. value: [{ title, prompt }]
import { el, fill } from "./dom.js";

export default function examples({ element, props, trigger }) {
  const found = props.value ?? [];
  if (!found.length) return;
  const chip = (text, index, title) => el("li", {},
    el("button", { type: "button", class: "q-chip", title, onclick: () => trigger("select", { index }) }, text));
  element.replaceChildren(el("div", { class: "q-examples" },
    el("span", { class: "q-hint" }, props.words.title),
    el("ul", {},
      found.map(({ title, prompt }, index) => chip(title, index, prompt)),
      found.length > 1 && chip(fill(props.words.all, { n: found.length }), null))));
}
