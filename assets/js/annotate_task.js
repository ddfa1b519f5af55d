// One task: hear a clip (or two), answer, confirm. Everything can be done by keys.
import { clock, el, fill, icon, plain } from "./dom.js";

export function task({ words, about, state, quiet, rate, undo, next, pause }) {
  const now = state.task;
  const pairs = about.mode === "preference";
  const several = now.clips.length > 1;
  let active = 0;
  let built = false; // players tell of themselves before everything stands

  const players = now.clips.map((sound, i) => player({ words, sound, name: several ? words[about.names[i]] : "",
    told: () => tell() }));
  for (const one of players) {
    one.audio.addEventListener("play", () => { for (const other of players) if (other !== one) other.audio.pause(); latest = one; });
  }
  let latest = players[0];

  const choices = { preference: [[1, words.left_better, "1"], [0.5, words.tie, "2"], [0, words.right_better, "3"]], abx: [[1, words.x_is_a, "1"], [0, words.x_is_b, "2"]] }[about.mode];
  const labels = { cmos: "cmos_", dmos: "dmos_" }[about.mode];
  const inputs = choices
    ? [choice({ key: now.axes[0], choices, question: about.question, value: now.scores[now.axes[0]], chosen: () => tell() })]
    : now.axes.map((key, i) => scaleInput({ scale: labels ? { ...about.scales[0], name: about.question } : about.scales.find((scale) => scale.key === key), value: now.scores[key],
      label: (value) => (labels ? words[`${labels}${value}`] : ""),
      chosen: (on = true) => { if (on) advance(i); tell(); }, focused: () => focus(i) }));

  const { head, foot, hint, confirm, busy, send, takeBack } = frame({ words, state, rate, undo, next, pause, stay: () => tell(),
    given: () => ({ scores: Object.fromEntries(inputs.map((input) => [input.key, input.value])), heard: players.map((one) => one.heard()) }) });
  const element = el("section", { class: `q-card-like q-task${several ? " q-pairs" : ""}` },
    head,
    el("div", { class: "q-sounds" }, players.map((one) => one.element),
      several && el("button", { type: "button", class: "q-button", "data-testid": "switch", onclick: () => swap() }, words.switch, el("kbd", { "aria-hidden": "true" }, "S"))),
    about.checks && el("p", { class: "q-hint q-beeps" }, pairs ? words.intro_checks_pairs : words.intro_checks),
    el("div", { class: "q-scales" }, inputs.map((input) => input.element)),
    foot);

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
    if (!built || busy()) return;
    const seconds = Math.ceil(missing());
    const text = seconds ? fill(several ? words.listen_both : words.listen_more, { seconds }) : open() ? (several ? words.choose_pair : words.choose) : words.ready;
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

  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input[type=text], textarea")) return;
    const key = event.key.toLowerCase();
    const input = inputs[active];
    const digit = /^[0-9]$/.test(key) ? Number(key) : null;
    const acts = {
      " ": () => latest.toggle(), enter: () => send(), u: () => takeBack(),
      ...(several ? { s: () => swap() } : {}),
      ...(choices
        ? { ...Object.fromEntries(choices.map(([value, , key]) => [key, () => input.set(value)])), arrowleft: () => input.set(1), arrowright: () => input.set(0),
          ...(pairs ? { arrowdown: () => input.set(0.5), arrowup: () => input.set(0.5) } : {}) }
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

// What stands around every task: how far one is, Confirm and Undo, which talk to the server one at a time ----------

/** `given` tells the scores and what was heard; `stay` is called when the server leaves the rater at this task. */
export function frame({ words, state, rate, undo, next, pause, stay, given }) {
  const now = state.task;
  let busy = false;
  const hint = el("span", { class: "q-say", role: "status", "aria-live": "polite" });
  const confirm = el("button", { type: "button", class: "q-button q-strong q-large", "data-testid": "confirm", onclick: () => send() },
    words.confirm, el("kbd", { "aria-hidden": "true" }, "⏎"));
  const back = state.can_undo && el("button", { type: "button", class: "q-button", "data-testid": "undo", onclick: () => takeBack() }, words.undo, el("kbd", { "aria-hidden": "true" }, "U"));
  async function alone(act) {
    if (busy) return;
    busy = true;
    const after = await act();
    busy = false;
    if (after) next(after);
    else stay();
  }
  const send = () => confirm.disabled || alone(async () => {
    confirm.disabled = true;
    hint.textContent = words.saving;
    const answer = await rate({ task: now.id, ...given() });
    return answer.state ?? (answer.stale?.task?.id === now.id ? null : answer.stale);
  });
  const takeBack = () => state.can_undo && alone(async () => (await undo())?.state);
  const head = [
    el("div", { class: "q-task-head" },
      el("progress", { value: state.done, max: state.total, "aria-label": words.progress_label }),
      el("span", { class: "q-count" }, fill(state.open ? words.progress_open : words.progress, { at: state.done + 1, total: state.total })),
      el("button", { type: "button", class: "q-button q-quiet q-small", onclick: pause }, words.pause_study)),
    now.prompt && el("p", { class: "q-prompt-shown" }, el("span", {}, words.prompt), now.prompt),
  ];
  const foot = el("div", { class: "q-task-foot" }, back, el("span", { class: "q-grow" }), hint, confirm);
  return { head, foot, hint, confirm, busy: () => busy, send, takeBack };
}

// A player that knows how much of its sound was really heard ---------------------------------------------------

const PLAY = "M8 5.5v13l11-6.5z";
const PAUSE = "M8.5 5.5v13M15.5 5.5v13";

/** Seconds of a sound that were played at least once. */
function heardOf(audio) {
  let sum = 0;
  for (let i = 0; i < audio.played.length; i += 1) sum += audio.played.end(i) - audio.played.start(i);
  return sum;
}

/** sound: { audio, seconds, need, heard }; told() is called whenever something changed. */
function player({ words, sound, name, told }) {
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

// One scale: big buttons where it has few values, a slider where it has many -----------------------------------

/** Which value a digit means: itself where the scale counts from 0 or 1 (0 may be ten), else the place on the scale. */
function valueOfDigit(scale, digit) {
  if (!scale.values.length) {
    const share = digit === 0 ? 1 : digit / 10;
    return scale.low + Math.round((share * (scale.high - scale.low)) / scale.step) * scale.step;
  }
  if (scale.low === 0 || scale.low === 1) {
    if (scale.step === 1) {
      const value = digit === 0 && scale.low === 1 ? 10 : digit;
      return scale.values.includes(value) ? value : null;
    }
  }
  return scale.values[digit === 0 ? 9 : digit - 1] ?? null;
}

function scaleInput({ scale, value, chosen, focused, label = () => "" }) {
  let now = value ?? null;
  const buttons = scale.values.map((each) => el("button", { type: "button", role: "radio", class: "q-score", "data-value": each,
    "aria-label": `${scale.name}: ${plain(each)} ${label(each)}`.trim(), onclick: () => { focused(); set(each); } }, plain(each).replace("-", "−"), label(each) && el("small", {}, label(each))));
  const number = el("output", { class: "q-number" });
  const slider = !buttons.length && el("input", { type: "range", class: "q-slider", min: scale.low, max: scale.high, step: scale.step,
    "aria-label": scale.name, oninput: () => { focused(); set(Number(slider.value)); }, onfocus: () => focused() });
  const choices = buttons.length
    ? el("div", { class: "q-scores", role: "radiogroup", "aria-label": scale.name, style: { "--n": buttons.length } }, buttons)
    : el("div", { class: "q-slide" }, el("span", {}, plain(scale.low)), slider, el("span", {}, plain(scale.high)), number);
  const root = el("div", { class: "q-scale", "data-axis": scale.key, onpointerdown: () => focused() },
    el("div", { class: "q-scale-head" }, el("strong", {}, scale.name), el("span", { class: "q-hint" }, scale.definition)), choices);

  function set(next, quiet = false) {
    const steps = Math.round((Math.min(Math.max(next, scale.low), scale.high) - scale.low) / scale.step);
    now = Number((scale.low + steps * scale.step).toFixed(6));
    draw();
    if (!quiet) chosen();
  }
  function draw() {
    for (const button of buttons) {
      const here = now !== null && Math.abs(Number(button.dataset.value) - now) < 1e-9;
      button.classList.toggle("q-chosen", here);
      button.setAttribute("aria-checked", here);
      button.tabIndex = here || (now === null && button === buttons[0]) ? 0 : -1;
    }
    if (slider) {
      slider.value = now ?? (scale.low + scale.high) / 2;
      slider.classList.toggle("q-unset", now === null);
      number.textContent = now === null ? "?" : plain(now);
    }
  }
  draw();
  return {
    element: root, key: scale.key,
    get value() { return now; },
    digit(digit) { const found = valueOfDigit(scale, digit); if (found !== null) set(found); return found !== null; },
    step(by) {
      const big = scale.values.length ? 1 : Math.max(1, Math.round((scale.high - scale.low) / scale.step / 20));
      const middle = scale.values.length ? scale.values[Math.floor((scale.values.length - 1) / 2)] : (scale.low + scale.high) / 2;
      set(now === null ? middle : now + by * big * scale.step, true);
      chosen(false);
    },
    mark(here) { root.classList.toggle("q-active", here); },
  };
}

// One answer of a few: about a pair (1 left, 0.5, 0 right), or which X is (1: A, 0: B); null before an answer --------

function choice({ key, choices, question, value, chosen }) {
  let now = value ?? null;
  const buttons = choices.map(([each, text, mark]) => el("button", { type: "button", role: "radio", class: "q-choice", "data-value": each, onclick: () => set(each) },
    text, el("kbd", { "aria-hidden": "true" }, mark)));
  function draw() {
    for (const button of buttons) {
      const here = now !== null && Number(button.dataset.value) === now;
      button.classList.toggle("q-chosen", here);
      button.setAttribute("aria-checked", here);
    }
  }
  function set(next) {
    now = next;
    draw();
    chosen();
  }
  draw();
  return {
    element: el("div", { class: "q-scale" }, el("p", { class: "q-question" }, question), el("div", { class: "q-choices", role: "radiogroup", "aria-label": question }, buttons)),
    key, get value() { return now; }, set,
  };
}
