// The report as a file, by one click. value: { busy, done, of, file: { url, name }, said, failed }
import { el, stylesheet } from "./dom.js";
import { save } from "./compare_table.js";

export default function report({ element, props, trigger, watch }) {
  const words = props.words;
  stylesheet("compare");
  let taken = null;
  const offer = (what) => el("div", { class: "q-offer" },
    el("button", { type: "button", class: "q-button q-strong", "data-what": what, onclick: () => trigger("download", { what }) }, words[what]),
    el("p", { class: "q-hint" }, words[`${what}_note`]));
  const status = el("div", { class: "q-status" });
  element.replaceChildren(el("div", { class: "q-report" }, el("h3", {}, words.title), offer("html"), offer("zip"), status,
    el("p", { class: "q-hint" }, words.code, " ", el("code", {}, words.command))));

  async function fetched({ url, name }) {
    const answer = await fetch(url);
    save(name, await answer.blob(), answer.headers.get("content-type"));
  }

  function draw() {
    const { busy, done, of, file, said, failed } = props.value ?? {};
    for (const button of element.querySelectorAll("[data-what]")) button.disabled = Boolean(busy);
    status.classList.toggle("q-failed", Boolean(failed));
    status.replaceChildren(el("span", { role: "status", "aria-live": "polite" }, busy ?? said ?? ""),
      busy ? el("progress", { value: of ? done : null, max: of ?? null, "aria-label": busy }) : "",
      busy ? el("button", { type: "button", class: "q-button q-small", onclick: () => trigger("stop") }, words.stop) : "");
    if (file && file.url !== taken) {
      taken = file.url;
      fetched(file).catch((problem) => { status.textContent = String(problem); });
    }
  }
  watch("value", draw);
  draw();
}
