/** What the reader touches: sliders, choices, and handles in a drawing. All work by mouse, touch and keyboard. */

import { clamp, html } from "./draw.js";
import { round } from "./state.js";

let serial = 0;

/**
 * A labelled slider bound to one field of the store.
 * @param {ReturnType<typeof import('./state.js').createStore>} store
 * @param {{key: string, label: string, hint?: string, min: number, max: number, step: number,
 *   text?: (value: number) => string, tone?: string}} options
 */
export function slider(store, { key, label, hint, min, max, step, text = String, tone = "" }) {
  const id = `q${++serial}`;
  const output = html("output", { for: id, class: "value" });
  const input = html("input", { id, type: "range", min, max, step, "data-field": key });
  input.addEventListener("input", () => store.set({ [key]: Number(input.value) }));
  const show = () => {
    const value = store.get()[key];
    if (Number(input.value) !== value) input.value = String(value);
    output.textContent = text(value);
    input.setAttribute("aria-valuetext", text(value));
    input.style.setProperty("--filled", `${(100 * (value - min)) / (max - min)}%`);
  };
  store.subscribe((_, changed) => changed.includes(key) && show());
  show();
  const caption = html("label", { for: id });
  caption.innerHTML = label;
  if (hint) caption.append(html("span", { class: "hint" }, hint));
  return html("div", { class: `slider ${tone}` }, caption, input, output);
}

/**
 * A row of choices of which one is on (radio buttons drawn as a bar), bound to one field.
 * @param {ReturnType<typeof import('./state.js').createStore>} store
 * @param {{key: string, label: string, options: [string, string][]}} options pairs of value and text
 */
export function choices(store, { key, label, options }) {
  const name = `q${++serial}`;
  const inputs = options.map(([value, text]) => {
    const input = html("input", { type: "radio", name, value, "data-field": key });
    input.addEventListener("change", () => store.set({ [key]: value }));
    return { input, value, label: html("label", {}, input, html("span", {}, text)) };
  });
  const show = () => inputs.forEach(({ input, value }) => (input.checked = store.get()[key] === value));
  store.subscribe((_, changed) => changed.includes(key) && show());
  show();
  const bar = html("span", { class: "bar" }, ...inputs.map((entry) => entry.label));
  return html("fieldset", { class: "choices" }, html("legend", {}, label), bar);
}

/** A tick box bound to one field. */
export function toggle(store, { key, label }) {
  const input = html("input", { type: "checkbox", "data-field": key });
  input.addEventListener("change", () => store.set({ [key]: input.checked }));
  const show = () => (input.checked = store.get()[key]);
  store.subscribe((_, changed) => changed.includes(key) && show());
  show();
  return html("label", { class: "toggle" }, input, html("span", {}, label));
}

/** The handles of each drawing. Their touch areas are generous and overlap, so the nearest one takes the pointer. */
const siblings = new WeakMap();

function nearest(drawing, { clientX, clientY }) {
  const away = ({ element }) => {
    const { left, top, width, height } = element.querySelector(".hit").getBoundingClientRect();
    return Math.hypot(left + width / 2 - clientX, top + height / 2 - clientY);
  };
  return siblings.get(drawing).reduce((a, b) => (away(b) < away(a) ? b : a));
}

/**
 * Makes an element of a drawing draggable and gives it the keys and the voice of a slider.
 * @param {SVGElement} element
 * @param {{min: number, max: number, step: number, label: string, vertical?: boolean, get: () => number,
 *   set: (value: number) => void, at: (event: PointerEvent) => number, text?: (value: number) => string}} options
 *   `at` gives the value below the pointer; values snap to `step`
 * @returns {() => void} tells the element's listeners (screen readers) the present value
 */
export function handle(element, { min, max, step, label, vertical = false, get, set, at, text }) {
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const snap = (value) => round(clamp(Math.round(value / step) * step, min, max), digits + 1);
  element.setAttribute("role", "slider");
  element.setAttribute("tabindex", "0");
  element.setAttribute("aria-label", label);
  element.setAttribute("aria-valuemin", String(min));
  element.setAttribute("aria-valuemax", String(max));
  if (vertical) element.setAttribute("aria-orientation", "vertical");
  element.classList.add("handle");

  let offset = 0;
  const take = (event) => {
    offset = get() - at(event);
    element.setPointerCapture(event.pointerId);
    element.classList.add("dragged");
    element.focus({ preventScroll: true });
  };
  const drawing = element.ownerSVGElement;
  siblings.set(drawing, [...(siblings.get(drawing) ?? []), { element, take }]);
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    nearest(drawing, event).take(event);
    event.preventDefault();
  });
  // Browsers differ in whether they heed touch-action inside a drawing; this keeps a finger from scrolling in all of them.
  element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) set(snap(at(event) + offset));
  });
  const release = () => element.classList.remove("dragged");
  element.addEventListener("pointerup", release);
  element.addEventListener("pointercancel", release);
  element.addEventListener("keydown", (event) => {
    const moves = {
      ArrowRight: step,
      ArrowUp: step,
      ArrowLeft: -step,
      ArrowDown: -step,
      PageUp: 5 * step,
      PageDown: -5 * step,
      Home: -Infinity,
      End: Infinity,
    };
    if (!(event.key in moves) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const move = moves[event.key] * (event.shiftKey ? 5 : 1);
    set(snap(clamp(get() + move, min, max)));
  });
  return () => {
    const value = get();
    element.setAttribute("aria-valuenow", String(value));
    element.setAttribute("aria-valuetext", text ? text(value) : String(value));
  };
}

/** The pointer's place in an SVG's own pixels. */
export function pointIn(element, event) {
  const box = element.getBoundingClientRect();
  const zoom = element.currentCSSZoom ?? 1; // slides are enlarged
  return { x: (event.clientX - box.left) / zoom, y: (event.clientY - box.top) / zoom };
}
