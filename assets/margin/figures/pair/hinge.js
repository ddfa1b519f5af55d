/** One panel of figure 1: a hinge with its shaded margin, and below it the push that the loss gives to both predictions. */

import { axisBottom, axisLeft, ground } from "../../axes.js";
import { clamp, html, linear, makeBoard } from "../../draw.js";
import { fixed } from "../../format.js";
import { mark } from "../look.js";
import { NAMES, SCALE } from "./solve.js";

const TITLES = {
  mr: ["Margin ranking loss", "the same margin <i>m</i> for every pair"],
  qamro: ["QAMRO", "margin <i>α</i> times the human difference, slope <i>q</i>"],
};
const TOP = 7;
const AHEAD = 2.6;

/** @param {"mr" | "qamro"} key */
export function makeHinge(key) {
  const title = html("h4", { class: key });
  title.innerHTML = `${TITLES[key][0]} <small>${TITLES[key][1]}</small>`;
  const board = makeBoard({ role: "img", height: 344 });
  const layer = board.layer();

  function draw(seen) {
    const { margin, q, loss, push } = seen.terms[key];
    const x = linear(-AHEAD, AHEAD, 34, board.width - 10);
    const y = linear(0, TOP, 212, 26);
    layer.begin();
    ground(layer, x, y);
    layer.text("wrong", "zone", x(-AHEAD) + 8, y(0) - 9, "wrong order");
    layer.text("right", "zone", x(AHEAD) - 8, y(0) - 9, "right order", "end");
    if (!seen.tied) drawCurve(x, y, margin, q);
    layer.line("zero", "zero", x(0), y(0), x(0), y(TOP));
    axisBottom(layer, "x", x, y(0), [-2, -1, 0, 1, 2], "how far the better clip is put ahead", {
      format: (v) => fixed(v, 0),
    });
    axisLeft(layer, "y", y, x(-AHEAD), [0, 2, 4, 6], "this pair's loss");
    if (seen.tied) layer.text("gone", "gone", board.width / 2, 110, "no better clip: no pair, no hinge", "middle");
    else drawLoss(x, y, seen.ahead, loss);
    drawPush(linear(...SCALE, ...x.range), seen, seen.tied ? 0 : push);
    layer.end();
    const words = seen.tied
      ? "the pair is not counted"
      : `margin ${fixed(margin)}, weight ${fixed(q)}, loss ${fixed(loss)}`;
    board.element.setAttribute("aria-label", `${TITLES[key][0]}: ${words}`);
  }

  function drawCurve(x, y, margin, q) {
    const knee = x(Math.min(margin, AHEAD));
    layer.rect("shade", `shade ${key}`, x(0), y(TOP), knee - x(0), y(0) - y(TOP));
    const start = Math.max(-AHEAD, margin - TOP / q);
    const high = Math.min(TOP, q * (margin - start));
    layer.path("hinge", `curve ${key}`, `M${x(start)} ${y(high)}L${knee} ${y(0)}L${x(AHEAD)} ${y(0)}`);
  }

  /** The mark on the hinge; where the loss leaves the panel, an arrow behind the number says so. */
  function drawLoss(x, y, ahead, loss) {
    const [px, py] = [x(clamp(ahead, -AHEAD, AHEAD)), y(Math.min(loss, TOP))];
    layer.line("drop", `drop ${key}`, px, y(0), px, py);
    layer.path("dot", `dot ${key}`, mark(key, px, py, 7));
    const left = px > board.width - 110;
    const text = fixed(loss) + (loss > TOP ? " ↑" : "");
    const level = Math.max(py + 2, y(TOP) + 14);
    layer.text("loss", `reading ${key}`, px + (left ? -13 : 13), level, text, left ? "end" : "start");
  }

  function drawPush(x, { p, better }, push) {
    const line = 296;
    const reach = (x(5) - x(1)) / 26;
    layer.line("push line", "axis", x(1), line, x(5), line);
    layer.text("push name", "label", x(1), 334, push ? "how hard the loss pushes each prediction" : "no push");
    p.forEach((value, i) => {
      const direction = i === better ? 1 : -1;
      const [at, lane] = [x(value), line + (i === 0 ? -13 : 13)];
      layer.line(`stem ${i}`, "axis", at, line, at, lane);
      layer.path(`arrow ${i}`, `arrow ${key}`, arrow(at, lane, direction * push * reach));
      layer.path(`mark ${i}`, "mark", mark(i === 0 ? "qamro" : "plain", at, lane, 4.3));
      layer.text(`letter ${i}`, "tick", at - direction * 12, lane + 4, NAMES[i], "middle");
    });
  }

  return { element: html("div", { class: "panel" }, title, board.element), resize: (w) => board.resize(w), draw };
}

/** An arrow along x as one path, from `x` by `length` pixels of either sign; too short to see becomes nothing. */
function arrow(x, y, length) {
  const size = Math.abs(length);
  if (size < 0.5) return "";
  const [half, wing] = [2.5, 6.5];
  const neck = x + Math.sign(length) * Math.max(0, size - 11);
  return `M${x} ${y - half}H${neck}V${y - wing}L${x + length} ${y}L${neck} ${y + wing}V${y + half}H${x}Z`;
}
