// The predictors side by side: how each fits the ratings, and which axes are held against each other.
// value: { rows: [{ name, origin, kinds, calibrated, axes, clips, problem, domain, strays, match: { n, rated, how, unmatched, examples, ambiguous, ambiguous_examples } }],
//          pairs: [{ name, predicted, rated, own }], columns: [{ name, predicted }], rated }; an empty name is every predictor
import { el, fill, icon, ICONS, stylesheet } from "./dom.js";
import { dropZone } from "./dropzone.js";

export default function predictions({ element, props, trigger, upload, watch }) {
  const words = props.words;
  stylesheet("compare");
  const zone = dropZone({ words, upload, testid: "predictions-files", accept: ".csv,.txt,text/csv", take: (files) => trigger("upload", { files }) });
  const list = el("div");
  element.replaceChildren(el("div", { class: "q-predictions" }, list, zone));

  function fits({ match, clips, problem, domain, strays, lacks }) {
    if (problem) return el("p", { class: "q-hint q-failed" }, problem);
    if (!match) return el("p", { class: "q-hint" }, fill(words.waiting, { n: clips }));
    const says = [`${fill(words.matched, match)}${match.how ? ` (${fill(words.by, match)})` : ""}`];
    if (match.unmatched) says.push(fill(match.unmatched === 1 ? words.unmatched_one : words.unmatched, { n: match.unmatched, examples: match.examples }));
    if (match.ambiguous) says.push(fill(words.ambiguous, { n: match.ambiguous, examples: match.ambiguous_examples }));
    if (lacks) says.push(fill(words.lacks, { lacks }));
    if (domain) says.push(domain[0].toUpperCase() + domain.slice(1));
    return el("p", { class: strays || match.unmatched || match.n < match.rated || lacks ? "q-hint q-partly" : "q-hint" }, says.join(". "));
  }

  const row = (entry) => el("li", { "data-name": entry.name },
    el("div", { class: "q-grow" },
      el("p", {}, el("strong", {}, entry.name), " ",
        entry.kinds.map((kind) => el("span", { class: `q-badge q-${kind}${entry.strays ? " q-outside" : ""}` }, kind)), " ",
        (entry.calibrated ?? []).map((text) => el("span", { class: `q-badge q-${entry.kinds[0] ?? "human"}` }, text)), " ",
        el("span", { class: "q-hint" }, [entry.origin, entry.axes.join(" "), !entry.kinds.length && words.unknown].filter(Boolean).join(" · "))),
      fits(entry)),
    el("button", { type: "button", class: "q-icon", "aria-label": fill(words.remove, entry), title: fill(words.remove, entry),
      onclick: () => trigger("delete", { name: entry.name }) }, icon(ICONS.close, 16)));

  function pairing({ pairs, columns, rated }) {
    const mine = el("select", { "aria-label": words.predicted }, columns.map(({ name, predicted }, i) => el("option", { value: i }, name ? `${name}: ${predicted}` : predicted)));
    const theirs = el("select", { "aria-label": words.rated }, rated.map((name) => el("option", { value: name }, name)));
    const chips = pairs.map(({ name, predicted, rated: other, own }) => {
      const pair = own ? fill(name ? words.stands : words.stands_for_all, { name, predicted, rated: other }) : predicted;
      return el("li", { class: "q-pair" }, pair, own && el("button", { type: "button", class: "q-icon", "aria-label": fill(words.unpair, { pair }),
        onclick: () => trigger("edit", { name, predicted, rated: "" }) }, icon(ICONS.close, 12)));
    });
    const form = el("form", { class: "q-pairing", onsubmit: (event) => { event.preventDefault(); trigger("edit", { ...columns[mine.value], rated: theirs.value }); } },
      el("label", {}, el("span", {}, words.predicted), mine), el("label", {}, el("span", {}, words.rated), theirs),
      el("button", { type: "submit", class: "q-button q-small" }, words.pair));
    return el("details", { class: "q-pairs", open: !pairs.length },
      el("summary", {}, words.pairs, " ", el("ul", {}, chips)),
      !pairs.length && el("p", { class: "q-failed" }, words.no_pair), el("p", { class: "q-hint" }, words.pairs_note), form);
  }

  function draw() {
    const { rows, rated, columns } = props.value;
    list.replaceChildren(...(rows.length
      ? [el("ul", { class: "q-predictors" }, rows.map(row)), ...(rated.length && columns.length ? [pairing(props.value)] : [])]
      : [el("p", { class: "q-hint" }, words.none)]));
  }
  watch("value", draw);
  draw();
}
