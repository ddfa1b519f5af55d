/** Right in figure 2: a mark for every pair, human difference against predicted difference, and the two boundaries. */

import { axisBottom, axisLeft, ground } from "../../axes.js";
import { pointIn } from "../../controls.js";
import { html, linear, makeBoard, svg } from "../../draw.js";
import { fixed } from "../../format.js";
import { mark } from "../look.js";
import { asks, NAMES } from "./solve.js";

const WIDEST = 3.6;
const REACH = 26;
const SHAPES = { both: "qamro", mr: "mr", qamro: "plain", none: "qamro" };
const LEGEND = { both: "both ask for more", mr: "only MR", qamro: "only QAMRO", none: "neither" };
const MOVES = { ArrowRight: [1, "cx"], ArrowLeft: [-1, "cx"], ArrowUp: [-1, "cy"], ArrowDown: [1, "cy"] };

/** Disc for both, triangle for MR alone, square for QAMRO alone, ring for neither. */
const shape = (kind, x, y, r) => mark(SHAPES[kind], x, y, r);
const isOf = (pair) => (dot) => dot.i === pair.i && dot.j === pair.j;

export function makePairs(redraw) {
  const board = makeBoard({
    role: "application",
    tabindex: "0",
    class: "focusable",
    "aria-label": "All pairs. Arrow keys go from pair to pair.",
  });
  const hatch = svg("line", { class: "hatch", x1: 0, y1: 0, x2: 0, y2: 7 });
  const lines = { id: "hatch", width: 7, height: 7, patternTransform: "rotate(45)", patternUnits: "userSpaceOnUse" };
  board.element.append(svg("defs", {}, svg("pattern", lines, hatch)));
  const layer = board.layer();
  const names = board.layer({ "pointer-events": "none" });
  let dots = [];
  let current = null;

  function draw({ pairs }, { margin, alpha }, pair, clip) {
    const leads = pairs.map(({ dp }) => dp);
    const bottom = Math.min(-0.5, Math.floor(2 * Math.min(...leads) - 0.2) / 2);
    const top = Math.max(1, Math.ceil(2 * Math.max(...leads) + 0.2) / 2);
    const x = linear(0, WIDEST, 46, board.width - 56);
    const y = linear(bottom, top, board.height - 46, 34);
    layer.begin();
    ground(layer, x, y);
    drawBoundaries(x, y, margin, alpha);
    drawAxes(x, y);
    dots = pairs.map((each) => ({ ...each, cx: x(each.dy), cy: y(each.dp), r: 1.7 + 1.75 * Math.sqrt(each.q) }));
    for (const dot of dots) drawDot(dot, pair, clip);
    layer.end();
    names.end();
  }

  function drawBoundaries(x, y, margin, alpha) {
    const [bottom, top] = y.domain;
    const end = alpha * WIDEST > top ? top / alpha : WIDEST;
    const level = alpha * end;
    const slope = `M${x(0)} ${y(0)}L${x(end)} ${y(level)}`;
    layer.path("QAMRO's side", "shade light qamro", `${slope}L${x(WIDEST)} ${y(level)}V${y(bottom)}H${x(0)}Z`);
    layer.rect("MR's side", "hatched", x(0), y(margin), x(WIDEST) - x(0), y(bottom) - y(margin));
    layer.line("zero", "zero", x(0), y(0), x(WIDEST), y(0));
    layer.path("step", "curve mr", `M${x(0)} ${y(0)}V${y(margin)}H${x(WIDEST)}`);
    layer.path("slope", "curve qamro", slope);
    const [ours, theirs] = [y(level), y(margin)];
    const apart = Math.max(0, 14 - Math.abs(ours - theirs)) / 2;
    const up = ours <= theirs ? 1 : -1;
    names.begin();
    names.text("slope", "tag qamro", x(WIDEST) + 6, ours + 4 - up * apart, "QAMRO");
    names.text("step", "tag mr", x(WIDEST) + 6, theirs + 4 + up * apart, "MR");
  }

  function drawAxes(x, y) {
    const [bottom, top] = y.domain;
    const step = top - bottom > 3 ? 1 : 0.5;
    const ticks = Array.from({ length: 17 }, (_, k) => -4 + k * step).filter((tick) => tick >= bottom && tick <= top);
    const format = (value) => fixed(value, step < 1 ? 1 : 0);
    axisBottom(layer, "x", x, y(bottom), [0, 1, 2, 3], "how far people put the better clip ahead");
    axisLeft(layer, "y", y, x(0), ticks, "how far the model puts it ahead", { format });
    layer.text("wrong", "zone", x(WIDEST) - 8, y(bottom) - 9, "wrong order", "end");
  }

  function drawDot(dot, pair, clip) {
    const { i, j, cx, cy, r } = dot;
    const lit = pair ? isOf(pair)(dot) : clip !== null && (i === clip || j === clip);
    const state = lit ? " lit" : pair || clip !== null ? " faded" : "";
    const [kind, name] = [asks(dot), NAMES[i] + NAMES[j]];
    const look = { class: `pair ${kind}${state}`, d: shape(kind, cx, cy, r), "data-pair": name };
    layer.put(`pair ${name}`, "path", look);
    if (pair && lit) names.text("pair", "pair-name", cx, cy - r - 5, name, "middle");
  }

  function choose(pair) {
    current = pair;
    redraw();
  }
  function nearest({ x, y }) {
    const away = (dot) => Math.hypot(dot.cx - x, dot.cy - y);
    const dot = dots.reduce((a, b) => (away(b) < away(a) ? b : a), dots[0]);
    return dot && away(dot) < REACH ? dot : null;
  }
  for (const event of ["pointermove", "pointerdown"]) {
    board.element.addEventListener(event, (at) => choose(nearest(pointIn(board.element, at))));
  }
  board.element.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && choose(null));
  board.element.addEventListener("blur", () => choose(null));
  board.element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") choose(null);
    if (!(event.key in MOVES)) return;
    event.preventDefault();
    const [step, along] = MOVES[event.key];
    const order = [...dots].sort((a, b) => a[along] - b[along] || a.i - b.i || a.j - b.j);
    const at = current ? order.findIndex(isOf(current)) : step > 0 ? -1 : order.length;
    choose(order[Math.min(order.length - 1, Math.max(0, at + step))]);
  });

  const key = Object.entries(LEGEND).map(([kind, text]) => {
    const sign = svg("path", { class: `pair ${kind}`, d: shape(kind, 8, 8, 5.5) });
    return html("span", {}, svg("svg", { width: 16, height: 16, "aria-hidden": "true" }, sign), text);
  });
  const legend = html("p", { class: "legend" }, ...key, html("span", {}, "larger: larger weight q"));
  return {
    element: html("div", { class: "batch-plot" }, board.element, legend),
    resize: board.resize,
    draw,
    /** The pair that is pointed at, with what is known about it now; or undefined. */
    chosen: ({ pairs }) => current && pairs.find(isOf(current)),
  };
}
