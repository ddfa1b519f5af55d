// A table of results: sorts in the page, opens what its rows name, and can be saved as CSV at full precision.
import { el, fill, middle } from "./dom.js";
import { manyRows } from "./rows.js";

const FEW = 12; // rows that are shown before all are asked for
const OPENS = ["clip", "system"];

/** How a number reads: whole ones whole, small p-values in full, else three digits behind the point. */
export function readable(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "✓" : "";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return String(value).replace("-", "−");
  const text = Math.abs(value) < 0.001 ? value.toPrecision(2) : value.toFixed(3);
  return text.replace("-", "−");
}

const quoted = (cell) => {
  const text = cell === null || cell === undefined ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Hands a text to the visitor as a file. */
export function save(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function resultTable(table, words, select) {
  const { columns, title, note, name, pairs, only } = table;
  // A table over all axes shows the rows of one; the file has them all.
  const rows = only ? table.rows.filter((row) => row[only.column] === only.value) : table.rows;
  const hidden = new Set(columns.flatMap(({ ends }) => ends ?? []));
  if (only) hidden.add(only.column);
  const leading = columns.findIndex((_, i) => !hidden.has(i));
  let order = { column: -1, down: true };
  let all = rows.length <= FEW + 4;
  const place = el("div", { class: "q-scroll q-wide", tabindex: "0", role: "region", "aria-label": title });
  const label = (key) => key.replaceAll("_", " ");
  const csv = () => save(`${name}.csv`, [columns.map(({ key }) => key), ...table.rows].map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n", "text/csv;charset=utf-8");

  function sorted() {
    if (order.column < 0) return rows;
    const compare = (a, b) => {
      const [x, y] = [a[order.column], b[order.column]];
      if (x === null || y === null) return (x === null) - (y === null);
      const ahead = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
      return order.down ? -ahead : ahead;
    };
    return [...rows].sort(compare);
  }

  const opens = columns.findIndex(({ names }) => OPENS.includes(names));
  const better = columns.findIndex(({ key }) => key === "better");
  const worse = columns.findIndex(({ key }) => key === "worse");
  function act(row) {
    if (pairs) return () => select({ kind: "pair", name: row[better], other: row[worse] });
    if (opens >= 0 && row[opens]) return () => select({ kind: columns[opens].names, name: row[opens] });
    return null;
  }

  function cell(row, column, i, go) {
    const value = row[i];
    const first = i === (pairs ? better : opens);
    const [low, high] = (column.ends ?? []).map((end) => row[end]);
    const name = column.names && typeof value === "string" ? middle(value) : readable(value);
    const inside = go && first
      ? el("button", { type: "button", class: "q-pick", title: pairs ? words.listen : fill(words.open, { name: value }), onclick: (event) => { event.stopPropagation(); go(); } }, name)
      : name;
    return el(i === leading ? "th" : "td", { scope: i === leading ? "row" : null, class: column.number ? "q-number" : "", title: typeof value === "number" ? String(value) : null },
      inside, low !== null && low !== undefined && el("span", { class: "q-ends" }, ` ${readable(low)} to ${readable(high)}`));
  }

  function draw() {
    const shown = all ? sorted() : sorted().slice(0, FEW);
    const head = columns.map(({ key, number, scale }, i) => !hidden.has(i) && el("th", { scope: "col", class: number ? "q-number" : "",
      "aria-sort": order.column === i ? (order.down ? "descending" : "ascending") : "none" },
      el("button", { type: "button", "data-column": i, title: fill(words.sort, { column: label(key) }), onclick: () => {
        order = order.column === i ? { column: i, down: !order.down } : { column: i, down: Boolean(number) };
        draw();
        place.querySelector(`thead button[data-column="${i}"]`)?.focus();
      } }, label(key), order.column === i ? (order.down ? " ↓" : " ↑") : ""), scale && el("span", { class: "q-scale" }, scale)));
    const grid = el("table", { class: "q-result" }, el("caption", { class: "q-hidden" }, title), el("thead", {}, el("tr", {}, head)));
    place.scrollTop = 0;
    place.replaceChildren(grid);
    manyRows(place, grid, (row) => {
      const go = act(row);
      return el("tr", { class: go ? "q-opens" : "", onclick: go }, columns.map((column, i) => !hidden.has(i) && cell(row, column, i, go)));
    }).show(shown);
    more.hidden = all;
  }
  const more = el("button", { type: "button", class: "q-button q-quiet q-small", onclick: () => { all = true; draw(); } }, fill(words.more, { n: rows.length }));
  draw();
  return el("section", { class: "q-part", "data-id": table.id },
    el("div", { class: "q-part-head" }, el("h3", {}, title),
      el("button", { type: "button", class: "q-button q-quiet q-small", "aria-label": fill(words.csv_of, { title }), title: fill(words.csv_of, { title }), onclick: csv }, words.csv)),
    place, more, note && el("p", { class: "q-hint" }, note));
}
