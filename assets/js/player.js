// The player of the selected clip. value: { name, prompt, system, url, error } or null; an empty url: nothing to play.
import { el } from "./dom.js";

export default function player({ element, props, trigger, watch }) {
  const words = props.words;
  let asked = null;

  // A browser that does not know the format asks the server for a WAV copy, once a clip.
  function unplayable(url) {
    if (asked === url) return;
    asked = url;
    trigger("retry");
  }

  function render() {
    const value = props.value;
    if (!value) { element.replaceChildren(); return; }
    const { name, prompt, system, url, error } = value;
    if (url !== asked) asked = null; // a clip that is chosen again may be asked for again
    element.replaceChildren(el("div", { class: "q-player" },
      el("div", { class: "q-title" },
        el("h3", {}, name),
        el("p", { class: "q-hint" }, prompt ? `“${prompt}”` : words.no_prompt, system && ` · ${system}`)),
      url
        ? el("audio", { controls: true, preload: "metadata", src: url, "aria-label": name, onerror: () => unplayable(url) })
        : el("p", { class: "q-hint", role: "status" }, words.unplayable),
      error && el("p", { class: "q-note" }, el("strong", {}, words.failed), error)));
  }
  watch("value", render);
  render();
}
