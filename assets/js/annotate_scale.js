// One scale: big buttons where it has few values, a slider where it has many.
import { el } from "./dom.js";
import { plain } from "./annotate_parts.js";

/** Which value a digit means: itself where the scale counts from 0 or 1 (0 may be ten), else the place on the scale. */
export function valueOfDigit(scale, digit) {
  if (!scale.values.length) {
    const share = digit === 0 ? 1 : digit / 10;
    return scale.low + Math.round((share * (scale.high - scale.low)) / scale.step) * scale.step;
  }
  if (scale.low === 0 || scale.low === 1) {
    if (scale.step === 1) {
      const value = digit === 0 && scale.low === 1 ? 10 : digit;
      return scale.values.includes(value) ? value : null;
    }
  }
  return scale.values[digit === 0 ? 9 : digit - 1] ?? null;
}

export function scaleInput({ scale, value, chosen, focused }) {
  let now = value ?? null;
  const buttons = scale.values.map((each) => el("button", { type: "button", role: "radio", class: "q-score", "data-value": each,
    "aria-label": `${scale.name}: ${plain(each)}`, onclick: () => { focused(); set(each); } }, plain(each)));
  const number = el("output", { class: "q-number" });
  const slider = !buttons.length && el("input", { type: "range", class: "q-slider", min: scale.low, max: scale.high, step: scale.step,
    "aria-label": scale.name, oninput: () => { focused(); set(Number(slider.value)); }, onfocus: () => focused() });
  const choices = buttons.length
    ? el("div", { class: "q-scores", role: "radiogroup", "aria-label": scale.name, style: { "--n": buttons.length } }, buttons)
    : el("div", { class: "q-slide" }, el("span", {}, plain(scale.low)), slider, el("span", {}, plain(scale.high)), number);
  const root = el("div", { class: "q-scale", "data-axis": scale.key, onpointerdown: () => focused() },
    el("div", { class: "q-scale-head" }, el("strong", {}, scale.name), el("span", { class: "q-hint" }, scale.definition)), choices);

  function set(next, quiet = false) {
    const steps = Math.round((Math.min(Math.max(next, scale.low), scale.high) - scale.low) / scale.step);
    now = Number((scale.low + steps * scale.step).toFixed(6));
    draw();
    if (!quiet) chosen();
  }
  function draw() {
    for (const button of buttons) {
      const here = now !== null && Math.abs(Number(button.dataset.value) - now) < 1e-9;
      button.classList.toggle("q-chosen", here);
      button.setAttribute("aria-checked", here);
      button.tabIndex = here || (now === null && button === buttons[0]) ? 0 : -1;
    }
    if (slider) {
      slider.value = now ?? (scale.low + scale.high) / 2;
      slider.classList.toggle("q-unset", now === null);
      number.textContent = now === null ? "?" : plain(now);
    }
  }
  draw();
  return {
    element: root, key: scale.key,
    get value() { return now; },
    digit(digit) { const found = valueOfDigit(scale, digit); if (found !== null) set(found); return found !== null; },
    step(by) {
      const big = scale.values.length ? 1 : Math.max(1, Math.round((scale.high - scale.low) / scale.step / 20));
      const middle = scale.values.length ? scale.values[Math.floor((scale.values.length - 1) / 2)] : (scale.low + scale.high) / 2;
      set(now === null ? middle : now + by * big * scale.step, true);
      chosen(false);
    },
    mark(here) { root.classList.toggle("q-active", here); },
  };
}
