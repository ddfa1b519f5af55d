/**
 * Who matters: how the weight of all pairs is spread over the clips of a study.
 *
 * Every pair in P carries the weight q of its better clip, and is counted to that clip. A clip's weight is therefore
 * q times the number of clips that people rated lower. This is the weight before anything is learned: it says how much
 * each clip could pull, not how much it pulls at a given step, when some pairs are content.
 */

import { normalise, weight } from "./losses.js";

/**
 * How the total weight is spread, best clip first.
 * @param {ArrayLike<number>} y
 * @param {number} beta
 * @param {readonly [number, number] | null} [scale] as in `normalise`
 * @returns {{weights: Float64Array, total: number, pairs: number, meanWeight: number}} `weights` of the clips from the
 *   highest y to the lowest; `meanWeight` is the mean q over pairs
 */
export function spread(y, beta, scale = null) {
  const sorted = Float64Array.from(y).sort().reverse();
  const unit = normalise(sorted, scale);
  const weights = new Float64Array(sorted.length);
  let [total, pairs] = [0, 0];
  for (let i = sorted.length - 1, lower = 0; i >= 0; i--) {
    if (i + 1 < sorted.length && sorted[i + 1] < sorted[i]) lower = sorted.length - 1 - i;
    weights[i] = weight(unit[i], beta) * lower;
    total += weights[i];
    pairs += lower;
  }
  return { weights, total, pairs, meanWeight: pairs ? total / pairs : NaN };
}

/**
 * The share of the total weight that the best `part` of the clips gets. A clip that lies across the boundary counts in
 * part; tied clips have equal weights, so their order does not matter. NaN where there is no pair.
 * @param {ArrayLike<number>} y
 * @param {number} beta
 * @param {readonly [number, number] | null} [scale]
 * @param {number} [part] 0.25 is the top quarter
 */
export function shareOfTop(y, beta, scale = null, part = 0.25) {
  const { weights, total } = spread(y, beta, scale);
  let left = part * weights.length;
  let sum = 0;
  for (let i = 0; i < weights.length && left > 0; i++, left -= 1) sum += Math.min(1, left) * weights[i];
  return total > 0 ? sum / total : NaN;
}

/**
 * What the share comes to when β grows without end: q is then as good as proportional to ỹ.
 * @param {ArrayLike<number>} y
 * @param {readonly [number, number] | null} [scale]
 * @param {number} [part]
 */
export function shareLimit(y, scale = null, part = 0.25) {
  return shareOfTop(y, 1e12, scale, part);
}
