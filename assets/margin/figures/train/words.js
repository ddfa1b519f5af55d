/** Figure 4 in words and in numbers. */

import { fixed } from "../../format.js";
import { LOSSES } from "../../training.js";
import { LOOK, mark } from "../look.js";
import { table } from "../table.js";

/** What stands above each panel, and what a screen reader says about it. */
export function readings(ends, step) {
  const read = ({ srcc, mse, wrong, pairs }) => ({
    short: `SRCC ${fixed(srcc, 3)}`,
    long: `after step ${step}, ${wrong} of ${pairs} pairs are out of order, SRCC ${fixed(srcc, 3)}, MSE ${fixed(mse, 3)}`,
  });
  return Object.fromEntries(LOSSES.map((name) => [name, read(ends[name])]));
}

/** The same in a sentence that everybody sees. */
export function tell(ends, step) {
  const word = (name) => `<b class="${name}">${LOOK[name].name}</b>`;
  const { srcc, wrong, pairs } = ends.qamro;
  const values = LOSSES.map((name) => fixed(ends[name].srcc, 3));
  const most = fixed(Math.max(...LOSSES.map((name) => ends[name].srcc)), 3);
  const best = LOSSES.filter((_, k) => values[k] === most).map(word);
  return (
    `${word("qamro")}: after step ${step}, ${wrong} of ${pairs} pairs are out of order, SRCC ${fixed(srcc, 3)}. ` +
    `Highest SRCC of the four: ${best.join(", ")}, ${most}.`
  );
}

export function numbers(ends, step) {
  const { pairs, pairsTop } = ends.huber;
  const sign = (name) =>
    `<svg width="16" height="14" aria-hidden="true"><path class="dot ${name}" d="${mark(name, 8, 7, 4.5)}"/></svg>`;
  const rows = LOSSES.map((name) => {
    const { srcc, mse, top1, wrong, wrongTop } = ends[name];
    const cells = { srcc: fixed(srcc, 3), mse: fixed(mse, 3), top1: top1 ? "yes" : "no", wrong, wrongTop };
    return { key: name, title: `${sign(name)} ${LOOK[name].name}`, cells };
  });
  const head = ["SRCC", "MSE", "best clip found", `out of order, of ${pairs} pairs`, `at the top, of ${pairsTop}`];
  return table([`step ${step}`, ...head], rows);
}
