/** Runs the four losses side by side, on one seed for the curves and on many for the doubt. Pure: state in, numbers out. */

import { mse, pairedDifference, pearson, ranks, top1, wrongAtTop, wrongPairs } from "./metrics.js";
import { LOSSES, makeTask, objective, STEPS, train } from "./training.js";

/** Seeds over which figure 4 repeats itself. */
export const SEEDS = 100;

/**
 * What a set of predictions is worth.
 * @param {Float64Array} p
 * @param {Float64Array} y
 * @param {Float64Array} [rankY] the ranks of y, where they are known already
 */
export function outcome(p, y, rankY = ranks(y)) {
  const top = wrongAtTop(p, y);
  const pairs = (y.length * (y.length - 1)) / 2;
  return {
    srcc: pearson(ranks(p), rankY),
    mse: mse(p, y),
    top1: top1(p, y),
    wrong: wrongPairs(p, y),
    pairs,
    wrongTop: top.wrong,
    pairsTop: top.pairs,
  };
}

/** @typedef {{task: import('./training.js').Task, rankY: Float64Array, runs: Record<string, any>}} Experiment */

/** What a run depends on, for each loss, beside the task itself. */
const MATTERS = { huber: [], mr: ["huber", "margin"], plain: ["huber", "alpha"], qamro: ["huber", "alpha", "beta"] };

/**
 * Trains with all four losses from the same start.
 * @param {{clips: number, model: 'free' | 'linear', seed: number, huber: boolean, rate: number, margin: number,
 *   alpha: number, beta: number}} state
 * @param {Experiment} [previous] an earlier answer; what cannot have changed since is taken from it
 * @returns {Experiment}
 */
export function runAll(state, previous) {
  const task = makeTask(state);
  const rankY = ranks(task.y);
  const runs = {};
  for (const name of LOSSES) {
    const key = ["clips", "model", "seed", "rate", ...MATTERS[name]].map((setting) => state[setting]).join();
    const known = previous?.runs[name];
    runs[name] = known?.key === key ? known : { key, ...followed(task, rankY, name, state) };
  }
  return { task, rankY, runs };
}

/** One training with its curves. */
function followed(task, rankY, name, state) {
  const { predictions, values } = train(task, objective(name, { ...state, withHuber: state.huber }), state);
  return {
    predictions,
    values,
    srcc: predictions.map((p) => pearson(ranks(p), rankY)),
    mse: predictions.map((p) => mse(p, task.y)),
    top1: predictions.map((p) => top1(p, task.y)),
  };
}

/**
 * Trains with all four losses on another seed and keeps only how it ended.
 * @param {Parameters<typeof runAll>[0]} state
 * @param {number} seed
 */
export function runSeed(state, seed) {
  const task = makeTask({ ...state, seed });
  const ends = {};
  for (const name of LOSSES) {
    const { predictions } = train(task, objective(name, { ...state, withHuber: state.huber }), state);
    ends[name] = outcome(predictions[STEPS], task.y);
  }
  return ends;
}

/**
 * What the weighting changes, seed by seed: QAMRO against QAMRO without weighting.
 * @param {ReturnType<typeof runSeed>[]} ends
 * @returns share of pairs out of order among `all` pairs, and among those at the `top`: mean difference and its interval
 */
export function weightingEffect(ends) {
  const share = (wrong, pairs) => (name) => ends.map((end) => end[name][wrong] / end[name][pairs]);
  const [all, top] = [share("wrong", "pairs"), share("wrongTop", "pairsTop")];
  return { all: pairedDifference(all("qamro"), all("plain")), top: pairedDifference(top("qamro"), top("plain")) };
}
