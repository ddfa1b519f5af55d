/** Small tools for drawing: scales, elements that are reused between frames, axes, widths, frames. */

const SVG = 'http://www.w3.org/2000/svg';

/** Makes an HTML element: `html('p', {class: 'note'}, 'text', child)`. */
export function html(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
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
    this.group = svg('g', attributes);
    parent.append(this.group);
    this.nodes = new Map();
    this.seen = new Set();
  }

  begin() {
    this.seen.clear();
    return this;
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
      const printed = typeof value === 'number' ? String(Math.round(value * 100) / 100) : value;
      if (node.attributes[name] === printed) continue;
      node.element.setAttribute(name, printed);
      node.attributes[name] = printed;
    }
    if (text !== node.text) {
      node.element.textContent = text ?? '';
      node.text = text;
    }
    return node.element;
  }

  end() {
    for (const [key, node] of this.nodes) {
      if (this.seen.has(key)) continue;
      node.element.remove();
      this.nodes.delete(key);
    }
  }
}

/** Puts a horizontal axis with ticks and a label below it. */
export function axisBottom(layer, name, scale, y, ticks, label, format = String, drop = 17) {
  const [left, right] = scale.range;
  layer.put(`${name} line`, 'line', { class: 'axis', x1: left, x2: right, y1: y, y2: y });
  for (const tick of ticks) {
    const x = scale(tick);
    layer.put(`${name} tick ${tick}`, 'line', { class: 'axis', x1: x, x2: x, y1: y, y2: y + 4 });
    layer.put(`${name} text ${tick}`, 'text', { class: 'tick', x, y: y + drop, 'text-anchor': 'middle' }, format(tick));
  }
  if (label) {
    layer.put(`${name} label`, 'text', { class: 'label', x: (left + right) / 2, y: y + drop + 18, 'text-anchor': 'middle' }, label);
  }
}

/** Puts a vertical axis with ticks on its left; the label stands above it, where it can be read without turning. */
export function axisLeft(layer, name, scale, x, ticks, label, format = String) {
  const [bottom, top] = scale.range;
  layer.put(`${name} line`, 'line', { class: 'axis', x1: x, x2: x, y1: bottom, y2: top });
  for (const tick of ticks) {
    const y = scale(tick);
    layer.put(`${name} tick ${tick}`, 'line', { class: 'axis', x1: x - 4, x2: x, y1: y, y2: y });
    layer.put(`${name} text ${tick}`, 'text', { class: 'tick', x: x - 7, y: y + 4, 'text-anchor': 'end' }, format(tick));
  }
  if (label) layer.put(`${name} label`, 'text', { class: 'label', x: x - 24, y: top - 12 }, label);
}

/** An arrow along x as one path, from `x` by `length` pixels (either sign); too short to see becomes nothing. */
export function arrowPath(x, y, length, thickness = 5) {
  const sign = Math.sign(length);
  const size = Math.abs(length);
  if (size < 0.5) return '';
  const head = Math.min(size, thickness * 2.2);
  const neck = x + sign * (size - head);
  const tip = x + length;
  const half = thickness / 2;
  return `M${x} ${y - half}L${neck} ${y - half}L${neck} ${y - thickness * 1.3}L${tip} ${y}L${neck} ${y + thickness * 1.3}L${neck} ${y + half}L${x} ${y + half}Z`;
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

/** A number for reading: fixed decimals and a real minus sign; a dash where there is no number. */
export function fixed(value, digits = 2) {
  if (!Number.isFinite(value)) return '–';
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** The same with a plus sign in front of what is positive. */
export function signed(value, digits = 2) {
  const text = fixed(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;
