/** Figure 1 in words and in numbers. */

import { fixed, signed } from "../../format.js";
import { named, table } from "../table.js";
import { NAMES } from "./solve.js";

const GONE =
  "<b>The pair is gone.</b> People gave A and B the same score, so there is no right order to ask for: " +
  "sign(<i>y</i><sub>A</sub> − <i>y</i><sub>B</sub>) is 0. Such pairs are left out of the mean altogether. " +
  "They cost nothing, push nothing, and do not thin out the others.";

export function tell({ tied, better, gap, ahead, terms }, { alpha }) {
  if (tied) return GONE;
  const [good, other] = [NAMES[better], NAMES[1 - better]];
  const order =
    ahead === 0 ? "level" : `in the ${ahead > 0 ? "right" : "wrong"} order, ${fixed(Math.abs(ahead))} apart`;
  const wants = (key) => {
    const { margin, missing, q, loss } = terms[key];
    const ask = `${named(key)} wants ${good} ahead by ${fixed(margin)}`;
    if (loss < 1e-9) return `${ask} and is content`;
    return `${ask}, misses ${fixed(missing)}${q === 1 ? "" : ` and counts it ${fixed(q, 1)} times`}`;
  };
  const any = alpha === 0 ? " (with <i>α</i> = 0 any lead will do)" : "";
  return `People put ${good} ${fixed(gap)} above ${other}. The model has them ${order}. ${wants("mr")}. ${wants("qamro")}${any}.`;
}

const HEAD = ["", "margin", "weight <i>q</i>", "loss", "∂loss/∂<i>ŷ</i><sub>A</sub>", "∂loss/∂<i>ŷ</i><sub>B</sub>"];

export function numbers({ tied, terms, gradient }) {
  const row = (key, title) => {
    const { margin, q, loss, push } = terms[key];
    const [a, b] = gradient(push);
    const cells = tied
      ? { margin: "–", q: "–", loss: "–", "gradient A": "none", "gradient B": "none" }
      : {
          margin: fixed(margin, 3),
          q: fixed(q, 3),
          loss: fixed(loss, 3),
          "gradient A": signed(a, 3),
          "gradient B": signed(b, 3),
        };
    return { key, title, cells };
  };
  return table(HEAD, [row("mr", "MR"), row("qamro", "QAMRO")]);
}

export const QUESTIONS = {
  push: {
    text: "Which of the two losses pushes these clips apart harder?",
    options: [
      ["mr", "MR"],
      ["qamro", "QAMRO"],
      ["same", "both alike"],
      ["none", "neither pushes"],
    ],
    judge(seen, state) {
      const [mr, ours] = ["mr", "qamro"].map((key) => (seen.tied ? 0 : seen.terms[key].push));
      const right = mr === ours ? (mr ? "same" : "none") : mr > ours ? "mr" : "qamro";
      return { right, because: tell(seen, state) };
    },
  },
};
