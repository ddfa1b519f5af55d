// A player that knows how much of its sound was really heard.
import { el, icon } from "./dom.js";
import { clock } from "./annotate_parts.js";

const PLAY = "M8 5.5v13l11-6.5z";
const PAUSE = "M8.5 5.5v13M15.5 5.5v13";

/** Seconds of a sound that were played at least once. */
function heardOf(audio) {
  let sum = 0;
  for (let i = 0; i < audio.played.length; i += 1) sum += audio.played.end(i) - audio.played.start(i);
  return sum;
}

/** sound: { audio, seconds, need, heard }; told() is called whenever something changed. */
export function player({ words, sound, name, told }) {
  const audio = el("audio", { preload: "auto", src: `qamro/listen/${encodeURIComponent(sound.audio)}` });
  const button = el("button", { type: "button", class: "q-play", onclick: () => toggle() });
  const time = el("span", { class: "q-time" });
  const seek = el("input", { type: "range", min: 0, max: sound.seconds, step: 0.01, value: 0, "aria-label": name ? `${words.seek} ${name}` : words.seek,
    oninput: () => { audio.currentTime = Number(seek.value); show(); } });
  const problem = el("p", { class: "q-failed", role: "alert", hidden: true }, words.unplayable);
  const root = el("div", { class: "q-sound" }, name && el("span", { class: "q-side" }, name), button,
    el("div", { class: "q-seek" }, seek, time), problem, audio);
  let ended = false;
  let frame = 0;

  const heard = () => {
    const total = ended ? sound.seconds : Math.min(heardOf(audio), sound.seconds);
    return Math.max(total, sound.heard);
  };
  const missing = () => Math.max(0, sound.need - 0.05 - heard());

  function show() {
    const playing = !audio.paused && !audio.ended;
    button.replaceChildren(icon(playing ? PAUSE : PLAY, name ? 24 : 30));
    button.setAttribute("aria-label", `${playing ? words.pause : words.play}${name ? ` ${name}` : ""}`);
    button.classList.toggle("q-playing", playing);
    seek.value = audio.currentTime;
    seek.style.setProperty("--at", `${(100 * audio.currentTime) / sound.seconds}%`);
    time.textContent = `${clock(audio.currentTime)} / ${clock(sound.seconds)}`;
    root.classList.toggle("q-heard", missing() === 0);
    told();
  }
  function follow() {
    show();
    if (!audio.paused && root.isConnected) frame = requestAnimationFrame(follow);
  }
  audio.addEventListener("ended", () => { ended ||= heardOf(audio) > sound.seconds - 0.5; show(); });
  for (const event of ["pause", "seeked", "loadedmetadata"]) audio.addEventListener(event, show);
  audio.addEventListener("play", () => { cancelAnimationFrame(frame); follow(); });
  audio.addEventListener("error", () => { problem.hidden = false; });

  const toggle = () => (audio.paused ? audio.play().catch(() => {}) : audio.pause());
  show();
  return {
    element: root, audio, heard, missing, toggle,
    play: () => audio.play().catch(() => {}),
    leave() { cancelAnimationFrame(frame); audio.pause(); audio.removeAttribute("src"); audio.load(); },
  };
}
