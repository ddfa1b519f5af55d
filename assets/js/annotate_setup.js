// The form that sets a listening study up, and the link that comes of it.
// value: { axes: [{ key, name, low, high }], methods, languages, locked, closed, made: null | { busy } | { error, turn } | { study, name, clips, owner } }
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
  const { axes, locked, closed, methods, languages } = props.value;
  const tick = (name, label, checked = false) => el("label", { class: "q-check q-end" }, el("input", { type: "checkbox", name, checked }), el("span", {}, label));
  const chips = axes.map(({ key, name, low, high }) => el("label", { class: "q-check", title: `${plain(low)}–${plain(high)}` },
    el("input", { type: "checkbox", name: "axes", value: key, checked: key === "MI" }), el("span", {}, el("b", {}, key), ` ${name}`)));
  const forScores = el("div", { class: "q-part" },
    el("fieldset", {}, el("legend", {}, words.axes), el("div", { class: "q-checks" }, chips)), field(words.own, area("own", words.own_hint, 2), true));
  const forOthers = el("div", { class: "q-part", hidden: true }, field(words.question, text("question", words.question_hint), true));
  const forReference = el("div", { class: "q-part q-two", hidden: true }, field(words.reference, text("reference", words.reference_hint)));
  const forAnchors = field(words.anchors, text("anchors", words.anchors_hint));
  forReference.append(forAnchors);
  const forLevel = tick("level", words.level, true);
  const forChoose = tick("choose", words.choose);
  const forTrials = field(words.trials, count("trials", 10));
  const forExtras = [field(words.repeats, count("repeats", 2)), field(words.checks, count("checks", 1))];
  const crowd = el("details", { class: "q-part" }, el("summary", {}, words.crowd), el("p", { class: "q-hint" }, words.crowd_note),
    el("div", { class: "q-two" }, field(words.code, text("code", words.code_hint)), field(words.return_link, text("return_link", words.return_hint)),
      field(words.language, el("select", { name: "language" }, el("option", { value: "" }, words.any_language),
        Object.entries(languages).map(([code, name]) => el("option", { value: code }, name)))), tick("headphones", words.headphones)));
  // Who is rated most: the study steers and ends itself.
  const goals = ["", "best", "order", "top", "width"];
  const goal = el("select", { name: "goal", onchange: () => chooseGoal() }, goals.map((key) => el("option", { value: key }, words[`goal_${key || "even"}`])));
  const goalNote = el("p", { class: "q-hint" });
  const limits = { top: field(words.top, count("top", 3)), width: field(words.width, el("input", { type: "number", name: "width", min: 0, step: "any", value: 0.3 })),
    equal: field(words.equal_within, el("input", { type: "number", name: "equal_within", min: 0, step: "any", placeholder: words.equal_hint })) };
  const chooseGoal = () => {
    goalNote.textContent = `${words[`goal_${goal.value || "even"}_note`]}${goal.value ? ` ${words.goal_first}` : ""}`;
    limits.top.hidden = goal.value !== "top";
    limits.width.hidden = goal.value !== "width";
    limits.equal.hidden = !["best", "order", "top"].includes(goal.value);
  };
  const forGoal = el("div", { class: "q-part" }, el("div", { class: "q-part q-numbers" }, field(words.goal, goal), limits.top, limits.width, limits.equal), goalNote);
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
      el("div", { class: "q-options" }, methods.map(({ key, title, note }) => option("mode", key, title, note)))),
    forScores, forReference, forOthers,
    el("div", { class: "q-part q-numbers" },
      el("label", { class: "q-field" }, eachLabel, count("each", "", words.each_hint)), ...forExtras, forTrials, field(words.seconds, count("seconds", 8)),
      tick("prompts", words.prompts), forLevel, forChoose),
    crowd,
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
    const method = methods.find((each) => each.key === mode);
    forScores.hidden = !method.scales;
    forOthers.hidden = method.scales;
    forGoal.hidden = !method.scales;
    forReference.hidden = !method.reference;
    forAnchors.hidden = forLevel.hidden = !method.sorted;
    forTrials.hidden = !method.trials;
    forChoose.hidden = mode !== "preference";
    for (const extra of forExtras) extra.hidden = !method.extras;
    eachLabel.textContent = method.pairs ? words.each_pairs : words.each;
  }
  function submit(event) {
    event.preventDefault();
    if (create.disabled) return;
    const data = new FormData(form);
    create.disabled = true;
    status.textContent = "…";
    status.classList.remove("q-failed");
    trigger("submit", { form: { ...Object.fromEntries(data), axes: data.getAll("axes"), ...Object.fromEntries(["prompts", "level", "choose", "headphones"].map((name) => [name, data.has(name)])), files: sent } });
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
