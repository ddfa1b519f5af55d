/** Figure 1: one pair of clips. Drag scores and predictions; both hinges, both margins and both pushes follow. */

import { html, onceAFrame, watchWidth } from "../../draw.js";
import { list } from "../../state.js";
import { makeAsk } from "../ask.js";
import { knobs } from "../knobs.js";
import { makeHinge } from "./hinge.js";
import { makeScales } from "./scales.js";
import { SCALE, solve } from "./solve.js";
import { numbers, QUESTIONS, tell } from "./words.js";

export { QUESTIONS };

/** y of A, y of B, ŷ of A, ŷ of B. */
export const fields = { pair: list([4.2, 2.9, 3, 3.2], ...SCALE) };
const KEYS = ["pair", "margin", "alpha", "beta"];

export function mount(root, store) {
  const scales = makeScales(store);
  const hinges = [makeHinge("mr"), makeHinge("qamro")];
  const story = html("p", { class: "story", "aria-live": "polite" });
  const table = html("table", { class: "numbers" });
  const panels = html("div", { class: "pair-panels" }, ...hinges.map((hinge) => hinge.element));
  root.append(scales.element, story, panels, knobs(store), table);
  const judge = (question) => question.judge(solve(store.get()), store.get());
  makeAsk(root, store, QUESTIONS, { judge, keys: KEYS });

  let ready = false;
  const draw = onceAFrame(() => {
    if (!ready) return;
    const state = store.get();
    const seen = solve(state);
    scales.draw(seen, state);
    for (const hinge of hinges) hinge.draw(seen);
    story.innerHTML = tell(seen, state);
    table.innerHTML = numbers(seen);
  });
  watchWidth(root, (width) => {
    ready = true;
    scales.resize(width);
    for (const hinge of hinges) hinge.resize(width < 640 ? width : Math.floor((width - 24) / 2));
    draw();
  });
  store.subscribe((_, changed) => changed.some((key) => KEYS.includes(key)) && draw());
}
