/** Small tools for drawing: elements, scales, layers that are reused between frames, widths, frames. */

const SVG = "http://www.w3.org/2000/svg";

/** Makes an HTML element: `html('p', {class: 'note'}, 'text', child)`. */
export function html(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Makes an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A straight scale from [d0, d1] to [r0, r1], with `invert` for the way back. */
export function linear(d0, d1, r0, r1) {
  const scale = (value) => r0 + ((value - d0) / (d1 - d0)) * (r1 - r0);
  scale.invert = (pixel) => d0 + ((pixel - r0) / (r1 - r0)) * (d1 - d0);
  scale.domain = [d0, d1];
  scale.range = [r0, r1];
  return scale;
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/**
 * A group whose elements are named, kept between frames and changed only where they differ. Draw everything with
 * `put` between `begin` and `end`; what was not put again goes away.
 */
export class Layer {
  constructor(parent, attributes = {}) {
    this.group = svg("g", attributes);
    parent.append(this.group);
    this.nodes = new Map();
    this.seen = new Set();
  }

  begin() {
    this.seen.clear();
  }

  put(key, tag, attributes, text) {
    let node = this.nodes.get(key);
    if (!node) {
      node = { element: svg(tag), attributes: {}, text: undefined };
      this.group.append(node.element);
      this.nodes.set(key, node);
    }
    this.seen.add(key);
    for (const [name, value] of Object.entries(attributes)) {
      const printed = typeof value === "number" ? String(Math.round(value * 100) / 100) : value;
      if (node.attributes[name] === printed) continue;
      node.element.setAttribute(name, printed);
      node.attributes[name] = printed;
    }
    if (text !== node.text) {
      node.element.textContent = text ?? "";
      node.text = text;
    }
    return node.element;
  }

  line(key, look, x1, y1, x2, y2) {
    this.put(key, "line", { class: look, x1, y1, x2, y2 });
  }

  rect(key, look, x, y, width, height) {
    this.put(key, "rect", { class: look, x, y, width: Math.max(0, width), height: Math.max(0, height) });
  }

  circle(key, look, cx, cy, r) {
    this.put(key, "circle", { class: look, cx, cy, r });
  }

  path(key, look, d) {
    this.put(key, "path", { class: look, d });
  }

  /** @param {"start" | "middle" | "end"} [anchor] which part of the text stands at x */
  text(key, look, x, y, words, anchor = "start") {
    this.put(key, "text", { class: look, x, y, "text-anchor": anchor }, words);
  }

  end() {
    for (const [key, node] of this.nodes) {
      if (this.seen.has(key)) continue;
      node.element.remove();
      this.nodes.delete(key);
    }
  }
}

/** An SVG of a given height, with a first layer; drawings ask it for its `width`. */
export function makeBoard(attributes = {}) {
  const element = svg("svg", attributes);
  const board = {
    element,
    width: 0,
    height: Number(attributes.height ?? 0),
    resize(width, height = board.height) {
      Object.assign(board, { width, height });
      element.setAttribute("width", String(width));
      element.setAttribute("height", String(height));
    },
    layer: (options) => new Layer(element, options),
  };
  return board;
}

/** Calls `draw` at most once a frame, however often it is asked for. */
export function onceAFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

/** Calls back with the element's width now and whenever it changes. */
export function watchWidth(element, callback) {
  let last = 0;
  const observer = new ResizeObserver((entries) => {
    const width = Math.floor(entries[0].contentRect.width);
    if (width < 1 || width === last) return;
    last = width;
    callback(width);
  });
  observer.observe(element);
}
