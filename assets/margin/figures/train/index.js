/** Figure 4: train it. The same clips and the same start for four losses; play, step, scrub, and doubt it on many seeds. */

import { choices, slider, toggle } from "../../controls.js";
import { html, onceAFrame, watchWidth } from "../../draw.js";
import { outcome, runAll } from "../../experiment.js";
import { fixed } from "../../format.js";
import { choice, flag, number } from "../../state.js";
import { LOSSES, STEPS } from "../../training.js";
import { makeAsk } from "../ask.js";
import { knobs } from "../knobs.js";
import { makeCurves } from "./curves.js";
import { makeLines } from "./lines.js";
import { makePlayer } from "./player.js";
import { QUESTIONS } from "./questions.js";
import { makeSeeds } from "./seeds.js";
import { numbers, readings, tell } from "./words.js";

export { QUESTIONS };

export const fields = {
  model: choice("linear", ["free", "linear"]),
  huber: flag(false),
  clips: number(24, 10, 40, 0),
  seed: number(16, 1, 999, 0),
  rate: number(0.05, 0.01, 0.2),
  view: choice("ranks", ["ranks", "scores"]),
  step: number(STEPS, 0, STEPS, 0),
};
const SETTINGS = ["model", "huber", "clips", "seed", "rate", "margin", "alpha", "beta"];

export function mount(root, store) {
  /** @type {import("../../experiment.js").Experiment | undefined} */
  let experiment;
  let width = 0;
  const lines = makeLines();
  const curves = makeCurves();
  const seeds = makeSeeds(root);
  const player = makePlayer(store, () => show());
  const table = html("table", { class: "numbers" });
  const story = html("p", { class: "story" });
  root.append(...makeChoices(store), lines.element, player.element, story, curves.element, table);
  root.append(makeKnobs(store), seeds.element);
  const ask = makeAsk(root, store, QUESTIONS, {
    judge: (question) => question.judge(experiment, seeds.finish),
    keys: SETTINGS,
    left: { step: STEPS },
    cover,
    onOpen: () => show(),
    onAnswer: () => player.play(0),
  });

  /** After other settings: trains anew. */
  function compute() {
    const state = store.get();
    experiment = runAll(state, experiment);
    seeds.prepare(Object.fromEntries(SETTINGS.map((key) => [key, state[key]])));
    redraw();
  }
  /** After another size, view or theme: draws what was trained. */
  function redraw() {
    if (!width || !experiment) return;
    lines.prepare(experiment, store.get().view);
    curves.prepare(experiment);
    show();
  }
  /** After another step: shows what was drawn, up to there. */
  function show() {
    if (!width || !experiment) return;
    const { runs, task, rankY } = experiment;
    const secret = ask.secret();
    const position = secret ? 0 : player.position();
    const step = Math.round(position);
    player.element.inert = secret;
    const ends = Object.fromEntries(LOSSES.map((name) => [name, outcome(runs[name].predictions[step], task.y, rankY)]));
    lines.show(position, readings(ends, step));
    curves.show(position, secret || player.playing());
    story.innerHTML = tell(ends, step);
    table.innerHTML = numbers(ends, step);
  }

  const recompute = onceAFrame(compute);
  const repaint = onceAFrame(redraw);
  watchWidth(root, (w) => {
    width = w;
    for (const part of [lines, curves, seeds]) part.resize(w);
    if (experiment) redraw();
    else compute();
  });
  root.getRootNode().addEventListener("themechange", repaint);
  store.subscribe((_, changed) => {
    if (changed.some((key) => SETTINGS.includes(key))) recompute();
    else if (changed.includes("view")) repaint();
  });
}

function cover(ask) {
  const text = html("p", {}, html("b", {}, "Predict before you look. "));
  text.append("Four questions to vote on; the outcome stays hidden until you have.");
  const first = () => ask(Object.keys(QUESTIONS)[0]);
  return [text, html("button", { type: "button", class: "main", onclick: first }, "Ask the class")];
}

function makeChoices(store) {
  const models = choices(store, {
    key: "model",
    label: "The model is",
    options: [
      ["linear", "a small linear head"],
      ["free", "one free number a clip"],
    ],
  });
  const views = choices(store, {
    key: "view",
    label: "Show",
    options: [
      ["ranks", "ranks"],
      ["scores", "scores"],
    ],
  });
  const huber = toggle(store, { key: "huber", label: "Add a Huber term to the ranking losses, as the paper does" });
  const another = () => store.set({ seed: (store.get().seed % 999) + 1 });
  const seed = html("span", { class: "aside" });
  const name = () => (seed.textContent = `seed ${store.get().seed}`);
  store.subscribe((_, changed) => changed.includes("seed") && name());
  name();
  const dice = html("button", { type: "button", onclick: another }, "Another seed");
  return [
    html("div", { class: "row" }, models, views),
    html("div", { class: "row" }, huber, html("span", { class: "together" }, dice, seed)),
  ];
}

function makeKnobs(store) {
  const clips = slider(store, { key: "clips", label: "Clips", min: 10, max: 40, step: 1 });
  const text = (value) => fixed(value);
  const rate = slider(store, { key: "rate", label: "Step size", min: 0.01, max: 0.2, step: 0.01, text });
  return knobs(store, undefined, clips, rate);
}
