// The rater's page: reads the link, asks the server, and shows what comes next. Nothing is kept here but the task at hand.
import { copyField, el, fill, icon, plain, stylesheet } from "./dom.js";
import chart from "./chart.js";
import { headphones } from "./annotate_headphones.js";
import { trial } from "./annotate_mushra.js";
import { task } from "./annotate_task.js";

/** What a crowd's link tells of a worker, by its names: Prolific's, then Mechanical Turk's. */
const CROWD = { participant: ["PROLIFIC_PID", "workerId"], session: ["SESSION_ID", "assignmentId"], study: ["STUDY_ID", "hitId"] };

export default function annotate({ element, props, server }) {
  let words = props.words; // English, until the server said which language it is
  // The address that the page was opened with: another tab's, such as ?tab=compare&study=NAME, asks nothing of this one.
  const opened = new URL(performance.getEntriesByType("navigation")[0]?.name ?? location.href).searchParams;
  const wanted = opened.get("tab") === "annotate" ? opened : new URLSearchParams();
  let language = wanted.get("lang") ?? "";
  const crowd = Object.fromEntries(Object.entries(CROWD).map(([key, names]) => [key, names.map((name) => wanted.get(name)).find(Boolean) ?? ""]));
  let rater = wanted.get("rater");
  const study = wanted.get("study");
  stylesheet("annotate");
  if (!rater && !study) { element.hidden = true; return; }
  document.body.classList.add("q-rating");

  let about = null; // the study, as it was when the page was opened
  let leave = () => {}; // ends what is shown: keys, sound
  const stage = el("div", { class: "q-rate" });
  const notice = el("p", { class: "q-rate-notice", role: "alert", hidden: true });
  element.replaceChildren(notice, stage);

  function complain(text) {
    notice.textContent = text ?? "";
    notice.hidden = !text;
  }

  /** Asks the server; a connection that fails is a complaint like any other. */
  async function ask(name, data = {}) {
    try {
      const answer = await server[name]({ ...data, rater, study, lang: language, languages: navigator.languages });
      complain(answer.error);
      return answer.error ? null : answer;
    } catch {
      complain(words.offline);
      return null;
    }
  }

  function show(...children) {
    leave();
    leave = () => {};
    stage.replaceChildren(...children.flat().filter(Boolean));
    scrollTo({ top: 0 });
  }

  function personal(token) {
    rater = token;
    const address = new URL(location.href);
    for (const name of ["study", ...Object.values(CROWD).flat()]) address.searchParams.delete(name);
    address.searchParams.set("tab", "annotate");
    address.searchParams.set("rater", token);
    history.replaceState(null, "", address);
  }

  async function begin() {
    if (!rater) {
      const answer = await ask("join", { crowd });
      if (!answer) return;
      personal(answer.rater);
      draw(answer.state, true);
      return;
    }
    const answer = await ask("look");
    if (answer) draw(answer.state, true);
  }

  function pause() {
    show(el("section", { class: "q-card-like q-narrow" },
      el("h2", {}, words.link_title), el("p", {}, words.link_note),
      copyField(location.href, words),
      el("div", { class: "q-row" }, el("button", { type: "button", class: "q-button q-strong", onclick: begin }, words.close))));
  }

  function draw(state, quiet = false) {
    if (state.phase === "headphones") {
      const view = headphones({ words, state, done: async (answers) => { const answer = await ask("hear_headphones", { answers }); if (answer) draw(answer.state); } });
      show(view.element);
      leave = view.leave;
    } else if (state.phase === "unfit") {
      show(el("section", { class: "q-card-like q-narrow q-centred q-unfit" }, el("h2", {}, words.unfit), el("p", {}, words.unfit_note)));
    } else if (state.phase === "rate") {
      const view = (about.page === "sorted" && state.task.axes.length ? trial : task)({ words, about, state, quiet, pause,
        rate: (data) => ask("rate", data).then(async (answer) => answer ?? { stale: (await again()) }),
        undo: () => ask("undo"),
        next: (then) => draw(then) });
      show(view.element);
      leave = view.leave;
    } else if (state.phase === "done") done(state);
    else finished(state);
  }

  /** After a refusal: is the server's task still the one on the page? */
  async function again() {
    const text = notice.textContent;
    const answer = await ask("look");
    complain(text);
    return answer?.state ?? null;
  }

  function done(state) {
    const undo = async () => { const answer = await ask("undo"); if (answer) draw(answer.state, true); };
    const finish = async () => { const answer = await ask("finish"); if (answer) draw(answer.state); };
    show(el("section", { class: "q-card-like q-narrow q-centred" },
      el("h2", {}, state.ended ? words.all_rated_ended : words.all_rated), el("p", {}, words.all_rated_note),
      el("div", { class: "q-row" },
        state.can_undo && el("button", { type: "button", class: "q-button", onclick: undo }, words.undo),
        el("button", { type: "button", class: "q-button q-strong", onclick: finish }, words.finish))));
  }

  async function finished(state) {
    const compared = ["scores", "preference"].includes(about.mode);
    const place = el("div", {}, compared && el("p", { class: "q-hint", role: "status" }, words.comparing));
    show(el("section", { class: "q-card-like" }, el("h2", {}, words.finished), completion(state.completion, words), place));
    if (!compared) return;
    const answer = await ask("compare");
    if (answer) place.replaceChildren(comparison(answer, about, words));
    else place.replaceChildren(el("button", { type: "button", class: "q-button", onclick: () => finished(state) }, words.retry));
  }

  async function open() {
    const answer = await ask("look");
    if (!answer) {
      if (notice.textContent === words.offline) show(el("button", { type: "button", class: "q-button", onclick: open }, words.retry));
      return;
    }
    about = answer.study;
    words = answer.words;
    document.documentElement.lang = answer.lang;
    document.title = `${about.name} · ${document.title.split(":")[0]}`;
    if (answer.state?.phase === "done" || answer.state?.phase === "finished") draw(answer.state);
    else if (about.ended && !answer.state) show(over(words, about));
    else show(intro({ words, about, state: answer.state, begin, lang: answer.lang, languages: answer.languages, speak }));
  }
  function speak(code) {
    language = code;
    const address = new URL(location.href);
    address.searchParams.set("lang", code);
    history.replaceState(null, "", address);
    open();
  }
  open();
}

