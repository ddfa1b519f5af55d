// Two clips at the same position, and one key to switch between them.
// value: { a: { name, system, prompt, url, wav, mean, predicted: [{ name, score, domain }] }, b: … }; a side may be missing.
// Both play at once in one audio clock and only one is let through, so that switching never moves the position.
import { ICONS, clock, el, fill, icon, stylesheet } from "./dom.js";
import { readable } from "./compare_table.js";
import { Together } from "./together.js";

const SIDES = ["a", "b"];
const STEP = 1; // seconds that an arrow key moves

export default function ab({ element, props, trigger, watch }) {
  const words = props.words;
  stylesheet("compare");
  const duet = new Together();
  const loaded = {}; // by side: the address of what is decoded
  let frame = 0;
  let named = "";

  const cards = Object.fromEntries(SIDES.map((side) => [side, el("button", { type: "button", class: "q-side-card", "data-side": side, "aria-pressed": "false", onclick: () => hear(side) })]));
  const play = el("button", { type: "button", class: "q-button", onclick: () => toggle() }, words.play);
  const change = el("button", { type: "button", class: "q-button q-strong", onclick: () => hear(other()) }, words.switch, el("kbd", {}, "X"));
  const seek = el("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0, "aria-label": words.seek, oninput: () => { duet.seek(Number(seek.value)); show(); } });
  const time = el("span", { class: "q-time" });
  const level = el("input", { type: "checkbox", checked: true, onchange: () => { duet.level(level.checked); } });
  const status = el("span", { class: "q-hint", role: "status", "aria-live": "polite" });
  const controls = el("div", { class: "q-duet" }, play, change, el("div", { class: "q-seek" }, seek, time),
    el("label", { class: "q-level", title: words.level_note }, level, " ", words.level), status);
  const root = el("section", { class: "q-ab", "aria-label": words.title }, el("div", { class: "q-part-head" }, el("h3", {}, words.title),
    el("button", { type: "button", class: "q-icon", "aria-label": words.close, title: words.close, onclick: () => { duet.pause(); trigger("clear"); } }, icon(ICONS.close, 16))),
    el("p", { class: "q-hint" }, words.note), el("div", { class: "q-sides" }, SIDES.map((side) => cards[side])), controls);
  element.replaceChildren(root);

  const other = () => (duet.heard === "a" ? "b" : "a");

  function hear(side) {
    if (!props.value?.[side]?.url) return;
    duet.hear(side);
    if (!duet.playing) toggle();
    show();
  }

  async function toggle() {
    if (duet.playing) { duet.pause(); show(); return; }
    await load();
    document.querySelectorAll("audio").forEach((audio) => audio.pause());
    duet.play();
    follow();
  }

  /** Fetches and decodes what is not here yet; what the browser cannot decode is asked for as WAV. */
  async function load() {
    const again = [];
    for (const side of SIDES) {
      const clip = props.value?.[side];
      if (!clip?.url || loaded[side] === clip.url) continue;
      status.textContent = words.loading;
      try {
        const answer = await fetch(clip.url);
        if (!answer.ok) throw new Error(answer.statusText);
        duet.put(side, await duet.decode(await answer.arrayBuffer()));
        loaded[side] = clip.url;
        status.textContent = "";
      } catch {
        duet.put(side, null);
        if (clip.wav) status.textContent = fill(words.unplayable, { side: side.toUpperCase() });
        else again.push(side);
      }
    }
    if (again.length) trigger("retry", { sides: again.join("") });
  }

  function follow() {
    show();
    cancelAnimationFrame(frame);
    if (duet.playing && element.isConnected) frame = requestAnimationFrame(follow);
  }

  function show() {
    const seconds = duet.seconds;
    play.textContent = duet.playing ? words.pause : words.play;
    seek.max = seconds || 1;
    seek.value = duet.position;
    seek.style.setProperty("--at", `${seconds ? (100 * duet.position) / seconds : 0}%`);
    time.textContent = seconds ? `${clock(duet.position)} / ${clock(seconds)}` : "";
    for (const side of SIDES) cards[side].setAttribute("aria-pressed", String(duet.heard === side));
    root.dataset.heard = duet.heard;
    root.dataset.position = duet.position.toFixed(3);
  }

  function card(side) {
    const clip = props.value?.[side];
    const mark = el("span", { class: "q-side-mark" }, side.toUpperCase());
    if (!clip) { cards[side].replaceChildren(mark, el("span", { class: "q-hint" }, words.none)); return; }
    const scores = [{ name: "MOS", score: clip.mean, of: clip.of }, ...clip.predicted];
    cards[side].replaceChildren(mark, el("span", { class: "q-grow" }, el("strong", {}, clip.name),
      el("span", { class: "q-sub" }, [clip.system, clip.prompt && `“${clip.prompt}”`].filter(Boolean).join(" · ")),
      el("span", { class: "q-sub" }, clip.url ? scores.map(({ name, score, of, domain }) => (domain === "outside" ? fill(words.outside, { name, score: readable(score) }) : `${name} ${readable(score)}${of ?? ""}`)).join(" · ") : words.no_sound)));
  }

  function draw() {
    const value = props.value ?? {};
    const sides = SIDES.filter((side) => value[side]);
    for (const side of SIDES) {
      card(side);
      cards[side].disabled = !value[side]?.url;
      if (loaded[side] && loaded[side] !== value[side]?.url) { duet.put(side, null); delete loaded[side]; }
    }
    element.closest("#compare-dock")?.classList.toggle("q-opposing", sides.length > 0);
    const names = sides.map((side) => value[side].name).join("\n");
    if (names && names !== named) requestAnimationFrame(() => root.scrollIntoView({ block: "nearest" }));
    named = names;
    controls.hidden = !sides.some((side) => value[side].url);
    if (!value[duet.heard]?.url && value[other()]?.url) duet.hear(other());
    if (duet.playing || sides.some((side) => value[side].wav)) load().then(() => { if (duet.playing) follow(); });
    show();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !element.isConnected || !root.offsetParent || controls.hidden) return;
    const { target } = event;
    if (target.isContentEditable || target.matches?.("textarea, select, input:not([type=range], [type=checkbox], [type=radio])")) return;
    if (event.key.toLowerCase() === "x") { event.preventDefault(); hear(other()); return; }
    if (target !== document.body && !root.contains(target)) return;
    const button = target.matches("button, input");
    const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (event.key === " " && !button) { event.preventDefault(); toggle(); }
    else if (step && target.type !== "range") { event.preventDefault(); duet.seek(duet.position + step); show(); }
  });
  document.addEventListener("play", (event) => { if (event.target instanceof HTMLAudioElement && duet.playing) { duet.pause(); show(); } }, true);
  duet.level(true);
  watch("value", draw);
  draw();
}
