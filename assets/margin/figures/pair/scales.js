/** The two lines at the top of figure 1: what people say, what the model says, and how far ahead the better should be. */

import { axisBottom } from "../../axes.js";
import { handle, pointIn } from "../../controls.js";
import { linear, makeBoard, svg } from "../../draw.js";
import { fixed } from "../../format.js";
import { NAMES, SCALE } from "./solve.js";

const HEIGHT = 204;
const ROWS = { y: 34, p: 160 };
const DROP = 36; // from a line to its texts
const KNOB = 22;
const TICKS = [1, 2, 3, 4, 5];

export function makeScales(store) {
  const board = makeBoard({
    role: "group",
    "aria-label": "Two clips, their human scores and their predictions",
    height: HEIGHT,
  });
  const back = board.layer();
  let x = linear(...SCALE, 0, 1);
  const handles = [0, 1, 2, 3].map((index) => {
    const [name, row] = [NAMES[index % 2], index < 2 ? "y" : "p"];
    const knob =
      name === "A"
        ? svg("circle", { class: "knob", r: 11 })
        : svg("rect", { class: "knob", x: -10, y: -10, width: 20, height: 20, rx: 3 });
    const text = svg("text", { class: "knob-text", y: 4.5, "text-anchor": "middle" }, name);
    const group = svg("g", { "data-handle": row + name }, svg("circle", { class: "hit", r: 22 }), knob, text);
    board.element.append(group);
    const announce = handle(group, {
      min: SCALE[0],
      max: SCALE[1],
      step: 0.05,
      label: `Clip ${name}, ${row === "y" ? "human score" : "prediction"}`,
      get: () => store.get().pair[index],
      set: (value) => store.set({ pair: store.get().pair.with(index, value) }),
      at: (event) => x.invert(pointIn(board.element, event).x),
      text: (value) => `${fixed(value)} of 5`,
    });
    return { group, index, announce };
  });

  function draw(seen, { pair }) {
    const narrow = board.width < 560;
    const left = narrow ? 22 : 148;
    x = linear(...SCALE, left, board.width - 24);
    back.begin();
    if (narrow) {
      back.text("people", "label strong", 0, ROWS.y - 26, "people say");
      back.text("model", "label strong", 0, ROWS.p - 58, "the model says");
    } else {
      back.text("people", "label strong", left - 28, ROWS.y + 4, "people say", "end");
      back.text("model", "label strong", left - 28, ROWS.p + 4, "the model says", "end");
    }
    axisBottom(back, "y", x, ROWS.y, TICKS, "", { drop: DROP });
    axisBottom(back, "p", x, ROWS.p, TICKS, "", { drop: DROP });
    const level = { y: apart(pair[0], pair[1]), p: apart(pair[2], pair[3]) };
    seen.y.forEach((y, i) => {
      const [from, to] = [ROWS.y + level.y[i], ROWS.p + level.p[i]];
      back.line(`thread ${i}`, `thread clip-${i}`, x(y), from, x(seen.p[i]), to);
    });
    if (!seen.tied) {
      drawMargin("mr", "MR", ROWS.p - 46, seen);
      drawMargin("qamro", "QAMRO", ROWS.p - 34, seen);
    }
    back.end();
    for (const { group, index, announce } of handles) {
      const row = index < 2 ? "y" : "p";
      group.setAttribute("transform", `translate(${x(pair[index])} ${ROWS[row] + level[row][index % 2]})`);
      announce();
    }
  }

  /** How far A and B stand off their line: not at all, unless one would hide the other. */
  const apart = (a, b) => (Math.abs(x(a) - x(b)) < KNOB ? [-KNOB / 2, KNOB / 2] : [0, 0]);

  /** A bar from the lesser clip's prediction as far as the better one should be ahead. */
  function drawMargin(key, name, y, { p, better, terms }) {
    const start = x(p[1 - better]);
    const end = Math.min(x(p[1 - better] + terms[key].margin), board.width - 8);
    back.rect(`band ${key}`, `band ${key}`, start, y, end - start, 7);
    back.line(`stop ${key}`, `edge ${key}`, end, y - 1, end, y + 8);
    if (end < board.width - 60) back.text(`name ${key}`, `tag ${key}`, end + 6, y + 8, name);
    else back.text(`name ${key}`, `tag ${key}`, start - 6, y + 8, name, "end");
  }

  return { element: board.element, resize: (width) => board.resize(width), draw };
}
