/** Figure 2: twelve clips and all their pairs. What MR asks for, what QAMRO asks for, and of whom. */

import { html, onceAFrame, watchWidth } from "../../draw.js";
import { choice, list } from "../../state.js";
import { makeAsk } from "../ask.js";
import { knobs, normalisation } from "../knobs.js";
import { makeClips } from "./clips.js";
import { makePairs } from "./pairs.js";
import { PRESETS, solve } from "./solve.js";
import { numbers, QUESTIONS, tell } from "./words.js";

export { QUESTIONS };

export const fields = {
  batch: list(Object.values(PRESETS)[0], 1, 5),
  unit: choice("batch", ["batch", "scale"]),
};
const KEYS = ["batch", "unit", "margin", "alpha", "beta"];

export function mount(root, store) {
  const clips = makeClips(store, () => draw());
  const pairs = makePairs(() => draw());
  const presets = Object.entries(PRESETS).map(([text, values]) =>
    html("button", { type: "button", onclick: () => store.set({ batch: values }) }, text),
  );
  const story = html("p", { class: "story", "aria-live": "polite" });
  const table = html("table", { class: "numbers" });
  root.append(
    html("div", { class: "row" }, html("span", { class: "aside" }, "Start from"), ...presets),
    story,
    html("div", { class: "batch-grid" }, clips.element, pairs.element),
    knobs(store),
    html("div", { class: "row" }, normalisation(store, "unit")),
    table,
  );
  makeAsk(root, store, QUESTIONS, { judge: (question) => question.judge(solve(store.get()), store.get()), keys: KEYS });

  let ready = false;
  const draw = onceAFrame(() => {
    if (!ready) return;
    const state = store.get();
    const seen = solve(state);
    const pair = pairs.chosen(seen);
    const clip = pair ? null : clips.chosen();
    clips.draw(state.batch, pair, clip);
    pairs.draw(seen, state, pair, clip);
    story.innerHTML = tell(seen, state, pair, clip);
    table.innerHTML = numbers(seen);
  });
  watchWidth(root, (width) => {
    ready = true;
    if (width >= 760) {
      clips.resize(280, 460);
      pairs.resize(width - 312, 460);
    } else {
      clips.resize(Math.min(width, 340), 380);
      pairs.resize(width, 400);
    }
    draw();
  });
  store.subscribe((_, changed) => changed.some((key) => KEYS.includes(key)) && draw());
}
