// Small helpers that every module of the page uses.

/** Makes an element. Children that are strings go in as text, never as HTML. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [name, text] of Object.entries(value)) node.style.setProperty(name, text);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Fills {names} in a text; whole numbers get their thousands set apart. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => {
  const value = values[name] ?? "";
  return Number.isInteger(value) ? value.toLocaleString("en-GB") : value;
});

/** An icon that is drawn with the text's colour; decoration only. */
export function icon(path, size = 20) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  const attributes = {
    viewBox: "0 0 24 24", width: size, height: size, fill: "none", stroke: "currentColor",
    "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
  };
  for (const [name, value] of Object.entries(attributes)) picture.setAttribute(name, value);
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  picture.append(line);
  return picture;
}

export const ICONS = {
  wave: "M3 12h2l2-6 3 14 3-18 3 14 2-4h3",
  close: "M6 6l12 12M18 6L6 18",
  sun: "M12 4V2M12 22v-2M4 12H2M22 12h-2M5.6 5.6L4.2 4.2M19.8 19.8l-1.4-1.4M18.4 5.6l1.4-1.4M4.2 19.8l1.4-1.4M12 8a4 4 0 100 8 4 4 0 000-8z",
  moon: "M20 14.5A8.5 8.5 0 019.5 4 8.5 8.5 0 1020 14.5z",
  play: "M8 5v14l11-7z",
  pause: "M9 5v14M15 5v14",
  note: "M9 18V6l10-2v12M9 18a2.5 2.5 0 11-5 0 2.5 2.5 0 015 0zM19 16a2.5 2.5 0 11-5 0 2.5 2.5 0 015 0z",
};

const TAIL = 10;

/** A name that gives up its middle where it has too little place, so that the end, which tells names apart, stays. */
export function middle(name) {
  const letters = [...name];
  if (letters.length <= TAIL + 4) return el("span", { class: "q-middle", title: name }, el("span", {}, name));
  const cut = letters.length - TAIL;
  return el("span", { class: "q-middle", title: name }, el("span", {}, letters.slice(0, cut).join("")), el("span", {}, letters.slice(cut).join("")));
}

/** Loads a style sheet of assets/css once. */
export function stylesheet(name) {
  const href = new URL(`../css/${name}.css`, import.meta.url).href;
  if (!document.querySelector(`link[href="${href}"]`)) document.head.append(el("link", { rel: "stylesheet", href }));
}

/** Copies a text; where the browser forbids it (no secure connection), selects it for the visitor to copy. */
export async function copy(text, field) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    field?.select();
    return field ? document.execCommand("copy") : false;
  }
}

/** A text to copy with its button. */
export function copyField(text, words) {
  const field = el("input", { type: "text", readonly: true, value: text, "aria-label": words.link_title ?? words.copy, onclick: () => field.select() });
  const button = el("button", { type: "button", class: "q-button", onclick: async () => {
    if (await copy(text, field)) { button.textContent = words.copied; setTimeout(() => { button.textContent = words.copy; }, 2000); }
  } }, words.copy);
  return el("div", { class: "q-copy" }, field, button);
}

export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** The number of a score as people write it: no needless zeros. */
export const plain = (value) => (Number.isInteger(value) ? String(value) : String(Number(value.toFixed(2))));
