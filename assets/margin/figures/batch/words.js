/** Figure 2 in words and in numbers: of one pair, of one clip, or of the batch. */

import { fixed } from "../../format.js";
import { named, table } from "../table.js";
import { asks, HUMAN, NAMES } from "./solve.js";

export function tell(seen, state, pair, clip) {
  if (pair) return tellPair(pair, state);
  return clip === null ? tellBatch(seen) : tellClip(clip, seen);
}

function tellPair({ i, j, dy, dp, q, mr, qamro }, { margin, alpha }) {
  const lead = dp === 0 ? "has them level" : `puts it ${fixed(Math.abs(dp))} ${dp > 0 ? "ahead" : "behind"}`;
  const ask = (key, asked, { loss, missing }, times = "") =>
    `${named(key)} asks for ${fixed(asked)}${loss > 0 ? ` and misses ${fixed(missing)}${times}` : " and is content"}`;
  const [good, other] = [NAMES[i], NAMES[j]];
  return (
    `<b>${good} over ${other}.</b> People put ${good} ${fixed(dy, 1)} above ${other}; the model ${lead}. ` +
    `${ask("mr", margin, mr)}. ${ask("qamro", alpha * dy, qamro, `, times <i>q</i> = ${fixed(q, 1)}`)}.`
  );
}

function tellClip(clip, { pairs }) {
  const mine = pairs.filter(({ i, j }) => i === clip || j === clip);
  const short = (key) => mine.filter((pair) => pair[key].push > 0).length;
  return (
    `<b>Clip ${NAMES[clip]}</b>, which people score ${fixed(HUMAN[clip], 1)}, is in ${mine.length} pairs. ` +
    `${named("mr")} asks more of ${short("mr")} of them, ${named("qamro")} of ${short("qamro")}.`
  );
}

function tellBatch({ pairs, tied, wrong, mr, qamro }) {
  const only = (kind) => pairs.filter((pair) => asks(pair) === kind).length;
  return (
    `Twelve clips make ${pairs.length + tied} pairs; ${tied === 1 ? "one is tied and drops" : `${tied} are tied and drop`} out. ` +
    `The model has ${wrong} out of order. ${named("mr")} asks more of ${mr.active} pairs, ` +
    `${named("qamro")} of ${qamro.active}: ${only("mr")} bother only MR, ${only("qamro")} only QAMRO.`
  );
}

export function numbers({ pairs, wrong, mr, qamro }) {
  const row = (key, title, { value, active }) => ({
    key,
    title,
    cells: { active, pairs: pairs.length, wrong, loss: fixed(value, 4) },
  });
  const head = ["", "pairs that fall short", "pairs counted", "out of order", "loss (mean)"];
  return table(head, [row("mr", "MR", mr), row("qamro", "QAMRO", qamro)]);
}

const OPTIONS = [
  ["mr", "MR"],
  ["qamro", "QAMRO"],
  ["same", "both the same"],
];
const larger = (mr, ours) => (mr === ours ? "same" : mr > ours ? "mr" : "qamro");

export const QUESTIONS = {
  pairs: {
    text: "Which loss asks more of the larger number of pairs?",
    options: OPTIONS,
    judge: (seen, state) => ({
      right: larger(seen.mr.active, seen.qamro.active),
      because: tell(seen, state, null, null),
    }),
  },
  cost: {
    text: "Which loss is larger here, on average over the pairs?",
    options: OPTIONS,
    judge({ mr, qamro }) {
      const [theirs, ours] = [mr, qamro].map(({ value }) => fixed(value, 4));
      return { right: larger(Number(theirs), Number(ours)), because: `Mean loss: MR ${theirs}, QAMRO ${ours}.` };
    },
  },
};
