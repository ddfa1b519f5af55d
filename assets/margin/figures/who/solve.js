/** What figure 3 shows, from a study's scores and its state. */

import { shareLimit, shareOfTop, spread } from "../../shares.js";

export const MOST = 15;
const BETAS = Array.from({ length: 57 }, (_, k) => 1 + k / 4);

/**
 * @param {{low: number, high: number, scores: number[]}} study
 * @param {{unit3: string, beta: number}} state
 * @returns `share` of the best quarter now, `plain` without weighting, its `limit` for β without end, its `curve` over
 *   β; `meanWeight` of the pairs, and how many `pairs` there are
 */
export function solve({ low, high, scores }, { unit3, beta }) {
  const scale = unit3 === "scale" ? /** @type {[number, number]} */ ([low, high]) : null;
  const { meanWeight, pairs } = spread(scores, beta, scale);
  return {
    scale,
    pairs,
    meanWeight,
    share: shareOfTop(scores, beta, scale),
    plain: shareOfTop(scores, 1, scale),
    limit: shareLimit(scores, scale),
    curve: BETAS.map((b) => [b, shareOfTop(scores, b, scale)]),
  };
}

/** Counts scores in bins, apart for the best quarter; the clip across the boundary counts in part for either. */
export function histogram(scores, low, high, count) {
  const bins = Array.from({ length: count }, (_, k) => ({ from: low + ((high - low) * k) / count, top: 0, rest: 0 }));
  const sorted = [...scores].sort((a, b) => b - a);
  sorted.forEach((score, k) => {
    const place = Math.floor((count * (score - low)) / (high - low) + 1e-9);
    const bin = bins[Math.min(count - 1, Math.max(0, place))];
    const part = Math.min(1, Math.max(0, sorted.length / 4 - k));
    bin.top += part;
    bin.rest += 1 - part;
  });
  return bins;
}
