/** Play, pause, step and scrub: moves a position between the first and the last step of training. */

import { html } from "../../draw.js";
import { STEPS } from "../../training.js";
import { place } from "../look.js";

const SECONDS = 9;
const JUMPS = 12;

/**
 * @param {ReturnType<typeof import('../../state.js').createStore>} store its field `step` is where the player stands
 * @param {() => void} onMove
 */
export function makePlayer(store, onMove) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let position = store.get().step;
  let playing = false;

  const button = (label, text, action) => {
    const element = html("button", { type: "button", "aria-label": label, title: label }, text);
    element.addEventListener("click", action);
    return element;
  };
  const back = button("One step back", "‹", () => go(Math.ceil(position) - 1));
  const forth = button("One step on", "›", () => go(Math.floor(position) + 1));
  const toggle = button("Play", "▶", () => (playing ? stop() : play()));
  toggle.className = "main play";
  const scrub = html("input", {
    type: "range",
    min: 0,
    max: STEPS,
    step: 1,
    "aria-label": "Training step",
    "data-field": "step",
  });
  scrub.addEventListener("input", () => go(Number(scrub.value)));
  const output = html("output", {});

  function go(step) {
    stop();
    move(Math.min(STEPS, Math.max(0, step)));
  }

  function move(to) {
    position = to;
    store.set({ step: Math.round(position) });
    show();
    onMove();
  }

  function show() {
    scrub.value = String(Math.round(position));
    scrub.style.setProperty("--filled", `${(100 * position) / STEPS}%`);
    output.textContent = `step ${Math.round(position)} of ${STEPS}`;
    toggle.textContent = playing ? "❚❚" : "▶";
    toggle.setAttribute("aria-label", playing ? "Pause" : "Play");
    toggle.title = playing ? "Pause" : "Play";
  }

  /** Plays on from where it stands; from the start when it stands at the end, or from a given step. */
  function play(from = position >= STEPS ? 0 : position) {
    playing = true;
    const began = performance.now();
    const first = place(from, STEPS);
    const tick = (now) => {
      if (!playing) return;
      let u = Math.min(1, first + Math.max(0, now - began) / (1000 * SECONDS));
      // Whoever asked for less motion gets a few still pictures instead of a film.
      if (still.matches) u = Math.min(1, Math.ceil(u * JUMPS) / JUMPS);
      if (u >= 1) playing = false;
      if (STEPS * u * u !== position || u >= 1) move(STEPS * u * u);
      if (playing) requestAnimationFrame(tick);
    };
    move(from);
    requestAnimationFrame(tick);
  }

  function stop() {
    playing = false;
    show();
  }

  store.subscribe((state, changed) => {
    if (!changed.includes("step") || Math.round(position) === state.step) return;
    playing = false;
    position = state.step;
    show();
    onMove();
  });
  show();
  return {
    element: html("div", { class: "player" }, toggle, back, forth, scrub, output),
    position: () => position,
    playing: () => playing,
    play,
  };
}
