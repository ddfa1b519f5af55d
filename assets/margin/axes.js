/** Axes for a layer: ticks, tick texts, and a label. */

/**
 * A horizontal axis with its label below.
 * @param {import("./draw.js").Layer} layer
 * @param {string} name
 * @param {{(value: number): number, range: number[]}} scale
 * @param {number} y
 * @param {number[]} ticks
 * @param {string} [label]
 * @param {{format?: (value: number) => string, drop?: number}} [options] `drop`: how far below the line the texts stand
 */
export function axisBottom(layer, name, scale, y, ticks, label = "", { format = String, drop = 17 } = {}) {
  const [left, right] = scale.range;
  layer.line(`${name} line`, "axis", left, y, right, y);
  for (const tick of ticks) {
    const x = scale(tick);
    layer.line(`${name} tick ${tick}`, "axis", x, y, x, y + 4);
    layer.text(`${name} text ${tick}`, "tick", x, y + drop, format(tick), "middle");
  }
  if (label) layer.text(`${name} label`, "label", (left + right) / 2, y + drop + 18, label, "middle");
}

/**
 * A vertical axis with ticks on its left; the label stands above it, where it can be read without turning the head.
 * @param {import("./draw.js").Layer} layer
 * @param {string} name
 * @param {{(value: number): number, range: number[]}} scale
 * @param {number} x
 * @param {number[]} ticks
 * @param {string} [label]
 * @param {{format?: (value: number) => string}} [options]
 */
export function axisLeft(layer, name, scale, x, ticks, label = "", { format = String } = {}) {
  const [bottom, top] = scale.range;
  layer.line(`${name} line`, "axis", x, bottom, x, top);
  for (const tick of ticks) {
    const y = scale(tick);
    layer.line(`${name} tick ${tick}`, "axis", x - 4, y, x, y);
    layer.text(`${name} text ${tick}`, "tick", x - 7, y + 4, format(tick), "end");
  }
  if (label) layer.text(`${name} label`, "label", x - 24, top - 12, label);
}

/** The ground of a plot between the ends of its two scales. */
export function ground(layer, x, y) {
  layer.rect("ground", "ground", x.range[0], y.range[1], x.range[1] - x.range[0], y.range[0] - y.range[1]);
}
