// The player of the selected clip. value: { id, name, prompt, system, url, error } or null; an empty url: nothing to
// play. Play buttons elsewhere send "q-play" with { id, url, name }, and hear by "q-heard" what plays: { id } or none; "q-choose" says that another clip is looked at.
import { el } from "./dom.js";

export default function player({ element, props, trigger, watch }) {
  const words = props.words;
  const audio = el("audio", { controls: true, preload: "metadata" });
  const head = el("div", { class: "q-title" });
  const none = el("p", { class: "q-hint", role: "status", hidden: true }, words.unplayable);
  const note = el("div", {});
  const box = el("div", { class: "q-player" }, head, audio, none, note);
  let loaded = null;
  let wanted = null; // the clip that is to play as soon as its sound is there

  function load({ id, url, name }) {
    none.hidden = Boolean(url);
    audio.hidden = !url;
    if (loaded === url) return;
    const go = wanted === id;
    loaded = url;
    audio.dataset.id = id;
    audio.setAttribute("aria-label", name);
    if (url) audio.setAttribute("src", url);
    else audio.removeAttribute("src");
    audio.load();
    if (url && go) audio.play().catch(() => {});
  }

  const tell = (id) => document.dispatchEvent(new CustomEvent("q-heard", { detail: { id } }));
  audio.addEventListener("play", () => { wanted = audio.dataset.id; tell(wanted); });
  // A sound that cannot be played pauses, too: then its copy is still wanted.
  audio.addEventListener("pause", () => { if (!audio.error) wanted = null; tell(null); });
  for (const end of ["ended", "emptied"]) audio.addEventListener(end, () => tell(null));
  // A browser that does not know the format asks the server for a WAV copy.
  audio.addEventListener("error", () => { if (loaded) trigger("retry", { id: audio.dataset.id }); });
  document.addEventListener("q-play", ({ detail }) => {
    if (audio.dataset.id === detail.id && !audio.paused) { audio.pause(); return; }
    wanted = detail.id;
    if (audio.dataset.id === detail.id && loaded) audio.play().catch(() => {});
    else load(detail);
  });

  document.addEventListener("q-choose", ({ detail }) => { if (detail.id !== wanted) wanted = null; });

  function render() {
    const value = props.value;
    if (!value) {
      wanted = null;
      load({ id: "", url: "", name: "" });
      element.replaceChildren();
      return;
    }
    if (wanted && wanted !== value.id) return; // an answer about a clip that was chosen before
    const { name, prompt, system, error } = value;
    head.replaceChildren(el("h3", {}, name),
      el("p", { class: "q-hint" }, prompt ? `“${prompt}”` : words.no_prompt, system ? ` · ${system}` : ""));
    note.replaceChildren(...(error ? [el("p", { class: "q-note" }, el("strong", {}, words.failed), error)] : []));
    load(value);
    if (!box.isConnected) element.replaceChildren(box);
  }
  watch("value", render);
  render();
}
