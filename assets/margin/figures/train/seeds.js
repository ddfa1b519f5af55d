/** Under figure 4: the same experiment on a hundred seeds, drawn as they come, so that no one trusts one run. */

import { html, linear, makeBoard } from "../../draw.js";
import { runSeed, SEEDS, weightingEffect } from "../../experiment.js";
import { fixed, percent, signed } from "../../format.js";
import { meanAndError } from "../../metrics.js";
import { LOSSES } from "../../training.js";
import { LOOK } from "../look.js";

const MEASURES = [
  { key: "srcc", label: "SRCC", of: (end) => end.srcc },
  { key: "mse", label: "MSE", of: (end) => end.mse },
  {
    key: "wrongTop",
    label: "out of order at the top",
    of: (end) => end.wrongTop / end.pairsTop,
    text: (v) => percent(v, 1),
  },
];
const BUDGET = 7; // milliseconds a frame
const REST = 250;

/** @param {HTMLElement} figure while it can be seen, the seeds are run */
export function makeSeeds(figure) {
  const strips = MEASURES.map(makeStrip);
  const story = html("p", { class: "story", "aria-live": "polite" });
  const columns = html("div", { class: "strips" }, ...strips.map((strip) => strip.element));
  const note = html("small", {}, "each dot one made-up set of clips; bar: mean and its 95 % interval");
  const count = html("span", {});
  const title = html("h4", {}, `The same on ${SEEDS} seeds`, count, note);
  const element = html("div", { class: "seeds", "data-seeds": 0 }, title, columns, story);
  let [state, ends, running, visible, resting, timer] = [null, [], false, false, false, 0];
  const watch = new IntersectionObserver(
    (entries) => {
      visible = entries.at(-1).isIntersecting;
      run();
    },
    { rootMargin: "300px" },
  );
  watch.observe(figure);

  function run() {
    if (running || !visible || !resting || ends.length >= SEEDS) return;
    running = true;
    requestAnimationFrame(() => {
      running = false;
      if (!resting) return;
      const until = performance.now() + BUDGET;
      while (ends.length < SEEDS && performance.now() < until) ends.push(runSeed(state, ends.length + 1));
      draw();
      run();
    });
  }

  function draw() {
    for (const strip of strips) strip.draw(ends);
    const all = ends.length >= SEEDS;
    count.textContent = all ? "" : `, ${ends.length} so far`;
    if (all) story.innerHTML = tell(ends, state);
    element.dataset.seeds = String(ends.length);
  }

  return {
    element,
    resize(width) {
      const count = width >= 760 ? 3 : 1;
      columns.style.gridTemplateColumns = `repeat(${count}, 1fr)`;
      for (const strip of strips) strip.resize(Math.floor((width - (count - 1) * 22) / count));
      if (ends.length) draw();
    },
    /** Starts over with another state, once the hand that changes it has come to rest. */
    prepare(next) {
      [state, ends, resting] = [next, [], false];
      element.dataset.seeds = "0";
      story.textContent = "";
      clearTimeout(timer);
      timer = setTimeout(() => {
        resting = true;
        run();
      }, REST);
    },
    /** Runs at once what is missing, and gives the ends of all seeds. */
    finish() {
      while (ends.length < SEEDS) ends.push(runSeed(state, ends.length + 1));
      draw();
      return ends;
    },
  };
}

function makeStrip({ key, label, of, text = (v) => fixed(v, 3) }) {
  const board = makeBoard({ role: "img", "aria-label": label, height: 178 });
  const layer = board.layer();

  function draw(ends) {
    const values = Object.fromEntries(LOSSES.map((name) => [name, ends.map((end) => of(end[name]))]));
    const all = Object.values(values).flat().filter(Number.isFinite);
    const room = Math.max(0, 1e-3 - (Math.max(...all) - Math.min(...all)));
    const x = linear(Math.min(...all) - room, Math.max(...all) + room, 10, board.width - 70);
    layer.begin();
    layer.text("label", "label", 0, 14, label);
    const means = LOSSES.map((name, k) => {
      const y = 42 + k * 32;
      const { mean, error } = meanAndError(values[name]);
      layer.rect(`lane ${name}`, "ground", 0, y - 12, board.width - 60, 24);
      values[name].forEach((value, seed) => layer.circle(`${name} ${seed}`, `speck ${name}`, x(value), y, 3));
      if (ends.length > 1) layer.line(`interval ${name}`, "interval", x(mean - 1.96 * error), y, x(mean + 1.96 * error), y);
      layer.line(`mean ${name}`, "interval", x(mean), y - 9, x(mean), y + 9);
      layer.put(
        `text ${name}`,
        "text",
        { class: `reading small ${name}`, x: board.width - 54, y: y + 5, "data-value": `${name} seeds ${key}` },
        text(mean),
      );
      return `${LOOK[name].name} ${text(mean)}`;
    });
    layer.end();
    board.element.setAttribute("aria-label", `${label}, mean over ${ends.length} seeds: ${means.join(", ")}`);
  }

  return { element: html("div", {}, board.element), resize: (width) => board.resize(width), draw };
}

function tell(ends, { beta }) {
  if (beta === 1) return "With <i>β</i> = 1 QAMRO and QAMRO without weighting are the same loss.";
  const { all, top } = weightingEffect(ends);
  const points = ({ mean, low, high }) => {
    const verdict = high < 0 ? "fewer" : low > 0 ? "more" : "no clear change";
    return `${signed(100 * mean)} points (95 % interval ${signed(100 * low)} to ${signed(100 * high)}), ${verdict}`;
  };
  const { error } = meanAndError(ends.map((end) => end.qamro.wrongTop / end.qamro.pairsTop));
  const spread = fixed(100 * error * Math.sqrt(ends.length), 1);
  return (
    `What does the weighting change, seed by seed? Pairs out of order at the top: ${points(top)}. ` +
    `Among all pairs: ${points(all)}. From seed to seed, the share at the top itself varies by ${spread} points ` +
    "(standard deviation)."
  );
}
