/** How the four losses look everywhere: name, colour and line style (a class), and a mark of their own. */

export const LOOK = {
  huber: { name: "Huber", note: "no ranking at all" },
  mr: { name: "MR", note: "fixed margin" },
  plain: { name: "w/o weighting", note: "β = 1" },
  qamro: { name: "QAMRO", note: "margin and weight" },
};

/** Diamond, triangle, square, disc around (x, y). */
export function mark(name, x, y, r = 4.5) {
  if (name === "huber") return `M${x} ${y - 1.3 * r}L${x + 1.3 * r} ${y}L${x} ${y + 1.3 * r}L${x - 1.3 * r} ${y}Z`;
  if (name === "mr") return `M${x} ${y - 1.2 * r}L${x + 1.2 * r} ${y + 0.9 * r}H${x - 1.2 * r}Z`;
  if (name === "plain") return `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`;
  return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
}

/** Time is stretched at the start, where most happens: the place of a step on an axis from 0 to 1. */
export const place = (step, steps) => Math.sqrt(step / steps);
