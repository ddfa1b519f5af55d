// Plans a study: two sliders, one picture (share of pairs told apart over the number of ratings), one sentence.
// value: { numbers: { between, clips, raters, rest, systems }, from, problem, clips: [n], ratings: [m], apart: [[share]] } or null
import { el, fill, stylesheet } from "./dom.js";

const [HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [300, 46, 38, 14, 40];
const FIELDS = ["systems", "between", "clips", "raters", "rest"];

/** A node of a drawing. */
function draw(tag, attributes, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  return node;
}

/** The share at a number of clips, straight between those that were worked out. */
export function shareAt(value, clips, m) {
  const row = value.apart[value.ratings.indexOf(m)];
  const k = value.clips.findIndex((n) => n >= clips);
  if (k < 0) return row.at(-1);
  if (k === 0) return row[0];
  const [low, high] = [value.clips[k - 1], value.clips[k]];
  return row[k - 1] + ((row[k] - row[k - 1]) * (clips - low)) / (high - low);
}

/** Another spread of no more ratings that tells most apart, as { n, m, share }; null where none tells visibly more. */
export function better(value, clips, m) {
  const most = value.clips.at(-1);
  const others = value.ratings.filter((each) => each !== m).map((each) => ({ n: Math.min(most, Math.floor((clips * m) / each)), m: each })).filter(({ n }) => n >= 2);
  const best = others.map((each) => ({ ...each, share: shareAt(value, each.n, each.m) })).sort((a, b) => b.share - a.share)[0];
  return best && Math.round(100 * best.share) > Math.round(100 * shareAt(value, clips, m)) ? best : null;
}

export default function plan({ element, props, trigger, watch }) {
  const words = props.words;
  stylesheet("compare");
  const slider = (max, value, label) => el("input", { type: "range", min: 0, max, value, "aria-label": label, oninput: () => show() });
  const clips = slider(1, 1, words.clips);
  const times = slider(1, 1, words.times);
  const [clipsTold, timesTold] = [el("output", {}), el("output", {})];
  const sentence = el("p", { class: "q-plan-says", role: "status" });
  const picture = el("div", { class: "q-plan-picture" });
  const from = el("p", { class: "q-hint" });
  const inputs = Object.fromEntries(FIELDS.map((key) => [key, el("input", { type: "text", inputmode: "decimal", name: key, autocomplete: "off" })]));
  const typed = new Set();
  for (const [key, input] of Object.entries(inputs)) input.addEventListener("input", () => { typed.add(key); });
  const form = el("form", { class: "q-plan-numbers", onsubmit: (event) => { event.preventDefault(); ask(); } },
    FIELDS.map((key) => el("label", { class: "q-field" }, el("span", {}, words[key === "clips" ? "clips_sd" : key]), inputs[key])),
    el("button", { type: "submit", class: "q-button q-small" }, words.again),
    el("button", { type: "button", class: "q-button q-small q-quiet", onclick: () => { typed.clear(); ask(); } }, words.reset));
  const ask = () => trigger("submit", { typed: Object.fromEntries([...typed].map((key) => [key, inputs[key].value])) });
  const parts = el("div", {},
    el("div", { class: "q-plan-sliders" },
      el("label", { class: "q-field" }, el("span", {}, words.clips, " ", clipsTold), clips), el("label", { class: "q-field" }, el("span", {}, words.times, " ", timesTold), times)),
    sentence, picture);
  element.replaceChildren(el("div", { class: "q-plan" }, parts, form, from));

  const chosen = () => ({ n: Number(clips.value), m: props.value.ratings[Number(times.value)] });
  const percent = (share) => `${Math.round(100 * share)} %`;
  const often = (m) => (m === 1 ? words.once : fill(words.often, { m }));

  function show() {
    const value = props.value;
    const { n, m } = chosen();
    const k = value.numbers.systems;
    clipsTold.textContent = String(n);
    timesTold.textContent = String(m);
    const best = better(value, n, m);
    const told = { n, often: often(m), systems: k, total: k * n * m, share: percent(shareAt(value, n, m)), pairs: (k * (k - 1)) / 2 };
    const more = best ? fill(words.more, { n: best.n, often: often(best.m), share: percent(best.share),
      same: best.n * best.m === n * m ? words.as_many : fill(words.fewer, { total: k * best.n * best.m }) }) : words.none_better;
    sentence.textContent = fill(k === 2 ? words.two : words.says, told) + more;
    paint(value, n, m);
  }

  // Drawn anew for each width, so that its letters keep their size on a phone.
  function paint(value, n, m) {
    const WIDTH = picture.clientWidth || 640;
    const k = value.numbers.systems;
    const [least, most] = [Math.log(k * value.clips[0]), Math.log(k * value.clips.at(-1) * value.ratings.at(-1))];
    const x = (total) => LEFT + ((Math.log(total) - least) / (most - least)) * (WIDTH - LEFT - RIGHT);
    const y = (share) => HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
    const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words.alt });
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      svg.append(draw("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(share), y2: y(share), class: "q-grid" }));
      svg.append(draw("text", { x: LEFT - 6, y: y(share) + 4, "text-anchor": "end" }, percent(share)));
    }
    for (let at = 10; at < Math.exp(most); at *= 10) {
      if (at > Math.exp(least)) svg.append(draw("text", { x: x(at), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, at.toLocaleString("en-GB")));
    }
    svg.append(draw("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, words.across));
    let ended = [-99, -99];
    for (const each of [...new Set([1, 5, 20, m])].sort((a, b) => a - b)) {
      const points = value.clips.map((clip) => [x(k * clip * each), y(shareAt(value, clip, each))]);
      const line = draw("polyline", { points: points.map((point) => point.join(",")).join(" "), class: each === m ? "q-line q-mine" : "q-line" });
      svg.append(line);
      const [endX, endY] = points.at(-1);
      if (Math.abs(endY - ended[1]) > 12 || Math.abs(endX - ended[0]) > 32 || each === m) svg.append(draw("text", { x: endX + 5, y: endY + 4, class: each === m ? "q-mine" : "" }, `× ${each}`));
      ended = [endX, endY];
    }
    const here = [x(k * n * m), y(shareAt(value, n, m))];
    svg.append(draw("line", { x1: here[0], x2: here[0], y1: TOP, y2: HEIGHT - BOTTOM, class: "q-budget" }));
    svg.append(draw("circle", { cx: here[0], cy: here[1], r: 6, class: "q-here" }));
    svg.append(draw("text", { x: here[0], y: TOP - 3, "text-anchor": "middle", class: "q-mine" }, (k * n * m).toLocaleString("en-GB")));
    picture.replaceChildren(svg);
  }

  let width = 0;
  new ResizeObserver(() => {
    if (props.value && !props.value.problem && picture.clientWidth && picture.clientWidth !== width) { width = picture.clientWidth; show(); }
  }).observe(picture);

  let begun = false;
  function fresh() {
    const value = props.value;
    element.hidden = !value;
    if (!value) return;
    for (const key of FIELDS) inputs[key].value = value.numbers[key];
    from.textContent = value.problem || value.from;
    from.classList.toggle("q-failed", Boolean(value.problem));
    parts.hidden = Boolean(value.problem);
    if (value.problem) return;
    clips.min = value.clips[0];
    clips.max = value.clips.at(-1);
    times.max = value.ratings.length - 1;
    if (!begun) { clips.value = 20; times.value = value.ratings.indexOf(5); }
    begun = true;
    show();
  }
  watch("value", fresh);
  fresh();
}
