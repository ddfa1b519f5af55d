// Files that wait for their import: what was guessed, what can be corrected, and what will come of it.
// Takes { name, form, form_words, forms: [{ key, words }], why, files, others, roles, columns: [{ name, role, why, axis, rater, examples }],
//   several, pseudonyms, by_rater, counts, scales: [{ axis, name, rater, ratings, low, high, likely, why, from, to }], head, notes, problem, sounds }
import { el, fill } from "./dom.js";

const USUAL = [[1, 5], [0, 1], [0, 5], [1, 7], [1, 10], [0, 10], [0, 100]];
const plain = (value) => String(Number(Number(value).toFixed(3)));
const same = (a, b) => Boolean(a && b && a[0] === b[0] && a[1] === b[1]);

export function waiting({ words, trigger, ...b }) {
  const say = (correction) => trigger("input", { correction });
  const heading = el("h3", {}, fill(words.waiting, b));
  const known = b.form !== undefined;
  return el("div", { class: "q-waiting" }, heading,
    known && form(), known && b.columns.length > 0 && columns(), b.scales && scales(), b.head && first(),
    b.notes.map((text) => el("p", { class: "q-hint q-remark" }, text)),
    b.problem && el("p", { class: "q-failed", role: "alert" }, b.problem),
    el("div", { class: "q-row q-start" },
      known && el("button", { type: "button", class: "q-button q-strong q-import", "data-key": "import", disabled: Boolean(b.problem), onclick: () => trigger("submit") }, words.import),
      el("button", { type: "button", class: "q-button", "data-key": "put away", onclick: () => trigger("delete") }, words.put_away),
      b.counts && el("span", { class: "q-hint" }, [
        fill(b.counts.raters ? words.totals : words.totals_anonymous, b.counts), b.sounds && fill(words.sounds, { n: b.sounds })].filter(Boolean).join(", "))));

  function form() {
    const pick = b.forms.length ? select("form", b.forms.map(({ key, words: text }) => [key, text]), b.form, (value) => say({ change: "form", form: value })) : el("strong", {}, b.form_words);
    const files = [...b.files.slice(0, 1), ...b.others];
    const many = b.files.length > 1 ? fill(words.and_more, { first: b.files[0], n: b.files.length - 1 }) : b.files[0];
    const file = b.others.length ? select("file", files.map((name, i) => [name, i ? name : many]), b.files[0], (value) => say({ change: "file", file: value })) : many && el("strong", {}, many);
    const headers = (what) => el("button", { type: "button", class: "q-button q-small", "data-key": `headers ${what}`, onclick: () => say({ change: "headers", headers: what }) }, words[`headers_${what}`]);
    return el("div", { class: "q-bring-form" },
      el("label", {}, el("span", {}, words.read_as), pick), file && el("label", {}, el("span", {}, words.file), file),
      b.why && el("span", { class: "q-hint" }, fill(words.because, b)),
      b.several && el("div", { class: "q-row q-start", role: "group", "aria-label": words.headers },
        el("span", {}, words.headers), ["rater", "axis", "both"].map(headers)));
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
