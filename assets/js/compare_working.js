// What is being worked out, and for how long already. value: { text, usual: seconds it took before, or null } or null
import { el, fill } from "./dom.js";

export default function working({ element, props, watch }) {
  const words = props.words;
  let timer = 0;
  function draw() {
    const value = props.value;
    clearInterval(timer);
    element.closest("#compare-views")?.classList.toggle("q-working", Boolean(value));
    if (!value) { element.replaceChildren(); return; }
    const began = Date.now();
    const time = el("span", { "aria-hidden": "true" });
    const tell = () => {
      if (!element.isConnected) clearInterval(timer);
      const seconds = Math.floor((Date.now() - began) / 1000);
      time.textContent = seconds ? fill(value.usual ? words.usual : words.since, { n: seconds, usual: value.usual }) : "";
    };
    timer = setInterval(tell, 1000);
    element.replaceChildren(el("div", { class: "q-status" }, el("span", { role: "status", "aria-live": "polite" }, value.text), time));
  }
  watch("value", draw);
  draw();
}
