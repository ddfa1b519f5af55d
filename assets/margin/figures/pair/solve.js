/** What figure 1 shows, from its state alone. */

import { hinge, normalise, weight } from "../../losses.js";

export const SCALE = /** @type {[number, number]} */ ([1, 5]);
export const NAMES = ["A", "B"];

/**
 * @param {{pair: number[], margin: number, alpha: number, beta: number}} state `pair`: y of A and B, ŷ of A and B
 * @returns `better`: index of the clip that people prefer; `ahead`: how far the model puts it ahead; `terms`: margin,
 *   weight q, what is missing, loss and push of either loss; `gradient(push)`: the gradient on both predictions
 */
export function solve({ pair: [yA, yB, pA, pB], margin, alpha, beta }) {
  const better = yA > yB ? 0 : 1;
  const gap = Math.abs(yA - yB);
  const ahead = better === 0 ? pA - pB : pB - pA;
  const q = weight(normalise([yA, yB], SCALE)[better], beta);
  const terms = {
    mr: { margin, q: 1, ...hinge(ahead, margin) },
    qamro: { margin: alpha * gap, q, ...hinge(ahead, alpha * gap, q) },
  };
  const gradient = (push) => [0, 1].map((i) => (i === better ? 0 - push : push));
  return { tied: gap === 0, gap, better, ahead, y: [yA, yB], p: [pA, pB], terms, gradient };
}
