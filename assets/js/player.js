// The player of the selected clip. value: { name, prompt, system, url, error } or null
import { el } from "./dom.js";

export default function player({ element, props, watch }) {
  const words = props.words;
  function render() {
    const value = props.value;
    if (!value) { element.replaceChildren(); return; }
    const note = el("p", { class: "q-hint", hidden: true, role: "status" }, words.unplayable);
    const audio = el("audio", { controls: true, preload: "metadata", src: value.url, "aria-label": value.name,
      onerror: () => { note.hidden = false; } });
    element.replaceChildren(el("div", { class: "q-player" },
      el("div", { class: "q-title" },
        el("h3", {}, value.name),
        el("p", { class: "q-hint" }, value.prompt ? `“${value.prompt}”` : words.no_prompt, value.system && ` · ${value.system}`)),
      audio, note, value.error && el("p", { class: "q-note q-failed" }, value.error)));
  }
  watch("value", render);
  render();
}
