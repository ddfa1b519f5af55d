// A Share button: a link to what is shown, and the same as a file.
// value: null (no button) or { ready, busy, said, url: of the page, relative to the app's, name: of its file }
import { copyField, el } from "./dom.js";

export default function share({ element, props, trigger, watch }) {
  const words = props.words;
  const button = el("button", { type: "button", class: "q-button q-small", "aria-expanded": "false", onclick: () => (panel.hidden ? ask() : close()) }, words.share);
  const panel = el("div", { class: "q-share-panel", role: "group", "aria-label": words.link, hidden: true });
  element.replaceChildren(button, panel);

  function open(...content) {
    panel.replaceChildren(...content);
    panel.hidden = false;
    panel.classList.remove("q-left");
    panel.classList.toggle("q-left", panel.getBoundingClientRect().left < element.closest(".tabitem, main, body").getBoundingClientRect().left);
    button.setAttribute("aria-expanded", "true");
  }
  function close() {
    panel.hidden = true;
    button.setAttribute("aria-expanded", "false");
  }
  function ask() {
    open(el("span", { role: "status" }, words.busy));
    trigger("download");
  }

  function draw() {
    const { ready, busy, said, url, name } = props.value ?? {};
    button.hidden = !ready;
    if (busy) return;
    if (said) open(el("span", { role: "status" }, said));
    else if (url) {
      const link = new URL(url, document.baseURI).href;
      open(copyField(link, { link_title: words.link, copy: words.copy, copied: words.copied }),
        el("p", { class: "q-share-ways" }, el("a", { href: link, target: "_blank", rel: "noopener" }, words.open), " ",
          el("a", { href: link, download: name }, words.save)),
        el("p", { class: "q-hint", role: "status" }, words.note));
    } else close();
  }
  addEventListener("pointerdown", (event) => { if (!element.contains(event.target)) close(); });
  element.addEventListener("keydown", (event) => { if (event.key === "Escape" && !panel.hidden) { close(); button.focus(); } });
  watch("value", draw);
  draw();
}