/** A study that has all it needs: nobody is asked to begin. */
const over = (words, about) => el("section", { class: "q-card-like q-narrow q-centred q-over-now" },
  el("p", { class: "q-over" }, about.name), el("h2", {}, words.ended), el("p", {}, words.ended_note));

// What a rater reads before the first clip --------------------------------------------------------------------

/** The code that a crowd's worker gives back, and the way back. */
function completion(told, words) {
  if (!told) return null;
  return el("div", { class: "q-completion" }, el("h3", {}, words.completion), el("p", {}, words.completion_note),
    copyField(told.code, { ...words, link_title: words.completion }),
    told.link && el("div", { class: "q-row q-start" }, el("a", { class: "q-button q-strong", href: told.link }, words.return)));
}

function intro({ words, about, state, begin, lang, languages, speak }) {
  const pairs = about.mode === "preference";
  const chooser = el("select", { "aria-label": words.language, onchange: () => speak(chooser.value) },
    Object.entries(languages).map(([code, name]) => el("option", { value: code, selected: code === lang }, name)));
  const lines = [
    words[`intro_${about.mode}`],
    about.seconds > 0 && fill(words.intro_heard, { seconds: plain(about.seconds) }),
    about.repeats && words.intro_repeats,
    about.checks && (pairs ? words.intro_checks_pairs : words.intro_checks),
    about.open && words.intro_open,
    words.intro_ear,
  ].filter(Boolean);
  const start = el("button", { type: "button", class: "q-button q-strong q-large", onclick: async () => {
    start.disabled = true;
    await begin();
    start.disabled = false;
  } }, words.begin);
  const asked = about.mode !== "scores"
    ? el("p", { class: "q-question" }, about.question)
    : el("dl", { class: "q-asked" }, about.scales.map((scale) => el("div", {},
      el("dt", {}, scale.name, el("span", {}, `${plain(scale.low)}–${plain(scale.high)}`)), el("dd", {}, scale.definition))));
  return el("section", { class: "q-card-like q-narrow q-intro" },
    el("div", { class: "q-language" }, el("p", { class: "q-over" }, words.title), chooser),
    el("h2", {}, about.name),
    about.instructions && el("div", { class: "q-instructions" }, about.instructions.split(/\n+/).map((line) => el("p", {}, line))),
    el("ul", {}, lines.map((line) => el("li", {}, line))),
    el("h3", {}, words.what), asked,
    el("details", { class: "q-wide-only" }, el("summary", {}, words.keys), keyList(words[`keys_${about.mode}`])),
    el("p", { class: "q-hint" }, words.intro_private),
    el("div", { class: "q-row q-start" }, start,
      state && state.done > 0 && el("span", { class: "q-hint" }, fill(words.progress, { at: state.done, total: state.total }))));
}

