// The form that sets a listening study up, and the link that comes of it.
// value: { axes: [{ key, name, low, high }], locked, closed, made: null | { busy } | { error, turn } | { study, name, clips, owner } }
import { copyField, el, fill, plain, stylesheet } from "./dom.js";
import { dropZone } from "./dropzone.js";

/** The address of the tab with a query. */
export const LINK = (query) => new URL(`?tab=annotate&${query}`, new URL(document.baseURI)).href;

export default function setup({ element, props, trigger, upload, watch }) {
  const words = props.words;
  stylesheet("annotate");
  const sent = [];
  let source = "upload";
  let mode = "scores";

  const field = (label, input, wide = false) => el("label", { class: `q-field${wide ? " q-wide" : ""}` }, el("span", {}, label), input);
  const text = (name, hint = "") => el("input", { type: "text", name, placeholder: hint, autocomplete: "off" });
  const count = (name, value, hint = "") => el("input", { type: "number", name, min: 0, step: name === "seconds" ? 0.5 : 1, value, placeholder: hint });
  const area = (name, hint, rows) => el("textarea", { name, rows, placeholder: hint });
  const option = (group, value, title, note) => el("label", { class: "q-option" },
    el("input", { type: "radio", name: group, value, checked: value === { source, mode }[group], onchange: () => { choose(group, value); } }),
    el("span", {}, el("strong", {}, title), el("span", { class: "q-hint" }, note)));

  // Clips that another tab hands over; until it does, nobody is offered them.
  const handed = option("source", "handed", words.handed, words.handed_note);
  handed.hidden = true;
  let taken = 0;
  function take(offer) {
    taken = offer.turn;
    handed.hidden = false;
    handed.querySelector(".q-hint").textContent = fill(words.handed_note, { n: offer.clips });
    handed.querySelector("input").checked = true;
    choose("source", "handed");
    const known = axes.some(({ key }) => key === offer.axis);
    for (const box of form.querySelectorAll("[name=axes]")) box.checked = box.value === offer.axis;
    if (!known) form.elements.own.value = fill(words.own_of, offer);
    form.hidden = false;
    result.hidden = true;
  }

  // Files ----------------------------------------------------------------------------------------------------
  const told = el("span", { class: "q-told", role: "status" });
  const forget = el("button", { type: "button", class: "q-button q-quiet q-small", onclick: () => { sent.length = 0; tellFiles(); } }, words.remove);
  const ready = el("div", { class: "q-row q-start", hidden: true }, told, forget);
  const tellFiles = () => {
    told.textContent = sent.length ? fill(sent.length === 1 ? words.chosen_one : words.chosen, { n: sent.length }) : "";
    ready.hidden = !sent.length;
  };
  const zone = dropZone({ words: { ...words, failed: words.upload_failed }, upload, testid: "study-files", also: /\.zip$/i,
    take: (files) => { sent.push(...files); tellFiles(); } });
  const files = el("div", {}, zone, ready);

  // The form -------------------------------------------------------------------------------------------------
  const { axes, locked, closed } = props.value;
  const chips = axes.map(({ key, name, low, high }) => el("label", { class: "q-check", title: `${plain(low)}–${plain(high)}` },
    el("input", { type: "checkbox", name: "axes", value: key, checked: key === "MI" }), el("span", {}, el("b", {}, key), ` ${name}`)));
  const forScores = el("div", { class: "q-part" },
    el("fieldset", {}, el("legend", {}, words.axes), el("div", { class: "q-checks" }, chips)), field(words.own, area("own", words.own_hint, 2), true));
  const forPairs = el("div", { class: "q-part", hidden: true }, field(words.question, text("question", words.question_hint), true));
  // Who is rated most: the study steers and ends itself.
  const goals = ["", "best", "order", "top", "width"];
  const goal = el("select", { name: "goal", onchange: () => chooseGoal() }, goals.map((key) => el("option", { value: key }, words[`goal_${key || "even"}`])));
  const goalNote = el("p", { class: "q-hint" });
  const extra = { top: field(words.top, count("top", 3)), width: field(words.width, el("input", { type: "number", name: "width", min: 0, step: "any", value: 0.3 })),
    equal: field(words.equal_within, el("input", { type: "number", name: "equal_within", min: 0, step: "any", placeholder: words.equal_hint })) };
  const chooseGoal = () => {
    goalNote.textContent = `${words[`goal_${goal.value || "even"}_note`]}${goal.value ? ` ${words.goal_first}` : ""}`;
    extra.top.hidden = goal.value !== "top";
    extra.width.hidden = goal.value !== "width";
    extra.equal.hidden = !["best", "order", "top"].includes(goal.value);
  };
  const forGoal = el("div", { class: "q-part" }, el("div", { class: "q-part q-numbers" }, field(words.goal, goal), extra.top, extra.width, extra.equal), goalNote);
  chooseGoal();
  const eachLabel = el("span", {}, words.each);
  const status = el("p", { class: "q-say", role: "status", "aria-live": "polite" });
  const create = el("button", { type: "submit", class: "q-button q-strong q-large" }, words.create);
  const form = el("form", { class: "q-setup", novalidate: true, onsubmit: submit },
    el("div", { class: "q-part" }, el("div", { class: "q-two" }, field(words.name, text("name", words.name_hint)),
      field(words.instructions, area("instructions", words.instructions_hint, 3)))),
    el("fieldset", { class: "q-part" }, el("legend", {}, words.source),
      el("div", { class: "q-options" }, option("source", "upload", words.upload, words.upload_note),
        option("source", "predict", words.predict, words.predict_note), handed, option("source", "simulated", words.simulated, words.simulated_note)), files),
    el("fieldset", { class: "q-part" }, el("legend", {}, words.mode),
      el("div", { class: "q-options" }, option("mode", "scores", words.scores, words.scores_note), option("mode", "preference", words.pairs, words.pairs_note))),
    forScores, forPairs,
    el("div", { class: "q-part q-numbers" },
      el("label", { class: "q-field" }, eachLabel, count("each", "", words.each_hint)), field(words.repeats, count("repeats", 2)),
      field(words.checks, count("checks", 1)), field(words.seconds, count("seconds", 8)),
      el("label", { class: "q-check q-end" }, el("input", { type: "checkbox", name: "prompts" }), el("span", {}, words.prompts))),
    forGoal,
    el("p", { class: "q-hint" }, words.blind),
    el("div", { class: "q-row q-start" }, locked && field(words.token, el("input", { type: "password", name: "token", autocomplete: "current-password" })), create, status));
  const result = el("div", { class: "q-made", hidden: true });
  element.replaceChildren(el("div", { class: "q-heading" }, el("h2", {}, words.title), el("p", { class: "q-hint" }, closed ? words.closed : words.note,
    " ", el("a", { href: new URL("?tab=compare&view=plan", new URL(document.baseURI)).href }, words.plan))),
    ...(closed ? [] : [form, result]));

  function choose(group, value) {
    if (group === "source") source = value; else mode = value;
    files.hidden = source !== "upload";
    forScores.hidden = mode !== "scores";
    forPairs.hidden = mode === "scores";
    forGoal.hidden = mode !== "scores";
    eachLabel.textContent = mode === "scores" ? words.each : words.each_pairs;
  }
  function submit(event) {
    event.preventDefault();
    if (create.disabled) return;
    const data = new FormData(form);
    create.disabled = true;
    status.textContent = "…";
    status.classList.remove("q-failed");
    trigger("submit", { form: { ...Object.fromEntries(data), axes: data.getAll("axes"), prompts: data.has("prompts"), files: sent } });
  }
  function draw() {
    const offer = props.value?.handed;
    if (offer && offer.turn !== taken) take(offer);
    const made = props.value?.made;
    if (!made || closed) return;
    status.textContent = made.error ?? made.busy ?? "";
    status.classList.toggle("q-failed", Boolean(made.error));
    create.disabled = Boolean(made.busy);
    if (!made.study) return;
    const link = LINK(`study=${encodeURIComponent(made.study)}`);
    result.replaceChildren(
      el("h3", {}, fill(words.made, made)), el("p", {}, words.made_note), copyField(link, { ...words, link_title: words.made_note }),
      made.owner ? "" : el("p", { class: "q-hint" }, words.no_owner),
      el("div", { class: "q-row q-start" },
        el("a", { class: "q-button q-strong", href: link, target: "_blank", rel: "noopener" }, words.open),
        el("button", { type: "button", class: "q-button", onclick: () => { form.hidden = false; result.hidden = true; } }, words.another)));
    form.hidden = true;
    result.hidden = false;
  }
  watch("value", draw);
  choose("mode", mode);
  draw(); // what was handed over before this tab was opened
}
