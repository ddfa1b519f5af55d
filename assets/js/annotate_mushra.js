// One MUSHRA trial: a reference and its versions, all playing in step, one heard at a time; a slider for each version.
import { frame } from "./annotate_task.js";
import { clock, el, fill, plain } from "./dom.js";
import { Together } from "./together.js";

const BANDS = [80, 60, 40, 20, 0]; // where a word of the scale begins
const STEP = 1; // points that an arrow key moves

export function trial({ words, about, state, rate, undo, next, pause }) {
  const now = state.task;
  const scale = about.scales[0];
  const sounds = now.clips.map((sound, i) => ({ ...sound, key: String(i) })); // 0 is the open reference
  const all = new Together();
  all.loop = true;
  all.heard = "0";
  all.level(about.level);
  const scores = { ...now.scores };
  let order = now.axes.slice();
  let active = null;
  let ready = false;
  let drawing = 0;

  const { head, foot, hint, confirm, busy, send, takeBack } = frame({ words, state, rate, undo, next, pause, stay: () => show(), given() {
    all.pause();
    return { scores: Object.fromEntries(now.axes.map((key) => [key, scores[key]])), heard: sounds.map(heardOf) };
  } });
  hint.textContent = words.loading;
  const play = el("button", { type: "button", class: "q-button", disabled: true, onclick: () => toggle() }, words.play);
  const seek = el("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0, "aria-label": words.seek, oninput: () => { all.seek(Number(seek.value)); show(); } });
  const time = el("span", { class: "q-time" });
  const reference = el("button", { type: "button", class: "q-button q-version", "data-side": "0", "aria-pressed": "true", onclick: () => hear("0") }, words.reference);
  const place = el("div", { class: "q-versions" });
  const columns = Object.fromEntries(now.axes.map((key, i) => [key, column(key, i + 1)]));
  const names = el("div", { class: "q-bands", "aria-hidden": "true" }, BANDS.map((from) => el("span", {}, words[`mushra_${from}`])));
  const sort = el("button", { type: "button", class: "q-button q-small", "data-testid": "sort", onclick: () => { sortByScore(); } }, words.sort);
  const element = el("section", { class: "q-card-like q-task q-mushra" },
    head,
    el("p", { class: "q-question" }, about.question),
    el("div", { class: "q-sound" }, play, el("div", { class: "q-seek" }, seek, time), reference, sort),
    el("div", { class: "q-board" }, names, place),
    foot);

  function column(key, n) {
    const name = fill(words.stimulus, { n });
    const button = el("button", { type: "button", class: "q-button q-version", "data-side": key, "aria-pressed": "false", onclick: () => hear(key) }, String(n));
    button.setAttribute("aria-label", name);
    const number = el("output", { class: "q-number" });
    const slider = el("input", { type: "range", class: "q-upright", min: scale.low, max: scale.high, step: scale.step, "aria-label": name,
      oninput: () => { active = key; set(key, Number(slider.value)); } });
    const root = el("div", { class: "q-column", "data-version": key }, button, slider, number);
    return { root, button, slider, number };
  }
  function set(key, value) {
    scores[key] = Math.min(Math.max(Math.round(value / scale.step) * scale.step, scale.low), scale.high);
    show();
  }
  function arrange() { place.replaceChildren(...order.map((key) => columns[key].root)); }
  function sortByScore() {
    const value = (key) => scores[key] ?? -1;
    order = order.slice().sort((one, two) => value(two) - value(one));
    arrange();
    if (active) columns[active].button.focus();
  }
  async function hear(key) {
    active = key === "0" ? active : key;
    all.hear(key);
    if (ready && !all.playing) await toggle();
    show();
  }
  async function toggle() {
    if (!ready) return;
    if (all.playing) all.pause();
    else all.play();
    follow();
  }
  const heardOf = (sound) => Math.max(sound.heard, Math.min(all.listened(sound.key), sound.seconds));
  const missing = () => sounds.reduce((sum, sound) => sum + Math.max(0, sound.need - 0.05 - heardOf(sound)), 0);

  function show() {
    play.textContent = all.playing ? words.pause : words.play;
    seek.max = all.seconds || 1;
    seek.value = all.position;
    time.textContent = all.seconds ? `${clock(all.position)} / ${clock(all.seconds)}` : "";
    element.dataset.heard = all.heard;
    reference.setAttribute("aria-pressed", String(all.heard === "0"));
    for (const [key, { root, button, slider, number }] of Object.entries(columns)) {
      const value = scores[key];
      button.setAttribute("aria-pressed", String(all.heard === key));
      button.classList.toggle("q-heard", sounds[Number(key)] && heardOf(sounds[Number(key)]) >= sounds[Number(key)].need - 0.05);
      slider.value = value ?? scale.low;
      slider.classList.toggle("q-unset", value === undefined);
      number.textContent = value === undefined ? "?" : plain(value);
      root.classList.toggle("q-active", key === active);
    }
    const seconds = Math.ceil(missing());
    const open = now.axes.some((key) => scores[key] === undefined);
    const top = now.axes.some((key) => scores[key] === scale.high);
    if (ready && !busy()) hint.textContent = seconds ? fill(words.listen_both, { seconds }) : open ? words.choose_mushra : top ? words.ready : words.no_top;
    confirm.disabled = !ready || busy() || seconds > 0 || open;
  }
  function follow() {
    show();
    cancelAnimationFrame(drawing);
    if (all.playing && element.isConnected) drawing = requestAnimationFrame(follow);
  }
  async function load() {
    try {
      await Promise.all(sounds.map(async (sound) => {
        const answer = await fetch(`qamro/listen/${encodeURIComponent(sound.audio)}`);
        if (!answer.ok) throw new Error(answer.statusText);
        all.put(sound.key, await all.decode(await answer.arrayBuffer()));
      }));
      ready = true;
      play.disabled = false;
    } catch {
      hint.textContent = words.unplayable;
    }
    if (ready) show();
  }
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input[type=text], textarea")) return;
    const key = event.key.toLowerCase();
    const by = { arrowleft: -STEP, arrowdown: -STEP, arrowright: STEP, arrowup: STEP }[key];
    const pressed = event.target.closest?.("button, summary, a");
    if (pressed && !pressed.matches(".q-version") && ["enter", " "].includes(key)) return;
    let act = { " ": toggle, enter: send, u: takeBack }[key];
    if (key === "0") act = () => hear("0");
    else if (/^[1-9]$/.test(key) && now.axes.includes(key)) act = () => hear(key);
    else if (by && active && event.target.type !== "range") act = () => set(active, (scores[active] ?? (by > 0 ? scale.low - STEP : scale.low + STEP)) + by);
    if (!act) return;
    event.preventDefault();
    act();
  };
  document.addEventListener("keydown", onKey, true);
  arrange();
  show();
  load();
  return { element, leave() { document.removeEventListener("keydown", onKey, true); cancelAnimationFrame(drawing); all.pause(); } };
}
