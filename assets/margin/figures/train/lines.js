/** The four panels of figure 4, one for each loss, with a line for every clip. */

import { html } from "../../draw.js";
import { LOSSES, STEPS } from "../../training.js";
import { makePanel } from "./panel.js";

const GAP = 16;

export function makeLines() {
  const panels = Object.fromEntries(LOSSES.map((name) => [name, makePanel(name)]));
  const element = html("div", { class: "line-panels" }, ...LOSSES.map((name) => panels[name].element));
  let size = 0;
  return {
    element,
    resize(width) {
      const columns = width >= 860 ? 4 : 2;
      element.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
      size = Math.floor((width - (columns - 1) * GAP) / columns);
    },
    /** Draws the lines afresh: after new numbers, a new size, another view or theme. */
    prepare(experiment, view) {
      const range = view === "scores" ? scoreRange(experiment) : null;
      for (const name of LOSSES) panels[name].prepare(experiment, range, size);
    },
    /** Shows them up to a step, which may lie between two. */
    show(step, readings) {
      for (const name of LOSSES) panels[name].show(step, readings[name]);
    },
  };
}

/** A range for all panels that holds the scale, the first and the last predictions; what overshoots is cut. */
function scoreRange({ runs }) {
  const ends = Object.values(runs).flatMap(({ predictions }) => [...predictions[0], ...predictions[STEPS]]);
  return [Math.min(1, ...ends) - 0.1, Math.max(5, ...ends) + 0.1];
}
