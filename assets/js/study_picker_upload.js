// Files that wait for their import: what was guessed, what can be corrected, and what will come of it.
// Takes { name, form, form_words, forms: [{ key, words }], why, files, others, roles, columns: [{ name, role, why, axis, rater, examples }],
//   several, pseudonyms, by_rater, counts, scales: [{ axis, name, rater, ratings, low, high, likely, why, from, to }], head, notes, problem, sounds,
//   question, readings: [words], codes: [{ value, text, out }], asks, cut: { header, delimiter, encoding } | null, rows: [[column, value, is]],
//   refused: why the last correction was not made, answers: [[word, number]], asked_words: those that are asked about, sides: what they may stand for in votes }
import { el, fill } from "./dom.js";

const USUAL = [[1, 5], [0, 1], [0, 5], [1, 7], [1, 10], [0, 10], [0, 100]];
const CUTS = { header: ["0", "1", "2", "3"], delimiter: ["comma", "semicolon", "tab", "space", "pipe"],
  encoding: ["utf-8", "latin-1", "cp1252", "utf-16", "shift_jis", "gb18030", "euc_kr", "cp1251"], ragged: ["drop", "fill"] };
const plain = (value) => String(Number(Number(value).toFixed(3)));
const same = (a, b) => Boolean(a && b && a[0] === b[0] && a[1] === b[1]);

