/** A plot over the training steps, for the curves of figure 4. */

import { axisBottom } from "../../axes.js";
import { html, linear, makeBoard, svg } from "../../draw.js";
import { STEPS } from "../../training.js";
import { place } from "../look.js";

const HEIGHT = 214;
const TICKS = [0, 15, 60, 135, 240];
export const TOP = 30;
export const BOTTOM = HEIGHT - 40;

let serial = 0;

/**
 * Axes, and the same content twice: faint for what is still to come, in full up to the present step.
 * @param {string} label
 * @param {{scales: (experiment: object) => object, axes: (layer: object, scales: object) => void,
 *   content: (layer: object, scales: object, experiment: object) => void,
 *   heads: (layer: object, scales: object, experiment: object, now: number, step: number) => void}} parts
 *   `scales` makes what the others need; `heads` draws what stands at the present step
 */
export function makeFrame(label, parts) {
  const board = makeBoard({ role: "img", "aria-label": label, height: HEIGHT });
  const [past, all] = [0, 1].map(() => svg("rect", { x: 0, y: TOP - 2, width: 0, height: BOTTOM - TOP + 4 }));
  const id = `frame${++serial}`;
  const clips = [svg("clipPath", { id: `${id}past` }, past), svg("clipPath", { id: `${id}all` }, all)];
  board.element.append(svg("defs", {}, ...clips));
  const axes = board.layer();
  const faint = board.layer({ opacity: 0.22, "clip-path": `url(#${id}all)` });
  const full = board.layer({ "clip-path": `url(#${id}past)` });
  const heads = board.layer();
  let drawn = null;

  return {
    element: html("div", {}, board.element),
    resize(width) {
      board.resize(width);
      all.setAttribute("width", String(width));
    },
    prepare(experiment) {
      const along = linear(0, 1, 40, board.width - 12);
      const x = Object.assign((step) => along(place(step, STEPS)), { range: along.range });
      drawn = { experiment, scales: { x, ...parts.scales(experiment) } };
      axes.begin();
      parts.axes(axes, drawn.scales);
      axisBottom(axes, "x", x, BOTTOM, TICKS, "training step");
      axes.end();
      for (const layer of [faint, full]) {
        layer.begin();
        parts.content(layer, drawn.scales, experiment);
        layer.end();
      }
    },
    /** @param {number} step @param {boolean} hidden whether what comes after the step is kept secret */
    show(step, hidden) {
      const now = drawn.scales.x(step);
      past.setAttribute("width", String(now));
      faint.group.setAttribute("visibility", hidden ? "hidden" : "visible");
      heads.begin();
      heads.line("now", "zero", now, BOTTOM, now, TOP);
      parts.heads(heads, drawn.scales, drawn.experiment, now, Math.round(step));
      heads.end();
    },
  };
}
