// The heads that are kept. value: { heads: [{ key, name, axes, kind, about }] }
import { el, fill, stylesheet } from "./dom.js";

export default function kept({ element, props, trigger, watch }) {
  const words = props.words;
  stylesheet("train");

  /** A button that asks once more before it deletes. */
  function removal({ key, name }) {
    let sure = false;
    const button = el("button", { type: "button", class: "q-button q-quiet q-small", "aria-label": fill(words.remove_of, { name }) }, words.remove);
    const calm = () => { sure = false; button.textContent = words.remove; };
    button.addEventListener("click", () => {
      if (sure) { trigger("delete", { key }); return; }
      sure = true;
      button.textContent = words.sure;
    });
    button.addEventListener("blur", calm);
    return button;
  }

  function render() {
    const heads = props.value?.heads ?? [];
    if (!heads.length) { element.replaceChildren(el("p", { class: "q-hint" }, words.empty)); return; }
    element.replaceChildren(el("ul", { class: "q-train-kept", "aria-label": words.caption }, heads.map((entry) => el("li", { "data-name": entry.name },
      el("div", { class: "q-grow" },
        el("p", {}, el("strong", {}, entry.name), " ", el("span", { class: `q-badge q-${entry.kind}` }, entry.kind), " ", el("span", { class: "q-hint" }, entry.axes)),
        el("p", { class: "q-hint" }, entry.about)),
      el("button", { type: "button", class: "q-button q-small", "aria-label": fill(words.score_of, entry), onclick: () => trigger("select", { key: entry.key }) }, words.score),
      removal(entry)))));
  }
  watch("value", render);
  render();
}
