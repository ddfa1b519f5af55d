// The list of clips: a drop zone, and a table whose prompts and systems can be edited.
// value: { rows: [{ id, name, prompt, system }] }; the server owns the rows, the page owns what is being typed.
import { el, fill, icon, ICONS } from "./dom.js";
import { droppedFiles, pickedFiles } from "./files.js";
import { uploadAll } from "./uploads.js";

export default function clips({ element, props, trigger, upload, watch }) {
  const words = props.words;
  const rows = new Map();

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

  const body = el("tbody");
  const count = el("span", { class: "q-count" });
  const table = el("div", { class: "q-clips", hidden: true },
    el("div", { class: "q-bar" }, count, el("span", { class: "q-hint q-grow" }, words.tip),
      el("button", { type: "button", class: "q-button q-quiet", onclick: () => trigger("clear") }, words.clear)),
    el("div", { class: "q-scroll" },
      el("table", {},
        el("caption", { class: "q-hidden" }, words.caption),
        el("thead", {}, el("tr", {},
          ...["clip", "prompt", "system"].map((key) => el("th", { scope: "col", class: `q-${key}` }, words[key])),
          el("th", { class: "q-tool" }, el("span", { class: "q-hidden" }, words.clear)))),
        body)));
  element.replaceChildren(zone, table);

  // Taking files in ------------------------------------------------------------------------------------------
  async function take(found) {
    if (!found.length) return;
    zone.classList.add("q-busy");
    const sent = await uploadAll(found, { words, upload, told: status });
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

  // The table ------------------------------------------------------------------------------------------------
  const inputs = (field) => [...body.querySelectorAll(`input[data-field=${field}]`)];
  const typed = () => [...rows].map(([id, row]) => ({ id, name: row.name, prompt: row.prompt.value, system: row.system.value }));
  const keep = () => { props.value = { ...props.value, rows: typed() }; };

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
  }

  function keys(event, field) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      trigger("submit");
    } else if (step) {
      const column = inputs(field);
      column[column.indexOf(event.target) + step]?.focus();
    }
  }

  function makeRow({ id, name }) {
    const field = (key) => el("input", {
      type: "text", "data-field": key, placeholder: words[`${key}_hint`], autocomplete: "off", spellcheck: "false",
      "aria-label": fill(words[`${key}_of`], { clip: name }),
      oninput: keep, onkeydown: (event) => keys(event, key), onpaste: (event) => paste(event, key),
    });
    const row = { name, prompt: field("prompt"), system: field("system") };
    const label = fill(words.remove, { clip: name });
    row.element = el("tr", { "data-id": id },
      el("th", { scope: "row", class: "q-clip", title: name }, name),
      el("td", { class: "q-prompt" }, row.prompt),
      el("td", { class: "q-system" }, row.system),
      el("td", { class: "q-tool" },
        el("button", { type: "button", class: "q-icon", "aria-label": label, title: label, onclick: () => trigger("delete", { id }) },
          icon(ICONS.close, 16))));
    return row;
  }

  let newest = 0; // answers may overtake each other; each holds the whole list

  function render() {
    if ((props.value?.listed ?? newest) < newest) return;
    newest = props.value?.listed ?? newest;
    const given = props.value?.rows ?? [];
    const ids = new Set(given.map((row) => row.id));
    for (const [id, row] of rows) {
      if (!ids.has(id)) { row.element.remove(); rows.delete(id); }
    }
    for (const entry of given) {
      if (!rows.has(entry.id)) {
        rows.set(entry.id, makeRow(entry));
        body.append(rows.get(entry.id).element);
      }
      for (const field of ["prompt", "system"]) {
        const input = rows.get(entry.id)[field];
        if (input !== document.activeElement) input.value = entry[field];
      }
    }
    const n = given.length;
    count.textContent = n === 1 ? words.count_one : fill(words.count, { n });
    table.hidden = n === 0;
    zone.classList.toggle("q-slim", n > 0);
    title.textContent = n ? words.more : words.drop;
  }
  watch("value", render);
  render();
}
