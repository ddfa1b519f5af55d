/**
 * The toy that figure 4 trains: made-up clips, one model, four losses, plain gradient descent with momentum.
 *
 * All losses get the same clips, the same features, the same start and the same step size; nothing is drawn while
 * training. So whatever differs between them is the loss.
 */

import { DEFAULTS, huber, marginRanking, qamro } from "./losses.js";
import { mulberry32, normal } from "./random.js";

export const LOSSES = /** @type {const} */ (["huber", "mr", "plain", "qamro"]);
export const STEPS = 240;
export const MOMENTUM = 0.9;
/** Features of the linear head, and how much noise hides the score in each of them. */
export const FEATURES = 5;
export const NOISE = 1.5;

/**
 * @typedef {{y: Float64Array, start: Float64Array, features: Float64Array[] | null}} Task
 * `y`: human scores. `features`: a row for each clip, or null where the predictions are free numbers. `start`: the
 * first parameters: the predictions themselves, or the head's weights followed by its bias.
 */

/**
 * Draws a task.
 * @param {{clips: number, model: 'free' | 'linear', seed: number}} options
 * @returns {Task}
 */
export function makeTask({ clips, model, seed }) {
  const uniform = mulberry32(seed);
  const y = new Float64Array(clips);
  for (let i = 0; i < clips; i++) {
    do y[i] = 3.1 + 0.85 * normal(uniform);
    while (y[i] < 1 || y[i] > 5);
  }
  if (model === "free") {
    return { y, start: Float64Array.from(y, () => 3 + 0.5 * normal(uniform)), features: null };
  }
  const features = Array.from(y, (score) =>
    Float64Array.from({ length: FEATURES }, () => (score - 3 + NOISE * normal(uniform)) / 2),
  );
  const start = Float64Array.from({ length: FEATURES + 1 }, (_, k) => (k < FEATURES ? 0.4 * normal(uniform) : 3));
  return { y, start, features };
}

/**
 * The model's predictions.
 * @param {Task} task
 * @param {Float64Array} parameters
 */
export function predict({ features }, parameters) {
  if (!features) return Float64Array.from(parameters);
  return Float64Array.from(features, (row) => {
    let sum = parameters[row.length];
    for (let k = 0; k < row.length; k++) sum += parameters[k] * row[k];
    return sum;
  });
}

/** Carries a gradient on the predictions back to the parameters. */
function backward({ features }, gradient) {
  if (!features) return gradient;
  const size = features[0].length;
  const result = new Float64Array(size + 1);
  features.forEach((row, i) => {
    for (let k = 0; k < size; k++) result[k] += gradient[i] * row[k];
    result[size] += gradient[i];
  });
  return result;
}

/**
 * One of the four objectives as a function of predictions and human scores. "plain" is QAMRO without weighting (β = 1).
 * @param {typeof LOSSES[number]} name
 * @param {{margin?: number, alpha?: number, beta?: number, withHuber?: boolean}} [options] `withHuber` adds the Huber
 *   loss to the ranking losses, as in the paper
 * @returns {(p: Float64Array, y: Float64Array) => {value: number, gradient: Float64Array}}
 */
export function objective(
  name,
  { margin = DEFAULTS.margin, alpha = DEFAULTS.alpha, beta = DEFAULTS.beta, withHuber = false } = {},
) {
  if (name === "huber") return huber;
  const ranking = {
    mr: (p, y) => marginRanking(p, y, { margin }),
    plain: (p, y) => qamro(p, y, { alpha, beta: 1 }),
    qamro: (p, y) => qamro(p, y, { alpha, beta }),
  }[name];
  if (!withHuber) return ranking;
  return (p, y) => {
    const [rank, regress] = [ranking(p, y), huber(p, y)];
    return { value: rank.value + regress.value, gradient: rank.gradient.map((g, i) => g + regress.gradient[i]) };
  };
}

/**
 * Trains from the task's start: v ← 0.9 v + gradient, parameters ← parameters − rate · v.
 * @param {Task} task
 * @param {ReturnType<typeof objective>} loss
 * @param {{rate: number, steps?: number}} options
 * @returns {{predictions: Float64Array[], values: Float64Array}} at step 0 … `steps`
 */
export function train(task, loss, { rate, steps = STEPS }) {
  const parameters = Float64Array.from(task.start);
  const velocity = new Float64Array(parameters.length);
  const predictions = [];
  const values = new Float64Array(steps + 1);
  for (let step = 0; ; step++) {
    const p = predict(task, parameters);
    const { value, gradient } = loss(p, task.y);
    predictions.push(p);
    values[step] = value;
    if (step === steps) return { predictions, values };
    const back = backward(task, gradient);
    for (let k = 0; k < parameters.length; k++) {
      velocity[k] = MOMENTUM * velocity[k] + back[k];
      parameters[k] -= rate * velocity[k];
    }
  }
}
