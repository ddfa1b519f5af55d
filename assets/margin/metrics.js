/** Agreement between predictions p and human scores y: the numbers under the curves, as pure functions. */

/**
 * Ranks from 1 (lowest) to N; equal values share their mean rank.
 * @param {ArrayLike<number>} values
 * @returns {Float64Array}
 */
export function ranks(values) {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const result = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let stop = start + 1;
    while (stop < order.length && values[order[stop]] === values[order[start]]) stop++;
    for (let k = start; k < stop; k++) result[order[k]] = (start + stop + 1) / 2;
    start = stop;
  }
  return result;
}

/**
 * Pearson's correlation (LCC); NaN when either side is constant.
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
export function pearson(a, b) {
  const n = a.length;
  let [meanA, meanB] = [0, 0];
  for (let i = 0; i < n; i++) {
    meanA += a[i] / n;
    meanB += b[i] / n;
  }
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    ab += (a[i] - meanA) * (b[i] - meanB);
    aa += (a[i] - meanA) ** 2;
    bb += (b[i] - meanB) ** 2;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : NaN;
}

/**
 * Spearman's rank correlation (SRCC); NaN when either side is constant.
 * @param {ArrayLike<number>} p
 * @param {ArrayLike<number>} y
 */
export function spearman(p, y) {
  return pearson(ranks(p), ranks(y));
}

/**
 * Mean squared error.
 * @param {ArrayLike<number>} p
 * @param {ArrayLike<number>} y
 */
export function mse(p, y) {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += (p[i] - y[i]) ** 2;
  return sum / p.length;
}

/**
 * Index of the largest value; the first one where several are largest.
 * @param {ArrayLike<number>} values
 */
export function best(values) {
  let index = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[index]) index = i;
  return index;
}

/**
 * Whether the clip with the highest prediction is one that people rated highest.
 * @param {ArrayLike<number>} p
 * @param {ArrayLike<number>} y
 */
export function top1(p, y) {
  return y[best(p)] === y[best(y)];
}

/**
 * Pairs with different y that the predictions do not put in the right order (level counts as not right).
 * @param {ArrayLike<number>} p
 * @param {ArrayLike<number>} y
 */
export function wrongPairs(p, y) {
  let wrong = 0;
  for (let i = 0; i < y.length; i++) {
    for (let j = i + 1; j < y.length; j++) if (y[i] !== y[j] && (y[i] - y[j]) * (p[i] - p[j]) <= 0) wrong += 1;
  }
  return wrong;
}

/**
 * The same among the pairs whose better clip is in the best quarter: what the weighting cares about most.
 * @param {ArrayLike<number>} p
 * @param {ArrayLike<number>} y
 * @returns {{wrong: number, pairs: number}}
 */
export function wrongAtTop(p, y) {
  const last = Float64Array.from(y).sort().reverse()[Math.ceil(y.length / 4) - 1];
  let [wrong, pairs] = [0, 0];
  for (let i = 0; i < y.length; i++) {
    if (y[i] < last) continue;
    for (let j = 0; j < y.length; j++) {
      if (y[j] >= y[i]) continue;
      pairs += 1;
      if (p[i] <= p[j]) wrong += 1;
    }
  }
  return { wrong, pairs };
}

/**
 * Mean of the differences a − b with its 95 % interval (normal approximation).
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
export function pairedDifference(a, b) {
  const n = a.length;
  const differences = Float64Array.from({ length: n }, (_, i) => a[i] - b[i]);
  const { mean, error } = meanAndError(differences);
  return { mean, low: mean - 1.96 * error, high: mean + 1.96 * error };
}

/**
 * Mean and standard error of the mean.
 * @param {ArrayLike<number>} values
 */
export function meanAndError(values) {
  const n = values.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i] / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - mean) ** 2;
  return { mean, error: n > 1 ? Math.sqrt(squares / (n - 1) / n) : NaN };
}
