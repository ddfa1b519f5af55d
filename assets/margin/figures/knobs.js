/** The three knobs of the losses. They are the same in every figure: turn one here, and it has turned there. */

import { choices, slider } from "../controls.js";
import { html } from "../draw.js";
import { fixed } from "../format.js";

const KNOBS = {
  margin: { label: "Fixed margin <i>m</i>", hint: "MR", min: 0, max: 1, step: 0.05, tone: "mr" },
  alpha: { label: "Margin per point <i>α</i>", hint: "QAMRO", min: 0, max: 1, step: 0.05, tone: "qamro" },
  beta: { label: "Weight of the best <i>β</i>", hint: "QAMRO", min: 1, max: 15, step: 0.5, tone: "qamro", digits: 1 },
};
export const BETA = KNOBS.beta;

/** A slider for each of the named knobs, after any others that a figure has. */
export function knobs(store, names = Object.keys(KNOBS), ...others) {
  const sliders = names.map((key) => {
    const { digits = 2, ...options } = KNOBS[key];
    return slider(store, { key, ...options, text: (value) => fixed(value, digits) });
  });
  return html("div", { class: `sliders${names.length === 1 ? " one" : ""}` }, ...others, ...sliders);
}

/** What quality from 0 to 1 is measured by; the published code takes the batch's lowest and highest clip. */
export const normalisation = (store, key) =>
  choices(store, {
    key,
    label: "Quality 0…1 from",
    options: [
      ["batch", "lowest and highest clip"],
      ["scale", "the whole scale"],
    ],
  });
