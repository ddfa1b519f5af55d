// One task: hear a clip (or two), answer, confirm. Everything can be done by keys.
import { el, fill } from "./dom.js";
import { player } from "./annotate_sound.js";
import { scaleInput } from "./annotate_scale.js";
import { preference } from "./annotate_pair.js";

export function task({ words, about, state, quiet, rate, undo, next, pause }) {
  const now = state.task;
  const pairs = about.mode === "preference";
  let busy = false;
  let active = 0;
  let built = false; // players tell of themselves before everything stands

  const players = now.clips.map((sound, i) => player({ words, sound, name: pairs ? [words.side_a, words.side_b][i] : "",
    told: () => tell() }));
  for (const one of players) {
    one.audio.addEventListener("play", () => { for (const other of players) if (other !== one) other.audio.pause(); latest = one; });
  }
  let latest = players[0];

  const inputs = pairs
    ? [preference({ words, question: about.question, value: now.scores.preference, chosen: () => tell() })]
    : now.axes.map((key, i) => scaleInput({ scale: about.scales.find((scale) => scale.key === key), value: now.scores[key],
      chosen: (on = true) => { if (on) advance(i); tell(); }, focused: () => focus(i) }));

  const hint = el("span", { class: "q-say", role: "status", "aria-live": "polite" });
  const confirm = el("button", { type: "button", class: "q-button q-strong q-large", "data-testid": "confirm", onclick: () => send() },
    words.confirm, el("kbd", { "aria-hidden": "true" }, "⏎"));
  const back = state.can_undo && el("button", { type: "button", class: "q-button", "data-testid": "undo", onclick: () => takeBack() }, words.undo, el("kbd", { "aria-hidden": "true" }, "U"));
  const at = state.done + 1;
  const element = el("section", { class: `q-card-like q-task${pairs ? " q-pairs" : ""}` },
    el("div", { class: "q-task-head" },
      el("progress", { value: state.done, max: state.total, "aria-label": words.progress_label }),
      el("span", { class: "q-count" }, fill(words.progress, { at, total: state.total })),
      el("button", { type: "button", class: "q-button q-quiet q-small", onclick: pause }, words.pause_study)),
    now.prompt && el("p", { class: "q-prompt-shown" }, el("span", {}, words.prompt), now.prompt),
    el("div", { class: "q-sounds" }, players.map((one) => one.element),
      pairs && el("button", { type: "button", class: "q-button", "data-testid": "switch", onclick: () => swap() }, words.switch, el("kbd", { "aria-hidden": "true" }, "S"))),
    about.checks && el("p", { class: "q-hint q-beeps" }, pairs ? words.intro_checks_pairs : words.intro_checks),
    el("div", { class: "q-scales" }, inputs.map((input) => input.element)),
    el("div", { class: "q-task-foot" }, back, el("span", { class: "q-grow" }), hint, confirm));

  function focus(i) {
    active = Math.min(Math.max(i, 0), inputs.length - 1);
    inputs.forEach((input, k) => input.mark?.(k === active && inputs.length > 1));
  }
  /** After a score, on to the next scale that has none. */
  function advance(from) {
    const open = inputs.findIndex((input, k) => k > from && input.value === null);
    if (open >= 0) focus(open);
  }
  const missing = () => players.reduce((sum, one) => sum + one.missing(), 0);
  const open = () => inputs.some((input) => input.value === null);

  function tell() {
    if (!built || busy) return;
    const seconds = Math.ceil(missing());
    const text = seconds ? fill(pairs ? words.listen_both : words.listen_more, { seconds }) : open() ? (pairs ? words.choose_pair : words.choose) : words.ready;
    if (hint.textContent !== text) hint.textContent = text;
    confirm.disabled = seconds > 0 || open();
  }
  function swap() {
    const other = players[(players.indexOf(latest) + 1) % players.length];
    const place = latest.audio.currentTime;
    latest.audio.pause();
    if (place < other.audio.duration) other.audio.currentTime = place;
    latest = other;
    other.play();
  }
  async function send() {
    if (busy || confirm.disabled) return;
    busy = true;
    confirm.disabled = true;
    hint.textContent = words.saving;
    const scores = Object.fromEntries(inputs.map((input) => [input.key, input.value]));
    const answer = await rate({ task: now.id, scores, heard: players.map((one) => one.heard()) });
    busy = false;
    if (answer.state) next(answer.state);
    else if (answer.stale && answer.stale.task?.id !== now.id) next(answer.stale);
    else tell();
  }
  async function takeBack() {
    if (busy || !state.can_undo) return;
    busy = true;
    const answer = await undo();
    busy = false;
    if (answer) next(answer.state);
  }

  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input[type=text], textarea")) return;
    const key = event.key.toLowerCase();
    const input = inputs[active];
    const digit = /^[0-9]$/.test(key) ? Number(key) : null;
    const acts = {
      " ": () => latest.toggle(), enter: () => send(), u: () => takeBack(),
      ...(pairs
        ? { 1: () => input.set(1), 2: () => input.set(0.5), 3: () => input.set(0), arrowleft: () => input.set(1),
          arrowdown: () => input.set(0.5), arrowup: () => input.set(0.5), arrowright: () => input.set(0), s: () => swap() }
        : { arrowleft: () => input.step(-1), arrowright: () => input.step(1), arrowup: () => focus(active - 1), arrowdown: () => focus(active + 1),
          ...(digit === null ? {} : { [key]: () => input.digit(digit) }) }),
    };
    // A focused button does what it says; only a button that is a score gives way to the keys.
    const pressed = event.target.closest?.("button, summary, a");
    if (pressed && !pressed.matches(".q-score, .q-choice, .q-play") && ["enter", " "].includes(key)) return;
    if (!acts[key]) return;
    event.preventDefault();
    if (!event.repeat || key.startsWith("arrow")) acts[key]();
  };
  document.addEventListener("keydown", onKey, true);

  built = true;
  focus(Math.max(0, inputs.findIndex((input) => input.value === null)));
  tell();
  if (!quiet && players[0].missing() > 0) players[0].play();
  const ahead = state.ahead.map((name) => el("audio", { preload: "auto", src: `qamro/listen/${encodeURIComponent(name)}` }));
  return {
    element,
    leave() {
      document.removeEventListener("keydown", onKey, true);
      for (const one of players) one.leave();
      ahead.length = 0;
    },
  };
}
