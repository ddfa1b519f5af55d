// What a rater reads before the first clip.
import { el, fill } from "./dom.js";
import { keyList, plain } from "./annotate_parts.js";

export function intro({ words, about, state, begin }) {
  const pairs = about.mode === "preference";
  const lines = [
    pairs ? words.intro_pairs : words.intro_clips,
    about.seconds > 0 && fill(words.intro_heard, { seconds: plain(about.seconds) }),
    about.repeats && words.intro_repeats,
    about.checks && (pairs ? words.intro_checks_pairs : words.intro_checks),
    words.intro_ear,
  ].filter(Boolean);
  const start = el("button", { type: "button", class: "q-button q-strong q-large", onclick: async () => {
    start.disabled = true;
    await begin();
    start.disabled = false;
  } }, words.begin);
  const asked = pairs
    ? el("p", { class: "q-question" }, about.question)
    : el("dl", { class: "q-asked" }, about.scales.map((scale) => el("div", {},
      el("dt", {}, scale.name, el("span", {}, `${plain(scale.low)}–${plain(scale.high)}`)), el("dd", {}, scale.definition))));
  return el("section", { class: "q-card-like q-narrow q-intro" },
    el("p", { class: "q-over" }, words.title),
    el("h2", {}, about.name),
    about.instructions && el("div", { class: "q-instructions" }, about.instructions.split(/\n+/).map((line) => el("p", {}, line))),
    el("ul", {}, lines.map((line) => el("li", {}, line))),
    el("h3", {}, words.what), asked,
    el("details", { class: "q-wide-only" }, el("summary", {}, words.keys), keyList(pairs ? words.keys_pairs : words.keys_scores)),
    el("p", { class: "q-hint" }, words.intro_private),
    el("div", { class: "q-row q-start" }, start,
      state && state.done > 0 && el("span", { class: "q-hint" }, fill(words.progress, { at: state.done, total: state.total }))));
}
