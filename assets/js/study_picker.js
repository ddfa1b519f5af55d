// The choice of a study: sources to choose from, files to bring along, what goes on, and the study in force.
// value: { sources: [{ name, title, note, state, details, obtain, page }], source, busy: { text, done, of } | null, error,
//          summary: { name, kind, clips, systems, ratings, raters, votes, axes: [{ axis, low, high }], audio, warnings, ours } | null,
//          turn: how often a study was chosen, brought: null | see study_picker_upload.js, zip: { url, name, number } once the study has been packed }
import { el, fill, stylesheet } from "./dom.js";
import { dropZone } from "./dropzone.js";
import { sessionKey } from "./kept.js";
import { waiting } from "./study_picker_upload.js";

const plain = (value) => String(Number(value.toFixed(2)));
let groups = 0;

export default function studyPicker({ element, props, trigger, upload, watch }) {
  const words = props.words;
  groups += 1;
  const group = `study-${groups}`;
  let changing = false;
  const opened = new Map(); // parts that the visitor opened or closed
  stylesheet("study_picker");
  const zone = dropZone({ words, upload, testid: "ratings-files", also: /\.(tsv|txt|jsonl?|zip)$/i, take: (files) => trigger("upload", { files }) });

  const card = (name, title, note, details, state) => el("label", { class: "q-option", "data-source": name },
    el("input", { type: "radio", name: group, value: name, checked: props.value.source === name, disabled: Boolean(props.value.busy),
      "data-key": `source ${name}`, onchange: () => trigger("select", { source: name, fetch: false }) }),
    el("span", {}, el("strong", {}, title), el("span", { class: "q-hint" }, note),
      details && el("span", { class: "q-hint" }, details), state && el("span", { class: "q-state" }, state)));

  const study = ({ name, title, note, details, state }) => card(name, title, note, details, state === "here" ? "" : words[state]);

  // A short list with a filter, where the study is one field of a form. Rows are hidden, never drawn anew: the field keeps its text.
  let filter = "";
  const none = el("p", { class: "q-hint", role: "status", hidden: true }, words.filtered_out ?? "");
  function matching(rows) {
    const wanted = filter.trim().toLowerCase();
    for (const row of rows) row.hidden = Boolean(wanted) && !row.textContent.toLowerCase().includes(wanted);
    none.hidden = rows.some((row) => !row.hidden);
  }
  function list({ sources, source, busy, brought }) {
    const line = (name, title, note, state) => el("label", { class: "q-option", "data-source": name },
      el("input", { type: "radio", name: group, value: name, checked: source === name, disabled: Boolean(busy), "data-key": `source ${name}`,
        onchange: () => trigger("select", { source: name, fetch: false }) }),
      el("strong", {}, title), el("span", { class: "q-hint" }, note), state && el("span", { class: "q-state" }, state));
    const own = line("upload", words.upload, words.upload_note);
    const rows = [...sources.slice(0, 1), ...(brought ? [] : sources.slice(1))].map(({ name, title, note, state }) => line(name, title, note, state === "here" ? "" : words[state]));
    const field = rows.length > 4 && el("input", { type: "search", class: "q-filter", placeholder: words.filter, "aria-label": words.filter, value: filter, "data-key": "filter",
      oninput: () => { filter = field.value; matching(rows); } });
    matching(rows);
    const open = sources.find((entry) => entry.name === source);
    return [own, source === "upload" && !busy && zone, field, el("div", { class: "q-bring-list" }, rows), none,
      open?.details && el("p", { class: "q-hint q-details" }, open.details)];
  }

  function choice() {
    const { sources, source, busy, brought } = props.value;
    const open = sources.find((entry) => entry.name === source);
    const missing = open && open.state !== "here" && !busy;
    return el("fieldset", { class: "q-bring-choice" }, el("legend", {}, words.legend),
      words.filter ? el("div", { class: "q-bring-rows" }, list(props.value)) : el("div", { class: "q-options" },
        [...sources.slice(0, 1).map(study), card("upload", words.upload, words.upload_note), source === "upload" && !busy && zone,
          ...(brought ? [] : sources.slice(1).map(study))]),
      missing && el("div", { class: "q-row q-start" },
        open.state === "fetch" && el("button", { type: "button", class: "q-button q-strong", "data-key": "fetch",
          onclick: () => trigger("select", { source, fetch: true }) }, `${words.fetch} ${open.title}`),
        el("span", { class: "q-hint" }, open.obtain, " ", el("a", { href: open.page, target: "_blank", rel: "noopener" }, words.page))));
  }

  const working = ({ text, done, of }) => el("div", { class: "q-status" },
    el("span", { role: "status", "aria-live": "polite" }, text), el("progress", { value: of ? done : null, max: of || null, "aria-label": text }),
    el("button", { type: "button", class: "q-button q-small", "data-key": "stop", onclick: () => trigger("stop") }, words.stop));

  function chosen() {
    const s = props.value.summary;
    const axes = s.axes.map(({ axis, low, high }) => `${axis} ${plain(low)}–${plain(high)}`).join(", ");
    const pack = el("button", { type: "button", class: "q-button", "data-key": "pack", onclick: () => { pack.textContent = words.packing; trigger("download"); } }, words.take_home);
    return el("div", { class: "q-bring-chosen" },
      el("div", { class: "q-grow" },
        el("p", {}, el("span", { class: `q-badge q-${s.kind}` }, words[s.kind]), " ", el("strong", {}, s.name)),
        el("p", { class: "q-hint" }, [fill(s.votes && !s.ratings ? words.voted : words.counts, s), s.audio ? fill(words.audio, s) : words.audio_none,
          axes && fill(words.axes, { axes })].filter(Boolean).join(" · ")),
        s.warnings.map((text) => el("p", { class: "q-hint q-remark" }, text))),
      el("div", { class: "q-row" }, s.ours && pack,
        el("button", { type: "button", class: "q-button", "data-key": "change", "aria-expanded": String(changing), disabled: Boolean(props.value.busy),
          onclick: () => { changing = !changing; draw(); } }, changing ? words.keep : words.change)));
  }

  /** Another study than that of the address was chosen: a reload brings the chosen one. */
  function leaveAddress() {
    const address = new URL(location.href);
    if (!address.searchParams.has("study") || address.searchParams.get("study") === props.value.source) return;
    address.searchParams.delete("study");
    history.replaceState(history.state, "", address);
  }

  let turn = 0;
  let fetched = null;
  function draw() {
    const { busy, error, summary, brought, zip } = props.value;
    if (props.value.turn !== turn) changing = false;
    if (props.value.turn > 1 && props.value.keeps && summary) leaveAddress();
    turn = props.value.turn;
    if (zip && zip.number !== fetched) {
      fetched = zip.number;
      el("a", { href: zip.url, download: zip.name }).click();
    }
    const key = element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const choosing = !summary || changing || error;
    element.replaceChildren(el("div", { class: "q-bring-parts" },
      summary && chosen(),
      (choosing || (busy && !brought)) && choice(),
      brought && (choosing || !summary) && !busy && waiting({ ...brought, words, trigger, opened }),
      busy && working(busy),
      error && el("p", { class: "q-failed", role: "alert" }, error)));
    if (key) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }
  watch("value", draw);
  draw();
  const key = { key: sessionKey() };
  trigger("expand", key); // the tab is on the page: what it offers may have changed since the server started
  if (new URLSearchParams(location.search).has("study")) trigger("focus", key); // the address may name a study for this tab
}
