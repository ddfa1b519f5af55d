// Example clips as buttons. value: [{ title, prompt }]
import { el } from "./dom.js";

export default function examples({ element, props, trigger }) {
  const found = props.value ?? [];
  if (!found.length) return;
  element.replaceChildren(el("div", { class: "q-examples" },
    el("span", { class: "q-hint" }, props.words.title),
    el("ul", {}, found.map(({ title, prompt }, index) => el("li", {},
      el("button", { type: "button", class: "q-chip", title: prompt, onclick: () => trigger("select", { index }) }, title))))));
}
