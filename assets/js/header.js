// The head of the page: name, one line about it, and the switch between light and dark.
import { el, icon, ICONS } from "./dom.js";

export default function header({ element, props, trigger }) {
  const { title, tagline, theme } = props.words;
  const button = el("button", { type: "button", class: "q-icon", "aria-label": theme, title: theme, onclick: () => { window.qamroTheme.toggle(); draw(); } });
  const draw = () => button.replaceChildren(icon(window.qamroTheme.dark() ? ICONS.sun : ICONS.moon, 20));
  element.replaceChildren(el("header", { class: "q-header" },
    el("img", { src: new URL("../logo.svg", import.meta.url).href, alt: "", width: 34, height: 34 }),
    el("div", { class: "q-grow" }, el("h1", {}, title), el("p", {}, tagline)),
    button));
  draw();
  window.addEventListener("popstate", () => trigger("select")); // the tab of the address opens
}
