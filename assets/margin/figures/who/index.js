/** Figure 3: who matters. The weight over the score scale, and what the best quarter of a study's clips gets of it. */

import { html, onceAFrame, watchWidth } from "../../draw.js";
import { choice, word } from "../../state.js";
import { makeAsk } from "../ask.js";
import { knobs, normalisation } from "../knobs.js";
import { makeShares } from "./shares.js";
import { solve } from "./solve.js";
import { makeWeights } from "./weights.js";
import { numbers, QUESTIONS, tell } from "./words.js";

export { QUESTIONS };

export const fields = { study: word(""), unit3: choice("batch", ["batch", "scale"]) };
const KEYS = ["study", "unit3", "beta"];

/**
 * @param {HTMLElement} root
 * @param {ReturnType<typeof import("../../state.js").createStore>} store
 * @param {{studies: any[], moreStudies: Promise<any[]>}} context studies that are here, and others that follow
 */
export function mount(root, store, { studies: bundled, moreStudies }) {
  let studies = bundled;
  const option = ({ id, title, kind, axis, scores }) =>
    html("option", { value: id }, `${title}, ${axis} (${kind}, ${scores.length.toLocaleString("en")} clips)`);
  const select = html("select", { "aria-label": "Study", "data-field": "study" }, ...studies.map(option));
  select.addEventListener("change", () => store.set({ study: select.value === studies[0].id ? "" : select.value }));
  moreStudies.then((more) => {
    studies = [...studies, ...more];
    select.append(...more.map(option));
    draw();
  });
  const weights = makeWeights(store);
  const shares = makeShares();
  const story = html("p", { class: "story", "aria-live": "polite" });
  const table = html("table", { class: "numbers" });
  const source = html("p", { class: "aside source" });
  root.append(
    html("label", { class: "row pick" }, html("span", { class: "aside" }, "Scores of"), select),
    story,
    html("div", { class: "two" }, weights.element, shares.element),
    knobs(store, ["beta"]),
    html("div", { class: "row" }, normalisation(store, "unit3")),
    table,
    source,
  );
  const chosen = () => studies.find(({ id }) => id === store.get().study) ?? studies[0];
  const judge = (question) => question.judge(chosen(), solve(chosen(), store.get()), store.get());
  makeAsk(root, store, QUESTIONS, { judge, keys: KEYS });

  let ready = false;
  const draw = onceAFrame(() => {
    if (!ready) return;
    const state = store.get();
    const study = chosen();
    const seen = solve(study, state);
    select.value = study.id;
    weights.draw(study, seen, state);
    shares.draw(seen, state);
    story.innerHTML = tell(study, seen, state);
    table.innerHTML = numbers(seen, state);
    source.textContent = study.about;
  });
  watchWidth(root, (width) => {
    ready = true;
    const half = width < 700 ? width : Math.floor((width - 36) / 2);
    weights.resize(half);
    shares.resize(half);
    draw();
  });
  store.subscribe((_, changed) => changed.some((key) => KEYS.includes(key)) && draw());
}
