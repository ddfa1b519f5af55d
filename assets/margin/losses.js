/**
 * The losses of the page, as pure functions: value and gradient, nothing else.
 *
 * y are human scores (MOS), p are predictions (ŷ). P is the set of unordered pairs with different y; "better" is the
 * clip of a pair with the higher y. These are the same equations as in the Python package `qamro.losses`; tests hold
 * the two against each other to 1e-9.
 */

/** Defaults of the paper (alpha, beta) and of the plain margin ranking loss. */
export const DEFAULTS = Object.freeze({ margin: 0.1, alpha: 0.2, beta: 7 });

/**
 * Scores mapped to 0…1: by their own minimum and maximum, or by a scale's ends; a score outside the scale counts as its
 * nearest end. A batch of equal scores maps to 0.
 * @param {ArrayLike<number>} y
 * @param {readonly [number, number] | null} [scale] ends of the scale; null means the batch's own minimum and maximum
 * @returns {Float64Array}
 */
export function normalise(y, scale = null) {
  let [low, high] = scale ?? [Infinity, -Infinity];
  if (!scale) {
    for (let i = 0; i < y.length; i++) {
      if (y[i] < low) low = y[i];
      if (y[i] > high) high = y[i];
    }
  }
  const unit = new Float64Array(y.length);
  if (high > low) for (let i = 0; i < y.length; i++) unit[i] = Math.min(1, Math.max(0, (y[i] - low) / (high - low)));
  return unit;
}

/**
 * Weight of a pair whose better clip has the normalised score `unit` (Eq. 3): q = 1 + (β − 1) ỹ.
 * @param {number} unit
 * @param {number} beta
 */
export function weight(unit, beta) {
  return 1 + (beta - 1) * unit;
}

/**
 * One pair's hinge: what is asked, what is missing, what it costs.
 * @param {number} ahead how far the prediction puts the better clip ahead: sign(y_i − y_j)(p_i − p_j)
 * @param {number} margin how far it should be ahead
 * @param {number} q the pair's weight
 * @returns {{missing: number, loss: number, push: number}} `push` is the size of the gradient on either prediction;
 *   the better clip's gradient is −push, the other's +push
 */
export function hinge(ahead, margin, q = 1) {
  const missing = margin - ahead;
  return missing > 0 ? { missing, loss: q * missing, push: q } : { missing: 0, loss: 0, push: 0 };
}

/**
 * The mean hinge over all pairs in P, with its gradient. A pair's margin is `margin` + `alpha` · |y_i − y_j|; its weight
 * is that of its better clip. The hinge stands here in the open, not as a call of `hinge`: figure 4 comes through here
 * a million times whenever a slider moves.
 * @param {ArrayLike<number>} p
 * @param {ArrayLike<number>} y
 * @param {{margin?: number, alpha?: number, weights?: Float64Array | null}} form
 * @returns {{value: number, gradient: Float64Array, pairs: number, active: number}} `active`: pairs that ask for more
 */
function pairwise(p, y, { margin = 0, alpha = 0, weights = null }) {
  const gradient = new Float64Array(p.length);
  let [sum, pairs, active] = [0, 0, 0];
  for (let i = 0; i < y.length; i++) {
    for (let j = i + 1; j < y.length; j++) {
      if (y[i] === y[j]) continue;
      const better = y[i] > y[j] ? i : j;
      const other = i + j - better;
      pairs += 1;
      const missing = margin + alpha * (y[better] - y[other]) - (p[better] - p[other]);
      if (!(missing > 0)) continue;
      const q = weights ? weights[better] : 1;
      active += 1;
      sum += q * missing;
      gradient[better] -= q;
      gradient[other] += q;
    }
  }
  const count = Math.max(pairs, 1);
  for (let i = 0; i < gradient.length; i++) gradient[i] /= count;
  return { value: sum / count, gradient, pairs, active };
}

/**
 * Margin ranking loss (Eq. 1): every pair in P shall be right by the same margin.
 * @param {ArrayLike<number>} p
 * @param {ArrayLike<number>} y
 * @param {{margin?: number}} [options]
 */
export function marginRanking(p, y, { margin = DEFAULTS.margin } = {}) {
  return pairwise(p, y, { margin });
}

/**
 * QAMRO (Eq. 2 and 3): the margin is α|y_i − y_j|, the weight 1 + (β − 1) max(ỹ_i, ỹ_j). β = 1 is QAMRO without
 * weighting.
 * @param {ArrayLike<number>} p
 * @param {ArrayLike<number>} y
 * @param {{alpha?: number, beta?: number, scale?: readonly [number, number] | null}} [options]
 */
export function qamro(p, y, { alpha = DEFAULTS.alpha, beta = DEFAULTS.beta, scale = null } = {}) {
  return pairwise(p, y, { alpha, weights: normalise(y, scale).map((unit) => weight(unit, beta)) });
}

/**
 * Huber loss, mean over clips: quadratic within `delta` of the human score, linear beyond.
 * @param {ArrayLike<number>} p
 * @param {ArrayLike<number>} y
 * @param {{delta?: number}} [options]
 */
export function huber(p, y, { delta = 1 } = {}) {
  const n = Math.max(p.length, 1);
  const gradient = new Float64Array(p.length);
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const error = p[i] - y[i];
    const size = Math.abs(error);
    sum += size <= delta ? 0.5 * error * error : delta * (size - 0.5 * delta);
    gradient[i] = (size <= delta ? error : delta * Math.sign(error)) / n;
  }
  return { value: sum / n, gradient };
}
