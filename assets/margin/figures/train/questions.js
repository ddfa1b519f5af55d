/** Predict before you look: questions for a class. What is right is worked out from the run itself, never written down. */

import { weightingEffect } from "../../experiment.js";
import { fixed, signed } from "../../format.js";
import { LOSSES, STEPS } from "../../training.js";
import { LOOK } from "../look.js";

const FRESH = { clips: 24, seed: 16, rate: 0.05, margin: 0.1, alpha: 0.2, beta: 7, huber: false, view: "ranks", step: 0 };
const average = (values) => values.reduce((sum, value) => sum + value / values.length, 0);
const atTheEnd = (runs, key) => Object.fromEntries(LOSSES.map((name) => [name, runs[name][key][STEPS]]));
const list = (values) => LOSSES.map((name) => `${LOOK[name].name} ${fixed(values[name], 3)}`).join(", ");

/**
 * Each question sets the experiment up, offers answers, and judges the finished run.
 * @type {Record<string, {setup: object, text: string, options: [string, string][],
 *   judge: (experiment: any, finish: () => any[]) => {right: string, because: string}}>}
 * `judge` gets the run and a way to the ends of all seeds; it returns the right option and the numbers behind it
 */
export const QUESTIONS = {
  scores: {
    setup: { ...FRESH, model: "free", view: "scores" },
    text:
      "Every clip has one free number as its prediction, so anything can be learned. All four losses start from the " +
      "same guesses. Which one ends with the most accurate scores, the lowest MSE?",
    options: LOSSES.map((name) => [name, LOOK[name].name]),
    judge({ runs }) {
      const ends = atTheEnd(runs, "mse");
      return {
        right: LOSSES.reduce((a, b) => (ends[b] < ends[a] ? b : a)),
        because:
          `MSE at the end: ${list(ends)}. A ranking loss stops caring once the order is right by its margin; ` +
          "where on the scale that happens is not its business.",
      };
    },
  },
  order: {
    setup: { ...FRESH, model: "free" },
    text: "Same again. Which losses end with the order right, at an SRCC of 0.99 or more?",
    options: [
      ["all", "all four"],
      ["ranking", "the three ranking losses, not Huber"],
      ["huber", "Huber only"],
      ["other", "some other set"],
    ],
    judge({ runs }) {
      const ends = atTheEnd(runs, "srcc");
      const good = LOSSES.filter((name) => ends[name] >= 0.99).join();
      const sets = { "huber,mr,plain,qamro": "all", "mr,plain,qamro": "ranking", huber: "huber" };
      return {
        right: sets[good] ?? "other",
        because:
          `SRCC at the end: ${list(ends)}. When a model can do everything, the loss decides how fast it gets there, ` +
          "and little else.",
      };
    },
  },
  mean: {
    setup: { ...FRESH, model: "free", view: "scores" },
    text: "Look at MR alone. The guesses start with some average. Where is the average of the predictions after training?",
    options: [
      ["start", "exactly where it started"],
      ["human", "at the average human score"],
      ["elsewhere", "somewhere else"],
    ],
    judge({ task, runs }) {
      const [before, after, human] = [runs.mr.predictions[0], runs.mr.predictions[STEPS], task.y].map(average);
      const right = Math.abs(after - before) < 1e-6 ? "start" : Math.abs(after - human) < 0.01 ? "human" : "elsewhere";
      return {
        right,
        because:
          `Average before ${fixed(before, 3)}, after ${fixed(after, 3)}; people: ${fixed(human, 3)}. ` +
          "Every pair pushes one clip up exactly as hard as it pushes the other down.",
      };
    },
  },
  top: {
    setup: { ...FRESH, model: "linear" },
    text:
      "Now the model is a small linear head that cannot get every pair right. Over a hundred seeds, and against QAMRO " +
      "without weighting: what does the weighting buy with β = 7?",
    options: [
      ["top", "fewer mistakes at the top, no fewer overall"],
      ["both", "fewer mistakes at the top and overall"],
      ["all", "fewer overall, not at the top"],
      ["none", "nothing that can be told from noise"],
    ],
    judge(_, finish) {
      const { all, top } = weightingEffect(finish());
      const points = ({ mean, low, high }) =>
        `${signed(100 * mean)} points (${signed(100 * low)} to ${signed(100 * high)})`;
      const [less, lessTop] = [all.high < 0, top.high < 0];
      return {
        right: lessTop ? (less ? "both" : "top") : less ? "all" : "none",
        because:
          `Pairs out of order at the top: ${points(top)}; among all pairs: ${points(all)}; 95 % intervals over seeds. ` +
          "A weight does not make a model better. It says which mistakes to make.",
      };
    },
  },
};
