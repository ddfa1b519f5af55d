/** The curves of figure 4: SRCC, MSE and whether the best clip is found, over the training steps. */

import { axisLeft, ground } from "../../axes.js";
import { clamp, html, linear } from "../../draw.js";
import { fixed } from "../../format.js";
import { LOSSES, STEPS } from "../../training.js";
import { mark } from "../look.js";
import { BOTTOM, makeFrame, TOP } from "./frame.js";

/** From which step on the SRCC must fit into its plot; before, it may come in from below. */
const SETTLED = 60;
/** MSE above which a curve may leave its plot for a while. */
const WILD = 4;

const everyRun = ({ runs }, key, from = 0) => LOSSES.flatMap((name) => runs[name][key].slice(from));

export function makeCurves() {
  const frames = [
    makeCurve("srcc", "SRCC: is the order right?", (experiment) => {
      const lowest = Math.min(0.9, ...everyRun(experiment, "srcc", SETTLED).map((value) => value - 0.05));
      return [Math.max(-1, Math.floor(10 * lowest) / 10), 1];
    }),
    makeCurve("mse", "MSE: are the scores right?", (experiment) => {
      return [0, Math.ceil(2 * Math.min(WILD, Math.max(...everyRun(experiment, "mse")))) / 2];
    }),
    makeLanes("Top-1: is the best clip found?"),
  ];
  const element = html("div", { class: "curves" }, ...frames.map((frame) => frame.element));
  return {
    element,
    resize(width) {
      const columns = width >= 860 ? 3 : 1;
      element.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
      for (const frame of frames) frame.resize(Math.floor((width - (columns - 1) * 22) / columns));
    },
    prepare: (experiment) => frames.forEach((frame) => frame.prepare(experiment)),
    show: (step, hidden) => frames.forEach((frame) => frame.show(step, hidden)),
  };
}

function makeCurve(key, label, domain) {
  return makeFrame(label, {
    scales: (experiment) => ({ y: linear(...domain(experiment), BOTTOM, TOP) }),
    axes(layer, { x, y }) {
      const [low, high] = y.domain;
      ground(layer, x, y);
      axisLeft(layer, "y", y, x(0), [low, (low + high) / 2, high], label, { format: (v) => fixed(v, 2) });
    },
    content(layer, { x, y }, { runs }) {
      for (const name of LOSSES) {
        const points = runs[name][key].map((value, step) => `${x(step).toFixed(1)} ${y(value).toFixed(1)}`);
        layer.path(name, `curve ${name}`, `M${points.join("L")}`);
      }
    },
    heads(layer, { y }, { runs }, now, step) {
      for (const name of LOSSES) {
        layer.path(name, `dot ${name}`, mark(name, now, clamp(y(runs[name][key][step]), TOP, BOTTOM), 4.5));
      }
    },
  });
}

/** A lane for every loss, filled while its favourite is the favourite of the people. */
function makeLanes(label) {
  const lane = (k) => 50 + k * 34;
  return makeFrame(label, {
    scales: () => ({}),
    axes(layer, { x }) {
      layer.text("label", "label", x(0) - 24, TOP - 12, label);
      LOSSES.forEach((name, k) => {
        layer.rect(`lane ${name}`, "ground", x(0), lane(k) - 9, x(STEPS) - x(0), 18);
        layer.path(`mark ${name}`, `dot ${name}`, mark(name, 20, lane(k), 5));
      });
    },
    content(layer, { x }, { runs }) {
      LOSSES.forEach((name, k) => {
        const found = runs[name].top1;
        for (let start = 0, stop; start < found.length; start = stop) {
          stop = start + 1;
          while (stop < found.length && found[stop] === found[start]) stop += 1;
          if (!found[start]) continue;
          const [left, right] = [x(start), x(Math.min(STEPS, stop))];
          layer.rect(`${name} ${start}`, `lane ${name}`, left, lane(k) - 9, Math.max(1, right - left), 18);
        }
      });
    },
    heads() {},
  });
}
