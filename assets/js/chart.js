// A plotly figure that follows the theme, can be saved as PNG or SVG, and tells the server which point was clicked.
// value: { figure: the JSON of { data, layout }, name, alt, audio }, { waiting: text } while one is being made, or null
import { el, fill } from "./dom.js";
import { playhead } from "./playhead.js";

let library = null;
const SOURCE = new URL("../plotly.min.js", import.meta.url).href;

// Fetched when the page has nothing else to do, so that the first figure need not wait for it.
(window.requestIdleCallback ?? setTimeout)(() => document.head.append(el("link", { rel: "prefetch", as: "script", href: SOURCE })));

/** Loads plotly.js once, when the first figure is drawn. */
function plotly() {
  library ??= new Promise((resolve, reject) => {
    const script = el("script", { src: SOURCE });
    script.onload = () => resolve(window.Plotly);
    script.onerror = reject;
    document.head.append(script);
  });
  return library;
}

const AXIS = /^[xy]axis\d*$/;
const LIGHT = { text: "#1d1d1f", grid: "#dcdad5", ground: "#ffffff" };

/** Puts colours of text, grid and ground into a copy of a layout. */
function coloured(layout, { text, grid, ground }, paper = "rgba(0,0,0,0)") {
  const copy = structuredClone(layout);
  copy.paper_bgcolor = paper;
  copy.font = { ...copy.font, color: text };
  copy.hoverlabel = { bgcolor: ground, bordercolor: grid, font: { ...copy.font, color: text }, align: "left" };
  for (const [key, axis] of Object.entries(copy)) {
    if (AXIS.test(key)) Object.assign(axis, { gridcolor: grid, linecolor: grid });
  }
  for (const axis of [copy.polar?.radialaxis, copy.polar?.angularaxis]) {
    if (axis) Object.assign(axis, { gridcolor: grid, linecolor: grid });
  }
  return copy;
}

function pageColours(element) {
  const style = getComputedStyle(element);
  const get = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return {
    text: get("--body-text-color", LIGHT.text),
    grid: get("--border-color-primary", LIGHT.grid),
    ground: get("--background-fill-primary", LIGHT.ground),
  };
}

export default function chart({ element, props, trigger, watch }) {
  const words = props.words;
  const plot = el("div", { class: "q-plot", role: "img" });
  const tools = el("div", { class: "q-tools" }, ["PNG", "SVG"].map((format) => el("button",
    { type: "button", class: "q-button q-quiet q-small", title: fill(words.save, { format }), "aria-label": fill(words.save, { format }),
      onclick: () => save(format.toLowerCase()) }, format)));
  const waiting = el("p", { class: "q-hint q-to-come", role: "status" });
  element.replaceChildren(waiting, plot, tools);
  let line = null;

  async function save(format) {
    const { name } = props.value;
    const figure = JSON.parse(props.value.figure);
    const { width, height } = plot.getBoundingClientRect();
    const picture = { data: figure.data, layout: { ...coloured(figure.layout, LIGHT, LIGHT.ground), width, height } };
    (await plotly()).downloadImage(picture, { format, filename: name, width, height, scale: 2 });
  }

  let draws = 0;
  async function draw() {
    const value = props.value;
    const turn = ++draws;
    line?.remove();
    line = null;
    element.classList.toggle("q-none", !value);
    waiting.textContent = value?.waiting ?? "";
    waiting.hidden = !value?.waiting;
    for (const part of [plot, tools]) part.hidden = !value?.figure;
    if (!value?.figure) return;
    plot.setAttribute("aria-label", value.alt);
    try {
      const Plotly = await plotly();
      if (turn !== draws) return; // a later one draws; the value itself may be handed over anew without having changed
      const config = { displayModeBar: false, responsive: false };
      const figure = JSON.parse(value.figure);
      await Plotly.react(plot, figure.data, coloured(figure.layout, pageColours(element)), config);
      plot.removeAllListeners?.("plotly_click");
      plot.on("plotly_click", ({ points: [point] }) => {
        line?.seek(point.x);
        trigger("select", { curve: point.curveNumber, point: point.pointNumber, x: point.x, y: point.y, data: point.customdata ?? null });
      });
      if (value.audio) line = playhead(plot, () => document.querySelector(value.audio));
    } catch (problem) {
      plot.textContent = words.failed;
      console.warn(problem);
    }
  }

  const redraw = new MutationObserver(draw);
  for (const root of [document.documentElement, document.body]) redraw.observe(root, { attributeFilter: ["class"] });
  const resized = new ResizeObserver(async () => {
    if (plot.isConnected && plot.offsetWidth && plot.data) { (await plotly()).Plots.resize(plot); line?.place(); }
  });
  resized.observe(element);
  watch("value", draw);
  draw();
  return {
    /** Lets go of everything, for a figure that will not be shown again. */
    leave() {
      redraw.disconnect();
      resized.disconnect();
      line?.remove();
      window.Plotly?.purge(plot);
    },
  };
}
