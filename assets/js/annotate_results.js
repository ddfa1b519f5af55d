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
      study.goal ? small(words.race, () => openRace(study.id)) : null,
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
  // The race of a study, asked for again while it is open.
  const live = el("section", { class: "q-race", hidden: true, "aria-live": "off" });
  let watched = null;
  const number = (value) => (value === null ? "–" : value.toFixed(2));
  async function openRace(study) {
    watched = study;
    while (watched === study && element.isConnected) {
      const answer = await ask("race", { study });
      if (watched !== study || !answer) break;
      drawRace(study, answer.race);
      if (answer.race.ended) break;
      await new Promise((then) => { setTimeout(then, 3000); });
    }
  }
  function drawRace(study, race) {
    const kept = live.querySelector(".q-danger"); // a question that is being asked stays
    const stop = kept ?? small(words.race_stop, async (event) => {
      const button = event.target;
      if (!button.classList.contains("q-danger")) {
        button.classList.add("q-danger");
        button.textContent = words.race_sure;
        button.onblur = () => { button.classList.remove("q-danger"); button.textContent = words.race_stop; };
        return;
      }
      button.classList.remove("q-danger");
      const answer = await ask("stop_race", { study });
      if (answer) drawRace(study, answer.race);
    });
    const heads = ["race_system", "race_mean", "race_interval", "race_ratings", "race_in"].map((key) => words[key]);
    const rows = race.rows.map((row) => el("tr", { class: row.in ? "" : "q-out" }, el("th", { scope: "row" }, row.system),
      [number(row.mean), row.low === null ? "–" : `${number(row.low)} to ${number(row.high)}`, String(row.ratings), row.in && !race.ended ? words.race_yes : words.race_no]
        .map((text, i) => el("td", { "data-label": heads[i + 1] }, text))));
    live.hidden = false;
    live.replaceChildren(...race.said.map((line) => el("p", {}, line)),
      el("div", { class: "q-scroll" }, el("table", { class: "q-studies" }, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, rows))),
      el("p", { class: "q-hint" }, words.race_note),
      el("div", { class: "q-row q-start" }, race.ended ? null : stop,
        small(words.race_close, () => { watched = null; live.hidden = true; })));
    if (kept) kept.focus();
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
      el("button", { type: "submit", class: "q-button" }, words.show), status)), place, live);
}
