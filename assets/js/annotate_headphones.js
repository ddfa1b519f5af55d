// The test that only headphones pass: three tones of 200 Hz, one quieter, one in antiphase; which is the quietest?
// The server draws the orders and checks the answers; see qamro/studies/listening/headphones.py.
import { el, fill } from "./dom.js";

const HERTZ = 200;
const SECONDS = 1;
const RAMP = 0.1;
const REST = 0.5;
const LOUD = 0.25;
const QUIETER = 10 ** (-6 / 20);

/** The three tones of a trial in one buffer; in antiphase the right channel is turned round. */
export function tones(context, order) {
  const rate = context.sampleRate;
  const buffer = context.createBuffer(2, Math.round((3 * SECONDS + 2 * REST) * rate), rate);
  order.forEach((kind, place) => {
    const from = Math.round(place * (SECONDS + REST) * rate);
    for (let i = 0; i < SECONDS * rate; i += 1) {
      const t = i / rate;
      const edge = Math.min(1, t / RAMP, (SECONDS - t) / RAMP);
      const value = LOUD * (kind === "quiet" ? QUIETER : 1) * edge * Math.sin(2 * Math.PI * HERTZ * t);
      buffer.getChannelData(0)[from + i] = value;
      buffer.getChannelData(1)[from + i] = kind === "antiphase" ? -value : value;
    }
  });
  return buffer;
}

export function headphones({ words, state, done }) {
  const context = new AudioContext();
  const answers = [];
  let source = null;
  const count = el("span", { class: "q-count" });
  const choices = [words.first, words.second, words.third].map((text, place) =>
    el("button", { type: "button", class: "q-choice", disabled: true, "data-value": place, onclick: () => answer(place) }, text));
  const start = el("button", { type: "button", class: "q-button q-strong", "data-testid": "tones", onclick: () => play() }, words.headphones_play);
  const element = el("section", { class: "q-card-like q-narrow q-tones" }, el("h2", {}, words.headphones),
    el("p", {}, state.tries ? words.headphones_again : words.headphones_note), count,
    el("div", { class: "q-row" }, start), el("p", { class: "q-question" }, words.headphones_question), el("div", { class: "q-choices" }, choices));

  function show() { count.textContent = fill(words.progress, { at: answers.length + 1, total: state.trials.length }); }
  function play() {
    context.resume();
    stop();
    for (const choice of choices) choice.disabled = true;
    source = context.createBufferSource();
    source.buffer = tones(context, state.trials[answers.length]);
    source.connect(context.destination);
    source.onended = () => { for (const choice of choices) choice.disabled = false; };
    source.start();
  }
  function stop() {
    if (!source) return;
    source.onended = null; // what is broken off was not heard to its end
    source.stop();
  }
  async function answer(place) {
    answers.push(place);
    for (const choice of choices) choice.disabled = true;
    if (answers.length < state.trials.length) { show(); play(); return; }
    start.disabled = true;
    await done(answers);
  }
  show();
  return { element, leave() { stop(); context.close(); } };
}
