// The rater's page: reads the link, asks the server, and shows what comes next. Nothing is kept here but the task at hand.
import { el, fill, stylesheet } from "./dom.js";
import { intro } from "./annotate_intro.js";
import { task } from "./annotate_task.js";
import { comparison } from "./annotate_compare.js";
import { copyField } from "./annotate_parts.js";

export default function annotate({ element, props, server }) {
  const words = props.words;
  const wanted = new URLSearchParams(location.search);
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
      const answer = await server[name]({ ...data, rater, study });
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
    address.searchParams.delete("study");
    address.searchParams.set("tab", "annotate");
    address.searchParams.set("rater", token);
    history.replaceState(null, "", address);
  }

  async function begin() {
    if (!rater) {
      const answer = await ask("join");
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
    if (state.phase === "rate") {
      const view = task({ words, about, state, quiet, pause,
        rate: (data) => ask("rate", data).then(async (answer) => answer ?? { stale: (await again()) }),
        undo: () => ask("undo"),
        next: (then) => draw(then) });
      show(view.element);
      leave = view.leave;
    } else if (state.phase === "done") done(state);
    else finished();
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
      el("h2", {}, words.all_rated), el("p", {}, words.all_rated_note),
      el("div", { class: "q-row" },
        state.can_undo && el("button", { type: "button", class: "q-button", onclick: undo }, words.undo),
        el("button", { type: "button", class: "q-button q-strong", onclick: finish }, words.finish))));
  }

  async function finished() {
    const place = el("div", {}, el("p", { class: "q-hint", role: "status" }, words.comparing));
    show(el("section", { class: "q-card-like" }, el("h2", {}, words.finished), place));
    const answer = await ask("compare");
    if (answer) place.replaceChildren(comparison(answer, about, words));
    else place.replaceChildren(el("button", { type: "button", class: "q-button", onclick: finished }, words.retry));
  }

  async function open() {
    const answer = await ask("look");
    if (!answer) {
      if (notice.textContent === words.offline) show(el("button", { type: "button", class: "q-button", onclick: open }, words.retry));
      return;
    }
    about = answer.study;
    document.title = `${about.name} · ${document.title.split(":")[0]}`;
    if (answer.state?.phase === "done" || answer.state?.phase === "finished") draw(answer.state);
    else show(intro({ words, about, state: answer.state, begin }));
  }
  open();
}
