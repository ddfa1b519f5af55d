/** The box with the questions of figure 4. While a question waits for its vote, the figure keeps its outcome hidden. */

import { html } from "../../draw.js";
import { STEPS } from "../../training.js";
import { QUESTIONS } from "./questions.js";

const NAMES = Object.keys(QUESTIONS);

/**
 * @param {ReturnType<typeof import('../../state.js').createStore>} store its field `ask` names the open question
 * @param {() => {experiment: object, finish: () => object[]}} results
 * @param {{onOpen: () => void, onVote: () => void}} events
 */
export function makeAsk(store, results, { onOpen, onVote }) {
  const element = html("div", { class: "questions" });
  let open = "";
  let voted = "";

  const ask = (name) => {
    store.set({ ...QUESTIONS[name].setup, ask: name, step: 0 });
    follow();
  };
  const leave = () => {
    store.set({ ask: "", step: STEPS });
    follow();
  };

  /** Shows the question that the state names, if it is another than before. */
  function follow() {
    const { ask: name } = store.get();
    if (name === open) return;
    [open, voted] = [name, ""];
    element.replaceChildren(...(name ? card(name) : cover()));
    onOpen();
  }

  function cover() {
    const text = html("p", {}, html("b", {}, "Predict before you look. "));
    text.append("Four questions to vote on; the outcome stays hidden until you have.");
    return [text, html("button", { type: "button", class: "main", onclick: () => ask(NAMES[0]) }, "Ask the class")];
  }

  function card(name) {
    const { text, options, judge } = QUESTIONS[name];
    const next = NAMES[NAMES.indexOf(name) + 1];
    const answer = html("p", { class: "answer", role: "status" });
    const onward = html("button", { type: "button", hidden: true }, next ? "Next question" : "Done");
    onward.addEventListener("click", () => (next ? ask(next) : leave()));
    const quit = html("button", { type: "button", class: "quiet", onclick: leave }, "Leave the questions");
    const vote = (key) => {
      const { experiment, finish } = results();
      const { right, because } = judge(experiment, finish);
      voted = key;
      for (const button of buttons) {
        button.disabled = true;
        button.classList.toggle("right", button.dataset.answer === right);
        button.classList.toggle("voted", button.dataset.answer === key);
      }
      const said = options.find(([option]) => option === right)[1];
      answer.replaceChildren(html("b", {}, key === right ? "Yes: " : "No: "), `${said}. ${because}`);
      onward.hidden = false;
      quit.hidden = !next;
      onVote();
    };
    const buttons = options.map(([key, words]) =>
      html("button", { type: "button", "data-answer": key, onclick: () => vote(key) }, words),
    );
    return [
      html("p", { class: "aside" }, `Question ${NAMES.indexOf(name) + 1} of ${NAMES.length}`),
      html("p", {}, text),
      html("div", { class: "row" }, ...buttons),
      answer,
      html("div", { class: "row" }, onward, quit),
    ];
  }

  element.replaceChildren(...cover());
  if (store.get().ask) ask(store.get().ask);
  return { element, follow, secret: () => Boolean(open) && !voted };
}
