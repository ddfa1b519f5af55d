/** Puts the page into an element: text, style, figures, and the state that lives in the address bar. */

import * as batch from "./figures/batch/index.js";
import * as pair from "./figures/pair/index.js";
import * as train from "./figures/train/index.js";
import * as who from "./figures/who/index.js";
import { html } from "./draw.js";
import { DEFAULTS } from "./losses.js";
import { makeSlides } from "./slides.js";
import { choice, createStore, number, readQuery, word, writeQuery } from "./state.js";

const FIGURES = { pair, batch, who, train };

const FIELDS = {
  margin: number(DEFAULTS.margin, 0, 1),
  alpha: number(DEFAULTS.alpha, 0, 1),
  beta: number(DEFAULTS.beta, 1, 15, 1),
  at: word(""),
  slide: word(""),
  ask: choice("", ["", ...Object.values(FIGURES).flatMap(({ QUESTIONS }) => Object.keys(QUESTIONS))]),
  ...pair.fields,
  ...batch.fields,
  ...who.fields,
  ...train.fields,
};

/**
 * Builds the page inside `host`, apart from the styles of the page around it (a shadow root).
 * @param {HTMLElement} host
 * @param {{moreStudies?: Promise<object[]>}} [options] further score distributions for figure 3, as in distributions.json;
 *   the page does not wait for them
 */
export async function mount(host, { moreStudies = Promise.resolve([]) } = {}) {
  if (host.shadowRoot) return;
  const root = host.attachShadow({ mode: "open" });
  const here = (name) => new URL(name, import.meta.url);
  const [text, distributions, lesson] = await Promise.all([
    fetch(here("page.html")).then((answer) => answer.text()),
    fetch(here("distributions.json")).then((answer) => answer.json()),
    fetch(here("lesson.json")).then((answer) => answer.json()),
  ]);
  const page = html("div", { class: "page" });
  page.innerHTML = text;
  const style = html("link", { rel: "stylesheet", href: here("margin.css").href });
  const styled = new Promise((done) => ["load", "error"].forEach((name) => style.addEventListener(name, done)));
  root.append(style, page);
  await styled;
  followTheme(page);

  const store = createStore(FIELDS, readQuery(FIELDS, location.search));
  keepInAddress(store);
  const context = { studies: distributions.studies, moreStudies };
  for (const [name, figure] of Object.entries(FIGURES)) {
    const place = page.querySelector(`[data-figure="${name}"]`);
    const body = html("div", { class: "figure-body" });
    place.prepend(body);
    figure.mount(body, store, context);
    place.append(tools(name, figure, store, place));
  }
  const slides = makeSlides(page, store, lesson);
  page.querySelector("[data-present]").addEventListener("click", () => slides.open());
  await drawn(page);
  const { at, slide } = store.get();
  page.querySelector(at === "seeds" ? ".seeds" : `[data-figure="${CSS.escape(at)}"]`)?.scrollIntoView();
  if (slide) slides.open(slide);
  page.dataset.ready = "true";
}

/** Waits until the page is seen and every figure has its height, so that what lies below stays where it is. */
async function drawn(page) {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  if (!page.clientWidth) {
    await new Promise((done) => {
      const observer = new ResizeObserver(() => page.clientWidth && (observer.disconnect(), done()));
      observer.observe(page);
    });
  }
  for (let k = 0; k < 3; k++) await frame();
}

/** Takes the theme over from the page around: Gradio marks the body as dark. */
function followTheme(page) {
  const follow = () => {
    const theme = document.body.classList.contains("dark") ? "dark" : "light";
    if (page.dataset.theme === theme) return;
    page.dataset.theme = theme;
    page.dispatchEvent(new CustomEvent("themechange", { bubbles: true }));
  };
  new MutationObserver(follow).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  follow();
}

/** Writes the state into the address bar, a moment after the hand came to rest. */
function keepInAddress(store) {
  let timer = 0;
  store.subscribe(() => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const query = writeQuery(FIELDS, store.get(), location.search);
      history.replaceState(history.state, "", query ? `?${query}` : location.pathname);
      // A Space runs in a frame of huggingface.co: tell the page around, so that its address can be shared, too.
      if (location.hostname.endsWith(".hf.space"))
        window.parent.postMessage({ queryString: query }, "https://huggingface.co");
    }, 250);
  });
}

/** Under every figure: cover it with a question, copy a link to what is seen now, or put it back. */
function tools(name, figure, store, place) {
  const copy = html("button", { type: "button", class: "quiet" }, "Copy a link to this");
  copy.addEventListener("click", async () => {
    const query = writeQuery(FIELDS, { ...store.get(), at: name }, location.search);
    const link = `${location.origin}${location.pathname}?${query}`;
    try {
      await navigator.clipboard.writeText(link);
      copy.textContent = "Copied";
    } catch {
      window.prompt("Copy this link:", link);
    }
    setTimeout(() => (copy.textContent = "Copy a link to this"), 1600);
  });
  const reset = html("button", { type: "button", class: "quiet" }, "Reset");
  reset.addEventListener("click", () => store.reset([...Object.keys(figure.fields), "ask", "margin", "alpha", "beta"]));
  const first = () => {
    store.set({ ask: Object.keys(figure.QUESTIONS)[0] });
    place.scrollIntoView();
  };
  const ask = html("button", { type: "button", class: "quiet", onclick: first }, "Ask first");
  return html("div", { class: "tools" }, ask, copy, reset);
}
