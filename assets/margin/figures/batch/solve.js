/** The twelve made-up clips of figure 2, and what either loss asks of each of their pairs. */

import { hinge, marginRanking, normalise, qamro, weight } from "../../losses.js";
import { wrongPairs } from "../../metrics.js";

export const NAMES = [..."ABCDEFGHIJKL"];
/**
 * Human scores, from the best clip to the worst; D and E are tied. The three at the top lie as far apart, and as far
 * from their neighbours, as the three at the bottom: so that a swap costs the same where nothing is weighted.
 */
export const HUMAN = [4.7, 4.4, 4.1, 3.6, 3.6, 3.3, 3, 2.8, 2.5, 2, 1.7, 1.4];

const drawnIn = (part) => HUMAN.map((y) => Math.round(100 * (3 + part * (y - 3))) / 100);
const half = drawnIn(0.5);
const swapped = (i, j) => half.with(i, half[j]).with(j, half[i]);

/** Predictions to start from, by the text of their button. */
export const PRESETS = {
  "A cautious model": [3.4, 3.55, 3.3, 3.35, 3.1, 3.2, 2.9, 3.05, 2.95, 2.6, 2.75, 2.55],
  "Right but squeezed": drawnIn(0.1),
  "One swap at the top": swapped(0, 2),
  "One swap at the bottom": swapped(9, 11),
};

/**
 * @param {{batch: number[], unit: string, margin: number, alpha: number, beta: number}} state
 * @returns `pairs`: for i the better and j the other clip, the human difference dy, the predicted difference dp, the
 *   weight q, and both hinges; `tied`: pairs that drop out; `wrong`: pairs out of order; `mr`, `qamro`: the losses
 */
export function solve({ batch: p, unit, margin, alpha, beta }) {
  const scale = unit === "scale" ? /** @type {[number, number]} */ ([1, 5]) : null;
  const units = normalise(HUMAN, scale);
  const pairs = [];
  let tied = 0;
  for (let i = 0; i < HUMAN.length; i++) {
    for (let j = i + 1; j < HUMAN.length; j++) {
      const [dy, dp, q] = [HUMAN[i] - HUMAN[j], p[i] - p[j], weight(units[i], beta)];
      if (dy === 0) tied += 1;
      else pairs.push({ i, j, dy, dp, q, mr: hinge(dp, margin), qamro: hinge(dp, alpha * dy, q) });
    }
  }
  return {
    pairs,
    tied,
    wrong: wrongPairs(p, HUMAN),
    mr: marginRanking(p, HUMAN, { margin }),
    qamro: qamro(p, HUMAN, { alpha, beta, scale }),
  };
}

/** Who asks more of a pair: "both", "mr", "qamro" or "none". */
export const asks = ({ mr, qamro: ours }) => (mr.push ? (ours.push ? "both" : "mr") : ours.push ? "qamro" : "none");
