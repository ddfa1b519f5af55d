// Small parts that several views of the Annotate tab share.
import { el } from "./dom.js";

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

/** The keys, from "key|what it does;…". */
export function keyList(text) {
  return el("dl", { class: "q-keys" }, text.split(";").map((pair) => pair.split("|")).map(([key, does]) =>
    el("div", {}, el("dt", {}, key.split(/(?<= or )|(?= or )/).map((part) => (part.trim() === "or" ? part : el("kbd", {}, part)))), el("dd", {}, does))));
}

export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** The number of a score as people write it: no needless zeros. */
export const plain = (value) => (Number.isInteger(value) ? String(value) : String(Number(value.toFixed(2))));

export const LINK = (query) => new URL(`?tab=annotate&${query}`, new URL(document.baseURI)).href;
