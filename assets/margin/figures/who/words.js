/** Figure 3 in words and in numbers. */

import { fixed, percent } from "../../format.js";
import { table } from "../table.js";

export function tell({ kind }, { share, plain, limit, meanWeight }, { beta }) {
  const start =
    `In this ${kind} study the best quarter of the clips is the better one in ${percent(plain, 1)} of all pairs, ` +
    "so that is its share if every pair counts once.";
  if (beta === 1) {
    return `${start} With <i>β</i> = 1 nothing is weighted: this is <b class="plain">QAMRO without weighting</b>.`;
  }
  const part = percent((share - plain) / (limit - plain));
  return (
    `${start} With <i>β</i> = ${fixed(beta, 1)} it gets <b class="qamro">${percent(share, 1)}</b>: ${part} of all that ` +
    `any <i>β</i> could add. Meanwhile the average pair has come to weigh ${fixed(meanWeight, 1)}: <i>β</i> also turns ` +
    "up the volume of the whole loss, against a Huber term beside it or for the same step size."
  );
}

export function numbers({ share, plain, limit, meanWeight, pairs }, { beta }) {
  const row = (key, title, value, q) => ({
    key,
    title,
    cells: { share: percent(value, 2), q, pairs: pairs.toLocaleString("en") },
  });
  return table(
    ["", "share of the best quarter", "mean <i>q</i>", "pairs"],
    [
      row("plain", "β = 1", plain, fixed(1, 3)),
      row("qamro", `β = ${fixed(beta, 1)}`, share, fixed(meanWeight, 3)),
      row("limit", "β without end", limit, "∞"),
    ],
  );
}

const SHARES = { low: 0.3, some: 0.45, half: 0.6, most: Infinity };

export const QUESTIONS = {
  share: {
    text: "What share of the total weight does the best quarter of the clips get?",
    options: [
      ["low", "up to 30 %"],
      ["some", "30 to 45 %"],
      ["half", "45 to 60 %"],
      ["most", "more than 60 %"],
    ],
    judge: (study, seen, state) => ({
      right: Object.keys(SHARES).find((key) => seen.share <= SHARES[key]) ?? "most",
      because: tell(study, seen, state),
    }),
  },
};
