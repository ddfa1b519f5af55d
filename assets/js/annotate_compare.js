// After finishing: own scores beside the predictor's and the panel's.
import { el, fill, icon } from "./dom.js";
import chart from "./chart.js";
import { plain } from "./annotate_parts.js";

const PLAY = "M8 5.5v13l11-6.5z";

export function comparison({ notes, rows, chart: figure }, about, words) {
  const pairs = about.mode === "preference";
  const say = (value) => {
    if (value === null) return words.none;
    if (!pairs) return Number.isInteger(value) ? plain(value) : value.toFixed(2);
    return value === 0.5 ? words.tie : value > 0.5 ? words.left_better : words.right_better;
  };
  const audio = el("audio", {});
  const queue = [];
  audio.addEventListener("ended", () => play(queue.shift()));
  const play = (name) => {
    if (!name) return;
    audio.src = `qamro/listen/${encodeURIComponent(name)}`;
    audio.play().catch(() => {});
  };
  const hear = (row) => el("button", { type: "button", class: "q-icon", "aria-label": fill(words.hear, { n: row.number }), onclick: () => {
    queue.length = 0;
    queue.push(...row.audio.slice(1));
    play(row.audio[0]);
  } }, icon(PLAY, 18));

  const plot = el("div", { id: "annotate-chart" });
  if (figure) chart({ element: plot, props: { value: figure, words }, trigger() {}, watch() {} });
  const table = el("div", { class: "q-scroll" }, el("table", { class: "q-compare" },
    el("thead", {}, el("tr", {}, ["clip", !pairs && "axis", "yours", "predicted", "panel"].filter(Boolean).map((key) => el("th", { scope: "col" }, words[key])))),
    el("tbody", {}, rows.map((row) => el("tr", {},
      el("th", { scope: "row" }, hear(row), String(row.number)), !pairs && el("td", {}, row.axis),
      el("td", {}, say(row.own)), el("td", {}, say(row.predicted)), el("td", {}, say(row.panel)))))));
  return el("div", { class: "q-comparison" },
    el("ul", { class: "q-notes" }, notes.map((note) => el("li", {}, note))),
    figure && el("p", { class: "q-hint" }, words.figure_note), figure && plot,
    el("details", { open: !figure }, el("summary", {}, words.list), table), audio);
}
