/**
 * The box that asks before a figure answers: by a vote, or with Reveal (key R). While a question waits, the figure is
 * marked `secret`, which keeps its outcome hidden; so does a link that holds `m.ask`.
 */

import { html } from "../draw.js";

/**
 * @typedef {{text: string, options: [string, string][], setup?: object,
 *   judge: (...given: any[]) => {right: string, because: string}}} Question
 * `setup`: what the question sets first; `judge` works the right option out, and the words behind it
 */

/**
 * @param {HTMLElement} figure
 * @param {ReturnType<typeof import('../state.js').createStore>} store its field `ask` names the open question of the page
 * @param {Record<string, Question>} questions those of this figure
 * @param {{judge: (question: Question) => {right: string, because: string}, keys: string[],
 *   cover?: (ask: (name: string) => void) => Node[], left?: object, onOpen?: () => void, onAnswer?: () => void}} options
 *   `keys`: fields on which an answer depends, so that it goes when they change; `cover`: what stands there while nothing
 *   is asked; `left`: what is set when the questions are left
 */
export function makeAsk(figure, store, questions, { judge, keys, cover, left = {}, onOpen, onAnswer }) {
  const names = Object.keys(questions);
  const element = html("div", { class: "questions" });
  let open = "";
  let answered = false;
  let reveal = null;

  const ask = (name) => store.set({ ask: name });
  const leave = () => store.set({ ask: "", ...left });

  /** Shows the question that the state names, if it is one of this figure and another than before. */
  function follow() {
    const { ask: wanted } = store.get();
    const name = wanted in questions ? wanted : "";
    if (name === open && element.childNodes.length) return;
    [open, answered, reveal] = [name, false, null];
    element.replaceChildren(...(name ? card(name) : (cover?.(ask) ?? [])));
    element.hidden = !element.childNodes.length;
    mark();
    if (name) store.set(questions[name].setup ?? {});
    onOpen?.();
  }

  const secret = () => Boolean(open) && !answered;
  const mark = () => figure.classList.toggle("secret", secret());

  function card(name) {
    const { text, options } = questions[name];
    const next = names[names.indexOf(name) + 1];
    const answer = html("p", { class: "answer", role: "status" });
    const onward = html("button", { type: "button", hidden: true }, next ? "Next question" : "Done");
    onward.addEventListener("click", () => (next ? ask(next) : leave()));
    const quit = html("button", { type: "button", class: "quiet", onclick: leave }, "Leave the questions");
    const tell = (voted) => {
      const { right, because } = judge(questions[name]);
      answered = true;
      reveal = null;
      for (const button of buttons) {
        button.disabled = true;
        button.classList.toggle("right", button.dataset.answer === right);
        button.classList.toggle("voted", button.dataset.answer === voted);
      }
      const said = options.find(([option]) => option === right)[1];
      answer.innerHTML = `<b>${voted ? (voted === right ? "Yes" : "No") : "Answer"}: </b>${said}. ${because}`;
      [onward.hidden, show.hidden, quit.hidden] = [false, true, !next];
      mark();
      onAnswer?.();
      figure.dispatchEvent(new CustomEvent("answered", { bubbles: true }));
    };
    const show = html("button", { type: "button", class: "main", "aria-keyshortcuts": "r", onclick: () => tell("") });
    show.append("Reveal ", html("kbd", { "aria-hidden": "true" }, "R"));
    reveal = () => tell("");
    const buttons = options.map(([key, words]) =>
      html("button", { type: "button", "data-answer": key, onclick: () => tell(key) }, words),
    );
    const place = names.length > 1 ? `Question ${names.indexOf(name) + 1} of ${names.length}` : "Before you look";
    return [
      html("p", { class: "aside" }, place),
      html("p", {}, text),
      html("div", { class: "row" }, ...buttons),
      answer,
      html("div", { class: "row" }, onward, show, quit),
    ];
  }

  store.subscribe((_, changed) => {
    if (changed.includes("ask")) follow();
    else if (answered && changed.some((key) => keys.includes(key))) leave();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "r" || event.ctrlKey || event.metaKey || event.altKey || !reveal) return;
    const at = /** @type {Element} */ (event.composedPath()[0]);
    if (at.matches?.("textarea, select, input:not([type=range], [type=radio], [type=checkbox])")) return;
    if (!element.getClientRects().length) return; // on a tab that is not seen
    event.preventDefault();
    reveal();
  });
  figure.prepend(element);
  follow();
  return { secret };
}
