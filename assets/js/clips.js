// The table of Predict: clips whose prompts and systems can be edited, each with its scores as they come.
// value: { rows: [{ id, name, prompt, system, url }], listed, typed }; the server owns the rows, the page what is being typed.
// listed counts the server's lists; typed is when the prompts and systems in it were typed, in milliseconds: events that are
// sent together may be answered in any order, so both sides pass over what is older than what they know.
// Scores (scores.js): { by, going, axes: [{ key, name, low, high, colour, definition, needs_prompt, is_quality }],
//   rows: [{ id, prompt, state, error, domain, kind, cells: { MI: { value, low, high } } }], sources, selected }.
import { el, fill, icon, ICONS, middle } from "./dom.js";
import { droppedFiles, pickedFiles } from "./files.js";
import { sessionKey, unsaved } from "./kept.js";
import { manyRows } from "./rows.js";
import { readScores } from "./scores.js";
import { uploadAll } from "./uploads.js";

const digits = (value) => value.toFixed(2);
const FULL = 0.005; // so near to the end of its scale a score cannot be told from it

export default function clips({ element, props, trigger, upload, watch }) {
  const words = props.words;
  const rows = new Map();
  let scores = { by: "", axes: [], rows: [], sources: [], selected: null, going: false };
  let order = { key: null, down: true };
  let chosen = null;
  let known = new Map(); // scores by clip

  const status = el("span", { class: "q-drop-status", role: "status" });
  const files = el("input", { type: "file", multiple: true, hidden: true, "data-testid": "files", "aria-label": words.files });
  const folder = el("input", { type: "file", webkitdirectory: true, hidden: true, "data-testid": "folder", "aria-label": words.folder });
  const title = el("strong", {}, words.drop);
  const zone = el("div", { class: "q-drop" },
    icon(ICONS.wave, 30),
    el("div", { class: "q-drop-text" }, title, el("span", { class: "q-hint" }, words.formats)),
    el("div", { class: "q-drop-buttons" },
      el("button", { type: "button", class: "q-button", onclick: () => files.click() }, words.files),
      el("button", { type: "button", class: "q-button q-quiet", onclick: () => folder.click() }, words.folder)),
    status, files, folder);

  const head = el("tr", { role: "row" });
  const grid = el("table", { role: "table" }, el("caption", { class: "q-hidden" }, words.caption), el("thead", { role: "rowgroup" }, head));
  const place = el("div", { class: "q-scroll q-wide" }, grid);
  const body = manyRows(place, grid, stand);
  let shown = []; // ids of the rows, from top to bottom
  const count = el("span", { class: "q-count" });
  const by = el("span", { class: "q-hint" });
  const sources = el("div", {});
  const made = el("details", { class: "q-fold", hidden: true }, el("summary", {}, words.sources), sources);
  const table = el("div", { class: "q-clips", hidden: true },
    el("div", { class: "q-bar" }, count, by, el("span", { class: "q-hint q-grow q-tip" }, words.tip),
      el("button", { type: "button", class: "q-button q-quiet q-small", onclick: () => trigger("clear") }, words.clear)),
    place, made);
  element.replaceChildren(table, zone);

  // Taking files in ------------------------------------------------------------------------------------------
  async function take(found) {
    if (!found.length) return;
    zone.classList.add("q-busy");
    unsaved("upload", true);
    const sent = await uploadAll(found, { words: { uploading: words.uploading, failed: words.lost }, upload, told: status });
    unsaved("upload", false);
    zone.classList.remove("q-busy");
    trigger("upload", { files: sent });
  }
  for (const input of [files, folder]) {
    input.addEventListener("change", () => {
      const found = pickedFiles(input.files);
      input.value = "";
      take(found);
    });
  }
  let depth = 0;
  const over = (event, change) => {
    event.preventDefault();
    depth = Math.max(0, depth + change);
    zone.classList.toggle("q-over", depth > 0);
  };
  element.addEventListener("dragenter", (event) => over(event, 1));
  element.addEventListener("dragleave", (event) => over(event, -1));
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("drop", async (event) => {
    depth = 0;
    over(event, 0);
    take(await droppedFiles(event.dataTransfer));
  });

  // Prompts and systems --------------------------------------------------------------------------------------
  const inputs = (field) => shown.map((id) => rows.get(id)[field]);
  const typed = () => [...rows].map(([id, row]) => ({ id, name: row.name, url: row.url, prompt: row.prompt.value, system: row.system.value }));
  let typedAt = 0;
  const keep = () => {
    unsaved("typing", true);
    typedAt = Math.max(Date.now(), typedAt + 1);
    props.value = { ...props.value, rows: typed(), typed: typedAt };
  };
  // A prompt may have to be scored anew; a system is only a name.
  const send = (field) => { unsaved("typing", false); trigger(field === "system" ? "blur" : "input"); };

  function paste(event, field) {
    const lines = event.clipboardData.getData("text/plain").replace(/[\r\n]+$/, "").split(/\r?\n/);
    if (lines.length < 2 && !lines[0].includes("\t")) return;
    event.preventDefault();
    const columns = field === "prompt" ? ["prompt", "system"] : ["system"];
    const from = inputs(field).indexOf(event.target);
    lines.forEach((line, i) => line.split("\t").forEach((text, j) => {
      const input = columns[j] && inputs(columns[j])[from + i];
      if (input) input.value = text.trim();
    }));
    keep();
    send(field);
  }

  function keys(event, field) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      unsaved("typing", false);
      trigger("submit");
    } else if (step) {
      const column = inputs(field);
      column[column.indexOf(event.target) + step]?.focus();
    }
  }

  // Rows -----------------------------------------------------------------------------------------------------
  function select(id, focus = false) {
    mark(id);
    if (focus) { body.reach(id); rows.get(id).pick.focus(); rows.get(id).element.scrollIntoView({ block: "nearest" }); }
    document.dispatchEvent(new CustomEvent("q-choose", { detail: { id } }));
    trigger("select", { id });
  }

  function mark(id) {
    chosen = id;
    for (const key of body.present()) marked(key);
  }

  function marked(id) {
    const { element: row, pick } = rows.get(id) ?? {};
    row?.classList.toggle("q-chosen", id === chosen);
    pick?.setAttribute("aria-pressed", id === chosen);
  }

  function move(event, id) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = shown[shown.indexOf(id) + step];
    if (next) select(next, true);
  }

  function play(id) {
    const { url, name } = rows.get(id);
    document.dispatchEvent(new CustomEvent("q-play", { detail: { id, url, name } }));
    if (chosen !== id) select(id);
  }

  let playing = null;
  function heard(id) {
    playing = id;
    for (const key of body.present()) labelled(key);
  }

  function labelled(id) {
    const { name, play: button } = rows.get(id) ?? {};
    const label = button && fill(id === playing ? words.pause : words.play, { clip: name });
    if (!button || button.title === label) return;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.replaceChildren(icon(id === playing ? ICONS.pause : ICONS.play, 16));
  }
  document.addEventListener("q-heard", ({ detail }) => heard(detail.id));

  /** The row of a clip as it is now, for the page. */
  function stand(id) {
    const row = rows.get(id);
    if (!row.element) furnish(id, row);
    draw(id, row, known.get(id));
    marked(id);
    labelled(id);
    return row.element;
  }

  function makeRow({ name }) {
    const field = (key) => el("input", {
      type: "text", "data-field": key, placeholder: words[`${key}_hint`], autocomplete: "off", spellcheck: "false",
      "aria-label": fill(words[`${key}_of`], { clip: name }),
      oninput: keep, onchange: () => send(key), onkeydown: (event) => keys(event, key), onpaste: (event) => paste(event, key),
    });
    return { name, prompt: field("prompt"), system: field("system"), drawn: "" };
  }

  /** Makes what else a row consists of; a long list has most of its rows made when they come in sight. */
  function furnish(id, row) {
    const { name } = row;
    const label = fill(words.remove, { clip: name });
    Object.assign(row, { told: el("span", {}), cells: [] });
    row.play = el("button", { type: "button", class: "q-icon q-play", onclick: () => play(id) });
    row.pick = el("button", { type: "button", class: "q-pick", "aria-label": name, "aria-pressed": "false",
      onclick: () => select(id), onkeydown: (event) => move(event, id) }, middle(name));
    row.last = el("td", { role: "cell", class: "q-tool" },
      el("button", { type: "button", class: "q-icon", "aria-label": label, title: label, onclick: () => trigger("delete", { id }) }, icon(ICONS.close, 16)));
    row.element = el("tr", { role: "row", "data-id": id, onclick: (event) => { if (!event.target.closest("button, input")) select(id); } },
      el("th", { role: "rowheader", scope: "row", class: "q-clip" }, row.play, el("div", {}, row.pick, row.prompt, row.told)),
      el("td", { role: "cell", class: "q-system", "data-label": words.system }, row.system),
      row.last);
  }

  function cell(axis, entry, stale) {
    const score = entry.cells[axis.key];
    const attributes = { role: "cell", class: `q-cell${order.key === axis.key ? " q-sorted" : ""}`, "data-label": axis.key };
    if (stale && axis.needs_prompt) return el("td", attributes, el("span", { class: "q-none" }, words.changed));
    if (!score) return el("td", attributes, el("span", { class: "q-none" }, words[`none_${axis.key}`] ?? words.none));
    const parts = [el("span", { class: "q-value" }, digits(score.value))];
    if (axis.high !== null) parts.push(el("span", { class: "q-of" }, ` ${fill(words.of, axis)}`));
    const interval = score.low === null ? null : fill(words.interval, { low: digits(score.low), high: digits(score.high) });
    if (interval) parts.push(el("span", { class: "q-hidden" }, `, ${interval}`));
    if (axis.low !== null) {
      const share = (value) => `${(100 * (value - axis.low)) / (axis.high - axis.low)}%`;
      parts.push(el("span", { class: "q-strip", title: interval, "aria-hidden": "true", style: {
        "--colour": axis.colour, "--at": share(score.value),
        "--low": share(score.low ?? score.value), "--high": share(score.high ?? score.value),
      } }));
      const end = score.value >= axis.high - FULL ? words.top : score.value <= axis.low + FULL ? words.bottom : null;
      if (end) parts.push(el("span", { class: "q-none" }, end));
    }
    return el("td", attributes, parts);
  }

  /** Draws what is known of a clip besides what can be typed, where that has changed. */
  function draw(id, row, entry) {
    const stale = Boolean(entry) && row.prompt.value.trim() !== entry.prompt;
    const state = entry?.state ?? (scores.going ? "waiting" : "new");
    const now = JSON.stringify([entry, stale, state, scores.axes, order.key]);
    if (now === row.drawn) return;
    row.drawn = now;
    for (const old of row.cells) old.remove();
    row.cells = state === "scored"
      ? scores.axes.map((axis) => cell(axis, entry, stale))
      : [el("td", { role: "cell", colspan: scores.axes.length || 1, class: `q-note q-${state}` },
        state === "failed" ? [el("strong", {}, words.failed), " ", entry.error] : words[state])];
    row.last.before(...row.cells);
    row.element.classList.toggle("q-outside", entry?.domain === "outside");
    for (const field of [row.prompt, row.system]) field.title = field.value;
    row.told.replaceChildren(...[
      entry?.kind && el("span", { class: `q-badge q-${entry.kind}` }, entry.kind),
      words[entry?.domain] && el("span", { class: `q-sub q-domain-${entry.domain}` }, words[entry.domain]),
    ].filter(Boolean));
  }

  // Columns --------------------------------------------------------------------------------------------------
  const isText = (key) => key === "name" || key === "system";

  function compare(key, down) {
    const value = ([id, row]) => (key === "name" ? row.name : key === "system" ? row.system.value : known.get(id)?.cells[key]?.value);
    const missing = (v) => v === undefined || v === "";
    return (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (missing(x) || missing(y)) return missing(x) - missing(y);
      const ahead = isText(key) ? x.localeCompare(y, undefined, { numeric: true }) : x - y;
      return down ? -ahead : ahead;
    };
  }

  function sortBy(key) {
    order = order.key === key ? { key, down: !order.down } : { key, down: !isText(key) };
    drawHead();
    drawRows();
    head.querySelector(`button[data-sort="${CSS.escape(key)}"]`)?.focus();
  }

  function header(key, label, { scale = null, title: about = null, kind } = {}) {
    const sorted = order.key === key;
    return el("th", { scope: "col", role: "columnheader", class: kind, "aria-sort": sorted ? (order.down ? "descending" : "ascending") : "none" },
      el("button", { type: "button", "data-sort": key, title: about ?? fill(words.sort, { column: label }), onclick: () => sortBy(key) },
        el("span", { class: "q-key" }, label), el("span", { class: "q-arrow", "aria-hidden": "true" }, sorted ? (order.down ? "↓" : "↑") : ""),
        scale && el("span", { class: "q-name" }, scale)));
  }

  function drawHead() {
    head.replaceChildren(
      header("name", words.clip, { kind: "q-clip" }), header("system", words.system, { kind: "q-system" }),
      ...scores.axes.map((axis) => header(axis.key, axis.key, {
        kind: "q-axis", scale: axis.high === null ? null : fill(words.of, axis),
        title: axis.low === null ? axis.definition : `${fill(words.scale, axis)}${axis.is_quality ? "" : ` ${words.no_quality}`}`,
      })),
      ...(scores.axes.length ? [] : [el("td", { role: "columnheader" })]),
      el("th", { scope: "col", role: "columnheader", class: "q-tool" }, el("span", { class: "q-hidden" }, words.clear)));
  }

  function drawRows() {
    known = new Map(scores.rows.map((entry) => [entry.id, entry]));
    const wanted = (order.key ? [...rows].sort(compare(order.key, order.down)) : [...rows]).map(([id]) => id);
    const focused = grid.contains(document.activeElement) && document.activeElement.closest("tbody") ? document.activeElement : null;
    const same = wanted.length === shown.length;
    const editing = focused?.matches("input") && same && shown.every((id) => rows.has(id)); // rows keep their places under whoever types
    if (!editing && !(same && wanted.every((id, i) => id === shown[i]))) {
      shown = wanted;
      body.show(shown);
      const within = focused?.closest("tr").dataset.id;
      if (rows.has(within)) { body.reach(within); focused.focus(); }
    }
    for (const id of body.present()) draw(id, rows.get(id), known.get(id));
  }

  let axes = null;
  readScores((latest) => {
    const another = latest.selected !== scores.selected;
    scores = latest;
    by.textContent = latest.by;
    made.hidden = !latest.sources.length;
    sources.replaceChildren(...latest.sources.map(({ axes: of, source }) => el("p", { class: "q-hint q-sources-of" }, el("b", {}, of), ` ${source}`)));
    if (JSON.stringify(latest.axes) !== axes) { axes = JSON.stringify(latest.axes); drawHead(); }
    drawRows();
    if (another && latest.selected) mark(latest.selected);
  });

  let newest = 0; // answers may overtake each other; each holds the whole list
  const restore = () => { props.value = { ...props.value, rows: typed(), listed: newest, typed: typedAt }; };

  function render() {
    if ((props.value?.listed ?? newest) < newest) return restore();
    newest = props.value?.listed ?? newest;
    const given = props.value?.rows ?? [];
    const older = (props.value?.typed ?? 0) < typedAt;
    typedAt = Math.max(typedAt, props.value?.typed ?? 0);
    const ids = new Set(given.map((row) => row.id));
    for (const [id, row] of rows) {
      if (!ids.has(id)) rows.delete(id);
    }
    for (const entry of given) {
      const known = rows.has(entry.id);
      if (!known) rows.set(entry.id, makeRow(entry));
      const row = rows.get(entry.id);
      row.url = entry.url;
      if (known && older) continue;
      for (const field of ["prompt", "system"]) {
        if (row[field] !== document.activeElement) row[field].value = entry[field];
      }
    }
    if (older) restore();
    drawRows();
    heard(null);
    mark(chosen);
    const n = given.length;
    count.textContent = n === 1 ? words.count_one : fill(words.count, { n });
    table.hidden = n === 0;
    zone.classList.toggle("q-slim", n > 0);
    title.textContent = n ? words.more : words.drop;
    document.getElementById("predict")?.classList.toggle("q-filled", n > 0);
  }
  drawHead();
  watch("value", render);
  render();
  trigger("focus", { key: sessionKey() });
}
