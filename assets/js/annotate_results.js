// The owner's list of studies, with links and downloads. value: { locked }: whether this server has an owner's token
import { copy, el, fill, stylesheet } from "./dom.js";
import { LINK } from "./annotate_setup.js";

export default function results({ element, props, server }) {
  const words = props.words;
  stylesheet("annotate");
  const heading = el("div", { class: "q-heading" }, el("h2", {}, words.title), el("p", { class: "q-hint" }, props.value.locked ? words.note : words.none_set));
  if (!props.value.locked) { element.replaceChildren(heading); return; }
  const token = el("input", { type: "password", name: "token", autocomplete: "current-password" });
  const status = el("p", { class: "q-say", role: "status", "aria-live": "polite" });
  const place = el("div");
  const say = (text, failed = false) => { status.textContent = text ?? ""; status.classList.toggle("q-failed", failed); };

  async function ask(name, data = {}) {
    const answer = await server[name]({ token: token.value, ...data }).catch((problem) => ({ error: String(problem) }));
    say(answer.error, true);
    return answer.error ? null : answer;
  }
  async function download(study, audio) {
    say(words.preparing);
    const answer = await ask("download", { study, audio });
    if (answer) el("a", { href: answer.url, download: answer.name }).click();
  }
  const small = (text, act) => el("button", { type: "button", class: "q-button q-small", onclick: act }, text);
  const row = (study) => el("tr", {},
    el("th", { scope: "row" }, study.name), ...["raters", "finished", "rated"].map((key) => el("td", { "data-label": words[key] }, String(study[key]))),
    el("td", { class: "q-acts" },
      small(words.copy, async (event) => { if (await copy(LINK(`study=${encodeURIComponent(study.id)}`))) event.target.textContent = words.copied; }),
      small(words.download, () => download(study.id, false)), small(words.download_audio, () => download(study.id, true)),
      small(words.delete, (event) => remove(event.target, study))));
  /** The first press asks, the second deletes; leaving the button takes the question back. */
  async function remove(button, study) {
    if (!button.classList.contains("q-danger")) {
      button.classList.add("q-danger");
      button.textContent = fill(words.sure, study);
      button.onblur = () => { button.classList.remove("q-danger"); button.textContent = words.delete; };
      return;
    }
    const answer = await ask("delete", { study: study.id });
    if (!answer) return;
    list(answer);
    say(fill(words.deleted, study));
  }
  async function show(event) {
    event.preventDefault();
    list(await ask("overview"));
  }
  function list(answer) {
    if (!answer) { place.replaceChildren(); return; }
    if (!answer.studies.length) { place.replaceChildren(el("p", {}, words.empty)); return; }
    place.replaceChildren(el("div", { class: "q-scroll" }, el("table", { class: "q-studies" },
      el("thead", {}, el("tr", {}, ["study", "raters", "finished", "rated"].map((key) => el("th", { scope: "col" }, words[key])), el("th", {}, el("span", { class: "q-hidden" }, words.download)))),
      el("tbody", {}, answer.studies.map(row)))));
  }
  element.replaceChildren(heading, el("form", { class: "q-setup", onsubmit: show },
    el("div", { class: "q-row q-start" }, el("label", { class: "q-field" }, el("span", {}, words.token), token),
      el("button", { type: "submit", class: "q-button" }, words.show), status)), place);
}