/** The keys, from "key|what it does;…". */
function keyList(text) {
  return el("dl", { class: "q-keys" }, text.split(";").map((pair) => pair.split("|")).map(([key, does]) =>
    el("div", {}, el("dt", {}, key.split(/(?= \/ )|(?<= \/ )/).map((part) => (part.trim() === "/" ? part : el("kbd", {}, part)))), el("dd", {}, does))));
}

// After finishing: own scores beside the predictor's and the panel's ------------------------------------------

const PLAY = "M8 5.5v13l11-6.5z";

function comparison({ notes, rows, chart: figure }, about, words) {
  const pairs = about.mode === "preference";
  const say = (value) => {
    if (value === null) return words.none;
    if (!pairs) return Number.isInteger(value) ? plain(value) : value.toFixed(2);
    return value === 0.5 ? words.tie : value > 0.5 ? words.left_better : words.right_better;
  };
  const audio = el("audio", {});
  const queue = [];
  audio.addEventListener("ended", () => play(queue.shift()));
  const play = (name) => {
    if (!name) return;
    audio.src = `qamro/listen/${encodeURIComponent(name)}`;
    audio.play().catch(() => {});
  };
  const hear = (row) => el("button", { type: "button", class: "q-icon", "aria-label": fill(words.hear, { n: row.number }), onclick: () => {
    queue.length = 0;
    queue.push(...row.audio.slice(1));
    play(row.audio[0]);
  } }, icon(PLAY, 18));

  const plot = el("div", { id: "annotate-chart" });
  if (figure) chart({ element: plot, props: { value: figure, words }, trigger() {}, watch() {} });
  const table = el("div", { class: "q-scroll" }, el("table", { class: "q-compare" },
    el("thead", {}, el("tr", {}, ["clip", !pairs && "axis", "yours", "predicted", "panel"].filter(Boolean).map((key) => el("th", { scope: "col" }, words[key])))),
    el("tbody", {}, rows.map((row) => el("tr", {},
      el("th", { scope: "row" }, hear(row), String(row.number)), !pairs && el("td", {}, row.axis),
      el("td", {}, say(row.own)), el("td", {}, say(row.predicted)), el("td", {}, say(row.panel)))))));
  return el("div", { class: "q-comparison" },
    el("ul", { class: "q-notes" }, notes.map((note) => el("li", {}, note))),
    figure && el("p", { class: "q-hint" }, words.figure_note), figure && plot,
    el("details", { open: !figure }, el("summary", {}, words.list), table), audio);
}
