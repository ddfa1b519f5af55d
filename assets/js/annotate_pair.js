// The answer about a pair: A, no difference, B. The value is 1 (left), 0.5 or 0 (right); null before an answer.
import { el } from "./dom.js";

export function preference({ words, question, value, chosen }) {
  let now = value ?? null;
  const choices = [[1, words.left_better, "1"], [0.5, words.tie, "2"], [0, words.right_better, "3"]];
  const buttons = choices.map(([each, text, key]) => el("button", { type: "button", role: "radio", class: "q-choice", "data-value": each, onclick: () => set(each) },
    text, el("kbd", { "aria-hidden": "true" }, key)));
  function draw() {
    for (const button of buttons) {
      const here = now !== null && Number(button.dataset.value) === now;
      button.classList.toggle("q-chosen", here);
      button.setAttribute("aria-checked", here);
    }
  }
  function set(next) {
    now = next;
    draw();
    chosen();
  }
  draw();
  return {
    element: el("div", { class: "q-scale" }, el("p", { class: "q-question" }, question), el("div", { class: "q-choices", role: "radiogroup", "aria-label": question }, buttons)),
    key: "preference", get value() { return now; }, set,
  };
}
