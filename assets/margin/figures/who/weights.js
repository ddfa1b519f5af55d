/** Left in figure 3: the weight over the score scale, its end a handle; below it where the study's clips lie. */

import { axisBottom, axisLeft, ground } from "../../axes.js";
import { handle, pointIn } from "../../controls.js";
import { html, linear, makeBoard, svg } from "../../draw.js";
import { fixed } from "../../format.js";
import { normalise, weight } from "../../losses.js";
import { BETA } from "../knobs.js";
import { histogram, MOST } from "./solve.js";

const FLOOR = 328;
const BINS = 20;
const TALLEST = 62;

export function makeWeights(store) {
  const label = "Weight of a pair over the score of its better clip";
  const board = makeBoard({ role: "group", "aria-label": label, height: 372 });
  const layer = board.layer();
  let y = linear(0, MOST, 1, 0);
  const circle = svg("circle", { class: "knob qamro", r: 9 });
  const knob = svg("g", { "data-handle": "beta" }, svg("circle", { class: "hit", r: 22 }), circle);
  board.element.append(knob);
  const announce = handle(knob, {
    min: BETA.min,
    max: BETA.max,
    step: BETA.step,
    vertical: true,
    label: "Weight of the best, beta",
    get: () => store.get().beta,
    set: (beta) => store.set({ beta }),
    at: (event) => y.invert(pointIn(board.element, event).y),
    text: (value) => fixed(value, 1),
  });

  function draw({ low, high, scores }, { scale }, { beta }) {
    const x = linear(low, high, 36, board.width - 20);
    y = linear(0, MOST, 240, 34);
    const ends = scale ?? [Math.min(...scores), Math.max(...scores)];
    const q = (score) => weight(normalise([score], ends)[0], beta);
    const points = [low, ...ends, high].map((score) => `${x(score)} ${y(q(score))}`);
    layer.begin();
    ground(layer, x, y);
    axisLeft(layer, "y", y, x(low), [0, 5, 10, 15], "weight q of a pair, by its better clip");
    layer.line("flat", "curve mr", x(low), y(1), x(high), y(1));
    layer.text("flat name", "tag mr on-ground", x(high) - 8, y(1) - 7, "MR, and β = 1: every pair weighs 1", "end");
    layer.path("q", "curve qamro", `M${points.join("L")}`);
    drawHistogram(x, histogram(scores, low, high, BINS));
    const jump = high - low > 12 ? 20 : 1;
    const ticks = Array.from({ length: Math.floor((high - low) / jump) + 1 }, (_, k) => low + k * jump);
    axisBottom(layer, "x", x, FLOOR, ticks, "score of the clip; strong colour: the best quarter");
    layer.end();
    knob.setAttribute("transform", `translate(${x(ends[1])} ${y(beta)})`);
    announce();
  }

  function drawHistogram(x, bins) {
    const most = Math.max(...bins.map(({ top, rest }) => top + rest));
    const thick = (x.range[1] - x.range[0]) / BINS - 1.5;
    bins.forEach(({ from, top, rest }, k) => {
      const [low, high] = [rest, top].map((count) => (TALLEST * count) / most);
      layer.rect(`rest ${k}`, "bar-rest", x(from) + 0.75, FLOOR - low, thick, low);
      layer.rect(`top ${k}`, "bar-top", x(from) + 0.75, FLOOR - low - high, thick, high);
    });
  }

  return { element: html("div", {}, board.element), resize: (width) => board.resize(width), draw };
}
