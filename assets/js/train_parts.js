// What the parts of the Train tab share.
import { el } from "./dom.js";

/** Brings the tab's style sheet in, once. */
export function style() {
  const href = new URL("../css/train.css", import.meta.url).href;
  if (!document.querySelector(`link[href="${href}"]`)) document.head.append(el("link", { rel: "stylesheet", href }));
}
