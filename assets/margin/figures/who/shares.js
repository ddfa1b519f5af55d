/** Right in figure 3: the share of the best quarter as β grows, and where it stops. */

import { axisBottom, axisLeft, ground } from "../../axes.js";
import { html, linear, makeBoard } from "../../draw.js";
import { percent } from "../../format.js";
import { MOST } from "./solve.js";

const TITLE = "share of the best quarter of clips in the total weight";

export function makeShares() {
  const board = makeBoard({ role: "img", height: 372 });
  const layer = board.layer();

  function draw({ curve, share, plain, limit }, { beta }) {
    const x = linear(1, MOST, 44, board.width - 20);
    const y = linear(0, 1, 328, 34);
    const level = (key, look, value, words, below) => {
      layer.line(key, look, x(1), y(value), x(MOST), y(value));
      const cls = look === "guide" ? "zone" : "tag plain";
      layer.text(`${key} text`, cls, x(MOST) - 6, y(value) + (below ? 16 : -7), words, "end");
    };
    layer.begin();
    ground(layer, x, y);
    axisBottom(layer, "x", x, y(0), [1, 3, 5, 7, 9, 11, 13, 15], "weight of the best β");
    axisLeft(layer, "y", y, x(1), [0, 0.25, 0.5, 0.75, 1], TITLE, { format: (v) => percent(v) });
    const line = `M${curve.map(([b, s]) => `${x(b)} ${y(s)}`).join("L")}`;
    layer.path("area", "shade light qamro", `${line}V${y(plain)}H${x(1)}Z`);
    level("clips", "guide", 0.25, "their share of the clips", true);
    level("limit", "guide", limit, `never more than ${percent(limit, 1)}`, false);
    level("plain", "curve plain", plain, `every pair counted once: ${percent(plain, 1)}`, true);
    layer.path("curve", "curve qamro", line);
    const above = y(Math.max(share, limit));
    layer.line("drop", "drop qamro", x(beta), y(share) - 8, x(beta), above - 20);
    layer.circle("dot", "dot qamro", x(beta), y(share), 7);
    const left = beta > 11;
    layer.text(
      "share",
      "reading qamro",
      x(beta) + (left ? -4 : 2),
      above - 26,
      percent(share, 1),
      left ? "end" : "start",
    );
    layer.end();
    const words = `${percent(plain, 1)} without weighting, ${percent(share, 1)} now, never more than ${percent(limit, 1)}`;
    board.element.setAttribute("aria-label", `Share of the best quarter: ${words}`);
  }

  return { element: html("div", {}, board.element), resize: (width) => board.resize(width), draw };
}
