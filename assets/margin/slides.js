/** The lesson as a presentation: one figure at a time over the whole window, as large as it fits. Arrows, R, Escape. */

import { html } from "./draw.js";
import { readQuery } from "./state.js";

const LAYOUT = 1040; // a figure is laid out about as wide as on the page, and enlarged from there
const SMALLER = 0.95;
const FORTH = ["ArrowRight", "ArrowDown", "PageDown"];
const BACK = ["ArrowLeft", "ArrowUp", "PageUp"];
/** What has a use of its own for arrow keys. */
const OWN_KEYS = "input, select, [role=slider], [role=application]";

/**
 * @param {HTMLElement} page what is shown otherwise; it moves into the dialog and back
 * @param {ReturnType<typeof import("./state.js").createStore>} store its field `slide` names the step that is shown
 * @param {{name: string, title: string, figure: string, query: string, shows: string[]}[]} lesson lesson.json
 */
export function makeSlides(page, store, lesson) {
  // A step that only shows another one's answer is reached by its Reveal.
  const steps = lesson.filter(({ query }, k) => !query || query !== lesson[k - 1]?.query);
  const title = html("h2", { class: "slide-title" });
  const count = html("span", {});
  const button = (text, action) => html("button", { type: "button", onclick: action }, text);
  const [back, forth] = [button("‹ Back", () => go(-1)), button("Next ›", () => go(1))];
  const hint = html("span", {}, "Arrow keys turn, R reveals");
  const close = html("button", { type: "button", class: "quiet", onclick: () => leave() }, "Close (Esc)");
  const bar = html("div", { class: "slide-bar" }, back, count, forth, hint, html("span", { class: "q-grow" }), close);
  const dialog = html("dialog", { class: "slides", "aria-label": "The lesson, one figure at a time" }, title, bar);
  page.after(dialog);
  let turn = 0;

  const at = () => Math.max(0, steps.findIndex(({ name }) => name === store.get().slide));

  function go(by) {
    const next = steps[Math.min(steps.length - 1, Math.max(0, at() + by))];
    if (next.name !== store.get().slide) show(next);
  }

  /** Sets the page to a step, and shows of it what belongs on the slide. */
  function show(step) {
    const initial = Object.fromEntries(Object.entries(store.fields).map(([key, field]) => [key, field.initial]));
    store.set({ ...initial, ask: "" });
    store.set({ ...readQuery(store.fields, step.query), slide: step.name });
    for (const each of page.querySelectorAll(".on-slide")) each.classList.remove("on-slide");
    const figure = page.querySelector(`[data-figure="${step.figure}"]`);
    figure.closest("section").classList.add("on-slide");
    for (const part of figure.querySelector(".figure-body").children) {
      const asked = step.query.includes("m.ask") && part.matches(".questions");
      part.classList.toggle("off-slide", !asked && !step.shows.some((selector) => part.matches(selector)));
    }
    title.textContent = step.title;
    count.textContent = `${at() + 1} of ${steps.length}`;
    [back.disabled, forth.disabled] = [at() === 0, at() === steps.length - 1];
    if (back.disabled) forth.focus();
    if (forth.disabled) back.focus();
    fit();
  }

  /** Enlarges the figure until it just fits; where it does not fit at the size of the page, it scrolls. */
  async function fit(largest = dialog.clientWidth / LAYOUT) {
    const mine = ++turn;
    dialog.dataset.fits = "false";
    dialog.classList.toggle("fresh", largest >= dialog.clientWidth / LAYOUT); // nobody need see it shrink
    for (let zoom = Math.max(1, largest); ; zoom = Math.max(1, zoom * SMALLER)) {
      page.style.zoom = String(zoom);
      for (let k = 0; k < 3; k++) await new Promise((done) => requestAnimationFrame(done));
      if (mine !== turn) return;
      if (zoom === 1 || page.scrollHeight <= page.clientHeight + 1) break;
    }
    page.scrollTop = 0;
    dialog.dataset.fits = "true";
    dialog.classList.remove("fresh");
  }

  function open(name) {
    dialog.dataset.theme = page.dataset.theme;
    title.after(page);
    dialog.showModal();
    show(lesson.find((step) => step.name === name) ?? steps[0]);
    forth.focus();
  }

  function leave() {
    turn += 1;
    const figure = page.querySelector(".on-slide figure");
    page.style.zoom = "";
    dialog.before(page);
    dialog.close();
    for (const part of page.querySelectorAll(".on-slide, .off-slide")) part.classList.remove("on-slide", "off-slide");
    store.set({ slide: "" });
    figure?.scrollIntoView();
    page.querySelector("[data-present]").focus({ preventScroll: true });
  }

  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    leave();
  });
  dialog.addEventListener("keydown", (event) => {
    const target = /** @type {Element} */ (event.composedPath()[0]);
    if (event.altKey || event.ctrlKey || event.metaKey || target.closest?.(OWN_KEYS)) return;
    const by = FORTH.includes(event.key) ? 1 : BACK.includes(event.key) ? -1 : 0;
    if (!by) return;
    event.preventDefault();
    go(by);
  });
  window.addEventListener("resize", () => dialog.open && fit());
  page.addEventListener("answered", () => dialog.open && fit(Number(page.style.zoom)));
  page.addEventListener("themechange", () => (dialog.dataset.theme = page.dataset.theme));
  return { open };
}
