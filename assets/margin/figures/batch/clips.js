/** Left in figure 2: a thread for every clip, from its human score to its prediction, which can be dragged. */

import { axisLeft } from "../../axes.js";
import { handle, pointIn } from "../../controls.js";
import { html, linear, makeBoard, svg } from "../../draw.js";
import { fixed } from "../../format.js";
import { HUMAN, NAMES } from "./solve.js";

const KNOB = 21;

export function makeClips(store, redraw) {
  const board = makeBoard({
    role: "group",
    "aria-label": "Twelve clips: human score on the left, prediction on the right",
  });
  const back = board.layer();
  let over = null;
  let y = linear(1, 5, 1, 0);
  const knobs = NAMES.map((name, index) => {
    const circle = svg("circle", { class: "knob", r: 10 });
    const text = svg("text", { class: "knob-text", y: 4, "text-anchor": "middle" }, name);
    const group = svg("g", { "data-handle": `batch${name}` }, svg("circle", { class: "hit", r: 15 }), circle, text);
    board.element.append(group);
    const announce = handle(group, {
      min: 1,
      max: 5,
      step: 0.05,
      vertical: true,
      label: `Clip ${name}, prediction`,
      get: () => store.get().batch[index],
      set: (value) => store.set({ batch: store.get().batch.with(index, value) }),
      at: (event) => y.invert(pointIn(board.element, event).y),
      text: (value) => `${fixed(value)}; people say ${fixed(HUMAN[index], 1)}`,
    });
    const focused = () => /** @type {ShadowRoot} */ (group.getRootNode()).activeElement === group;
    const look = (at) => () => {
      over = at === null && focused() ? over : at;
      redraw();
    };
    for (const event of ["pointerenter", "focus"]) group.addEventListener(event, look(index));
    for (const event of ["pointerleave", "blur"]) group.addEventListener(event, look(null));
    return { group, announce };
  });

  function draw(p, pair, clip) {
    const left = 70;
    const lit = (i) => (pair ? i === pair.i || i === pair.j : i === clip);
    const lighted = (look, i) => (lit(i) ? `${look} lit` : look);
    y = linear(1, 5, board.height - 26, 34);
    const places = p.map(y);
    const shifts = lanes(places, KNOB).map((lane) => lane * KNOB);
    const right = board.width - Math.max(74, 14 + Math.max(...shifts));
    back.begin();
    back.text("people", "label strong", left, 14, "people", "middle");
    back.text("model", "label strong", right + 10, 14, "model", "middle");
    axisLeft(back, "y", y, 30, [1, 2, 3, 4, 5]);
    HUMAN.forEach((score, i) => {
      back.line(`thread ${i}`, lighted("thread", i), left, y(score), right, places[i]);
      back.line(`reach ${i}`, lighted("thread", i), right, places[i], right + shifts[i], places[i]);
    });
    HUMAN.forEach((score, i) => {
      back.circle(`bead ${i}`, lighted("bead", i), left, y(score), 3.5);
      const beside = HUMAN[i + 1] === score ? 23 : 10;
      back.text(`name ${i}`, "tick", left - beside, y(score) + 4, NAMES[i], "end");
    });
    back.end();
    knobs.forEach(({ group, announce }, i) => {
      group.setAttribute("transform", `translate(${right + shifts[i]} ${places[i]})`);
      group.classList.toggle("faded", Boolean(pair) && !lit(i));
      announce();
    });
  }

  return {
    element: html("div", { class: "batch-clips" }, board.element),
    resize: board.resize,
    draw,
    /** The clip below the pointer or with the focus, or null. */
    chosen: () => over,
  };
}

/** Lanes beside each other for marks that would lie on top of each other. */
function lanes(places, size) {
  const result = places.map(() => 0);
  const ends = [];
  for (const i of places.map((_, k) => k).sort((a, b) => places[a] - places[b])) {
    let lane = 0;
    while (ends[lane] !== undefined && places[i] - ends[lane] < size) lane += 1;
    ends[lane] = places[i];
    result[i] = lane;
  }
  return result;
}