export function waiting({ words, trigger, opened, ...b }) {
  const say = (correction) => trigger("input", { correction });
  const heading = el("h3", {}, fill(words.waiting, b));
  const known = b.form !== undefined;
  const stands = b.problem || b.question || b.asks;
  return el("div", { class: "q-waiting" }, heading,
    known && form(), b.question && question(), b.cut && (b.asked_words.length > 0 || b.answers.length > 0) && answers(), b.cut && (known || b.problem) && cutting(),
    known && b.columns.length > 0 && columns(), known && b.columns.length > 0 && rows(),
    b.codes?.length > 0 && codes(), b.scales?.length > 0 && scales(), b.head?.length > 0 && first(),
    b.notes.map((text) => el("p", { class: "q-hint q-remark" }, text)),
    [b.problem, b.refused].filter(Boolean).map((text) => el("p", { class: "q-failed", role: "alert" }, text)),
    el("div", { class: "q-row q-start" },
      known && el("button", { type: "button", class: "q-button q-strong q-import", "data-key": "import", disabled: Boolean(stands), onclick: () => trigger("submit") }, words.import),
      el("button", { type: "button", class: "q-button", "data-key": "put away", onclick: () => trigger("delete") }, words.put_away),
      (b.question || b.asks) && el("span", { class: "q-hint" }, words.first_answer),
      b.counts && el("span", { class: "q-hint" }, [
        b.counts.ratings > 0 && fill(b.counts.raters === 1 ? words.totals_one : b.counts.raters ? words.totals : words.totals_anonymous, b.counts),
        b.counts.votes > 0 && fill(b.counts.systems ? words.totals_votes : words.totals_votes_clips, b.counts), b.sounds && fill(words.sounds, { n: b.sounds })].filter(Boolean).join(", "))));

  function form() {
    const pick = b.forms.length ? select("form", b.forms.map(({ key, words: text }) => [key, text]), b.form, (value) => say({ change: "form", form: value })) : el("strong", {}, b.form_words);
    const files = [...b.files.slice(0, 1), ...b.others];
    const many = b.files.length > 1 ? fill(words.and_more, { first: b.files[0], n: b.files.length - 1 }) : b.files[0];
    const file = b.others.length ? select("file", files.map((name, i) => [name, i ? name : many]), b.files[0], (value) => say({ change: "file", file: value })) : many && el("strong", {}, many);
    const headers = (what) => el("button", { type: "button", class: "q-button q-small", "data-key": `headers ${what}`, onclick: () => say({ change: "headers", headers: what }) }, words[`headers_${what}`]);
    return el("div", { class: "q-bring-form" },
      el("label", {}, el("span", {}, words.read_as), pick), file && el("label", {}, el("span", {}, words.file), file),
      b.why && el("span", { class: "q-hint" }, fill(words.because, b)),
      b.several && !b.question && el("div", { class: "q-row q-start", role: "group", "aria-label": words.headers },
        el("span", {}, words.headers), ["rater", "axis", "both", "system", "clip"].map(headers)));
  }

  // Several readings are possible: choosing one answers the question.
  function question() {
    const choice = (text, i) => el("button", { type: "button", class: "q-button", "data-key": `reading ${i}`, onclick: () => say({ change: "reading", reading: i }) },
      text[0].toUpperCase() + text.slice(1));
    return el("section", { class: "q-bring-question" }, el("h4", {}, words.question), el("p", { role: "alert" }, b.question),
      el("div", { class: "q-row q-start", role: "group", "aria-label": words.question }, b.readings.map(choice)));
  }

  function cutting() {
    const said = Object.values(b.cut).some(Boolean);
    const one = (what) => el("label", {}, el("span", {}, words[`cut_${what}`]), select(`cut ${what}`,
      [["", words.cut_auto], ...CUTS[what].map((key) => [key, words[`${what}_${key}`]])], b.cut[what],
      (value) => say(what === "header" ? { change: what, lines: value === "" ? null : Number(value) } : { change: what, to: value })));
    return folded("cut", said || !known, el("div", { class: "q-bring-form" }, Object.keys(CUTS).map(one)));
  }

  // Words that stand for numbers, or for a side: those that are asked about, and what was said before.
  function answers() {
    const said = new Map(b.answers);
    const pick = (word) => el("select", { "data-key": `answer ${word}`, "aria-label": word }, [["", "–"], ...b.sides.map((side) => [side, words[`side_${side}`]])]
      .map(([key, text]) => el("option", { value: key, selected: said.get(word) === key }, text)));
    const type = (word) => el("input", { type: "number", step: "any", "data-key": `answer ${word}`, "aria-label": word, value: said.get(word) ?? "" });
    const boxes = b.asked_words.map((word) => [word, b.sides.length ? pick(word) : type(word)]);
    const told = () => boxes.map(([word, box]) => [word, box.value]).filter(([, value]) => value !== "");
    const known = b.answers.map(([word, number]) => el("div", { class: "q-row q-start" }, el("span", {}, `${word} = ${words[`side_${number}`] ?? number}`),
      el("button", { type: "button", class: "q-button q-small", "data-key": `answer drop ${word}`, onclick: () => say({ change: "answers", answers: [[word, ""]] }) }, words.answer_drop)));
    return el("section", { class: b.asked_words.length ? "q-bring-question" : "q-bring-codes" },
      el("h4", {}, !b.asked_words.length ? words.answers : b.sides.length ? words.answers_sides : words.answers_ask), !b.sides.length && el("p", { class: "q-hint" }, words.answers_note), known,
      boxes.map(([word, box]) => el("label", { class: "q-row q-start" }, el("span", {}, words[`word_${word}`] ?? word), box)),
      boxes.length > 0 && el("button", { type: "button", class: "q-button", "data-key": "set answers", onclick: () => say({ change: "answers", answers: told() }) }, words.set));
  }

  function rows() {
    const now = b.rows.map(([name, value, is], i) => el("div", { class: "q-row q-start" },
      el("span", {}, `${name} ${is ? words.row_is : words.row_is_not} “${value}”`),
      el("button", { type: "button", class: "q-button q-small", "data-key": `row drop ${i}`, onclick: () => say({ change: "rows", rows: b.rows.filter((_, other) => other !== i) }) }, words.row_drop)));
    const name = el("select", { "data-key": "row column", "aria-label": words.column, onchange: () => offer() }, b.columns.map((column) => el("option", { value: column.name }, column.name)));
    const is = el("select", { "data-key": "row is", "aria-label": words.rows }, [["true", words.row_is], ["false", words.row_is_not]].map(([key, text]) => el("option", { value: key }, text)));
    const list = el("datalist", { id: `row-values-${b.name}` });
    const value = el("input", { type: "text", list: list.id, "data-key": "row value", "aria-label": words.row_value, placeholder: words.row_value });
    const offer = () => list.replaceChildren(...(b.columns.find((column) => column.name === name.value)?.examples ?? []).map((text) => el("option", { value: text })));
    offer();
    const add = el("button", { type: "button", class: "q-button q-small", "data-key": "row add",
      onclick: () => say({ change: "rows", rows: [...b.rows, [name.value, value.value, is.value === "true"]] }) }, words.row_add);
    return folded("rows", b.rows.length > 0, el("p", { class: "q-hint" }, words.rows_note), now, el("div", { class: "q-row q-start" }, name, is, value, list, add));
  }

  function codes() {
    const out = () => b.codes.filter((code) => code.out).map((code) => code.value);
    const box = (code) => el("label", { class: "q-bring-check" }, el("input", { type: "checkbox", checked: code.out, "data-key": `code ${code.value}`,
      onchange: (event) => say({ change: "missing", scores: event.target.checked ? [...out(), code.value] : out().filter((value) => value !== code.value) }) }), el("span", {}, code.text));
    return el("section", { class: b.asks ? "q-bring-question" : "q-bring-codes" }, el("h4", {}, words.codes), el("p", { class: "q-hint" }, words.codes_note), b.codes.map(box),
      b.asks && el("div", { class: "q-row q-start" }, el("button", { type: "button", class: "q-button", "data-key": "keep codes", onclick: () => say({ change: "missing", scores: [] }) }, words.keep_all)));
  }

  // What most need not look at: open where something was said, or where the visitor opened it.
  function folded(what, open, ...parts) {
    const box = el("details", { class: "q-bring-fold", open: opened.get(what) ?? open, ontoggle: () => opened.set(what, box.open) },
      el("summary", { "data-key": `fold ${what}` }, words[what]), ...parts);
    return box;
  }

  function columns() {
    const needsAxis = b.columns.some(({ role }) => role === "rating") && !b.columns.some(({ role }) => role === "axis");
    const needsRater = b.several || b.columns.some(({ rater }) => rater);
    const heads = [words.column, words.holds, words.means, needsAxis && words.of_axis, needsRater && words.of_rater].filter(Boolean);
    const text = (column, field) => el("td", { "data-label": words[`of_${field}`] }, column.role === "rating" && el("input", {
      type: "text", value: column[field], "data-key": `${field} of ${column.name}`, "aria-label": `${words[`of_${field}`]}: ${column.name}`,
      onchange: (event) => say({ change: "column", column: column.name, role: column.role, [field]: event.target.value }) }));
    const row = (column) => el("tr", { "data-column": column.name },
      el("th", { scope: "row" }, column.name),
      el("td", { class: "q-examples-of", "data-label": words.holds }, column.examples.join(", ")),
      el("td", {}, select(`role of ${column.name}`, b.roles.map(({ key, words: say }) => [key, say]), column.role,
        (value) => say({ change: "column", column: column.name, role: value }), `${words.means}: ${column.name}`),
      el("span", { class: "q-hint" }, column.why || words.chosen)),
      needsAxis && text(column, "axis"), needsRater && text(column, "rater"));
    return section(words.columns, "", table(heads, b.columns.map(row), "q-bring-columns"));
  }

  function scales() {
    const row = (entry) => el("tr", { "data-axis": entry.axis },
      el("th", { scope: "row" }, entry.axis, entry.rater && el("span", { class: "q-hint" }, ` ${entry.rater}`)),
      el("td", { "data-label": words.call }, el("input", { type: "text", value: entry.name, "data-key": `name of ${entry.axis} ${entry.rater}`, "aria-label": `${words.call}: ${entry.axis}`,
        onchange: (event) => say({ change: "name", axis: entry.axis, name: event.target.value }) })),
      el("td", { "data-label": words.found, title: entry.why }, fill(words.found_of, { ...entry, low: plain(entry.low), high: plain(entry.high) })),
      el("td", { "data-label": words.given_on }, ends(entry, "from", words.as_found)),
      el("td", { "data-label": words.wanted_on }, entry.from ? ends(entry, "to", words.as_given) : "–"));
    const raters = el("label", { class: "q-bring-check" }, el("input", { type: "checkbox", checked: b.by_rater, "data-key": "by rater", onchange: (event) => say({ change: "by_rater", on: event.target.checked }) }), words.by_rater);
    const names = el("label", { class: "q-bring-check" }, el("input", { type: "checkbox", checked: b.pseudonyms, "data-key": "pseudonyms", onchange: (event) => say({ change: "pseudonyms", on: event.target.checked }) }), words.pseudonyms);
    return section(words.scales, words.scales_note,
      table([words.axis, words.call, words.found, words.given_on, words.wanted_on], b.scales.map(row), "q-bring-scales"),
      b.counts.raters > 0 && b.columns.length > 0 && el("div", { class: "q-row q-start" }, b.counts.raters > 1 && raters, names));
  }

  // A scale to choose, or to type: the likely one first, then the usual ones.
  function ends(entry, which, none) {
    const set = (value) => say({ change: "scale", axis: entry.axis, rater: entry.rater,
      from: which === "from" ? value : entry.from, to: which === "from" ? null : value ?? entry.from });
    const now = which === "to" && same(entry.to, entry.from) ? null : entry[which];
    const offered = [...USUAL];
    if (which === "from" && entry.likely && !offered.some((scale) => same(scale, entry.likely))) offered.unshift(entry.likely);
    if (now && !offered.some((scale) => same(scale, now))) offered.push(now);
    const label = (scale) => fill(which === "from" && same(scale, entry.likely) ? words.likely : words.scale, { low: plain(scale[0]), high: plain(scale[1]) });
    const key = `${which} of ${entry.axis} ${entry.rater}`;
    const options = [["", none], ...offered.map((scale) => [scale.join(" "), label(scale)]), ["other", words.other]];
    const number = (text) => el("input", { type: "number", step: "any", "aria-label": `${words[text]}: ${entry.axis}` });
    const [low, high] = [number("lowest"), number("highest")];
    const typed = el("span", { class: "q-bring-ends", hidden: true }, low, "–", high,
      el("button", { type: "button", class: "q-button q-small", onclick: () => set([Number(low.value), Number(high.value)]) }, words.set));
    return [select(key, options, now ? now.join(" ") : "", (value) => {
      typed.hidden = value !== "other";
      if (value === "other") low.focus();
      else set(value ? value.split(" ").map(Number) : null);
    }, `${words[which === "from" ? "given_on" : "wanted_on"]}: ${entry.axis} ${entry.rater}`), typed];
  }

  function first() {
    const row = ({ clip, rater, axis, score, mapped }) => el("tr", {},
      el("th", { scope: "row" }, clip), el("td", { "data-label": words.rater }, rater || words.nobody), el("td", { "data-label": words.axis }, axis),
      el("td", { "data-label": words.score }, plain(mapped), mapped !== score && el("span", { class: "q-hint" }, ` ${fill(words.was, { score: plain(score) })}`)));
    return section(words.first, "", table([words.clip, words.rater, words.axis, words.score], b.head.map(row), "q-bring-first"));
  }

  function select(key, options, value, change, label = null) {
    const box = el("select", { "data-key": key, "aria-label": label, onchange: () => change(box.value) },
      options.map(([of, text]) => el("option", { value: of, selected: of === value }, text)));
    return box;
  }
}

const section = (title, note, ...parts) => el("section", {}, el("h4", {}, title), note && el("p", { class: "q-hint" }, note), ...parts);

const table = (heads, rows, kind) => el("div", { class: "q-scroll" }, el("table", { class: kind },
  el("thead", {}, el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text)))), el("tbody", {}, rows)));
