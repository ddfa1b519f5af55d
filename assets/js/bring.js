// The choice of a study: sources to choose from, files to bring along, what goes on, and the study in force.
// value: { sources: [{ name, title, note, state, details, obtain, page }], source, busy: { text, done, of } | null, error,
//          summary: { name, kind, clips, systems, ratings, raters, axes: [{ axis, low, high }], audio, warnings } | null }
import { el, fill } from "./dom.js";
import { droppedFiles, inParallel } from "./files.js";

const UPLOADS_AT_ONCE = 4;
const plain = (value) => String(Number(value.toFixed(2)));
let groups = 0;

export default function bring({ element, props, trigger, upload, watch }) {
  const words = props.words;
  groups += 1;
  const group = `study-${groups}`;
  let changing = false;
  const href = new URL("../css/bring.css", import.meta.url).href;
  if (!document.querySelector(`link[href="${href}"]`)) document.head.append(el("link", { rel: "stylesheet", href }));

  // Files ----------------------------------------------------------------------------------------------------
  const picker = el("input", { type: "file", multiple: true, hidden: true, "data-testid": "ratings-files", "aria-label": words.files });
  const told = el("span", { class: "q-drop-status", role: "status" });
  const zone = el("div", { class: "q-drop q-slim" },
    el("div", { class: "q-drop-text" }, el("strong", {}, words.drop), el("span", { class: "q-hint" }, words.formats)),
    el("button", { type: "button", class: "q-button", onclick: () => picker.click() }, words.files), told, picker);
  async function take(found) {
    if (!found.length) return;
    let done = 0;
    let failed = 0;
    const tell = () => { told.textContent = fill(words.uploading, { done, all: found.length }); };
    tell();
    const sent = await inParallel(found, UPLOADS_AT_ONCE, async ({ file, name }) => {
      try {
        return { path: (await upload(file)).path, name };
      } catch {
        failed += 1;
        return null;
      } finally {
        done += 1;
        tell();
      }
    });
    told.textContent = failed ? fill(words.failed, { n: failed }) : "";
    trigger("upload", { files: sent.filter(Boolean) });
  }
  picker.addEventListener("change", () => {
    const found = [...picker.files].map((file) => ({ file, name: file.name }));
    picker.value = "";
    take(found);
  });
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("q-over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("q-over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("q-over");
    take(await droppedFiles(event.dataTransfer));
  });

  // The sources ----------------------------------------------------------------------------------------------
  const card = (name, title, note, details, state) => el("label", { class: "q-option", "data-source": name },
    el("input", { type: "radio", name: group, value: name, checked: props.value.source === name, disabled: Boolean(props.value.busy),
      onchange: () => trigger("select", { source: name, fetch: false }) }),
    el("span", {}, el("strong", {}, title), el("span", { class: "q-hint" }, note),
      details && el("span", { class: "q-hint" }, details), state && el("span", { class: "q-state" }, state)));
  function choice() {
    const { sources, source, busy } = props.value;
    const open = sources.find((entry) => entry.name === source);
    const missing = open && open.state !== "here" && !busy;
    return el("fieldset", { class: "q-bring-choice" }, el("legend", {}, words.legend),
      el("div", { class: "q-options" },
        sources.map((entry) => card(entry.name, entry.title, entry.note, entry.details, entry.state === "here" ? "" : words[entry.state])),
        card("upload", words.upload, words.upload_note)),
      source === "upload" && !busy && zone,
      missing && el("div", { class: "q-row q-start" },
        open.state === "fetch" && el("button", { type: "button", class: "q-button q-strong", onclick: () => trigger("select", { source, fetch: true }) }, `${words.fetch} ${open.title}`),
        el("span", { class: "q-hint" }, open.obtain, " ", el("a", { href: open.page, target: "_blank", rel: "noopener" }, words.page))));
  }
  const working = ({ text, done, of }) => el("div", { class: "q-status" },
    el("span", { role: "status", "aria-live": "polite" }, text), el("progress", { value: of ? done : null, max: of || null, "aria-label": text }),
    el("button", { type: "button", class: "q-button q-small", onclick: () => trigger("stop") }, words.stop));
  function chosen() {
    const s = props.value.summary;
    const axes = s.axes.map(({ axis, low, high }) => `${axis} ${plain(low)}–${plain(high)}`).join(", ");
    return el("div", { class: "q-bring-chosen" },
      el("div", { class: "q-grow" },
        el("p", {}, el("span", { class: `q-badge q-${s.kind}` }, words[s.kind]), " ", el("strong", {}, s.name)),
        el("p", { class: "q-hint" }, [fill(words.counts, s), s.audio ? fill(words.audio, s) : words.audio_none, fill(words.axes, { axes })].join(" · ")),
        s.warnings.map((text) => el("p", { class: "q-hint q-failed" }, text))),
      el("button", { type: "button", class: "q-button", onclick: () => { changing = !changing; draw(); } }, words.change));
  }
  let shown = null;
  function draw() {
    const { busy, error, summary } = props.value;
    if (summary && JSON.stringify(summary) !== shown) changing = false;
    shown = summary && JSON.stringify(summary);
    const focused = element.contains(document.activeElement) ? document.activeElement.value : null;
    element.replaceChildren(el("div", { class: "q-bring-parts" },
      summary && chosen(),
      (!summary || changing || busy || error) && choice(),
      busy && working(busy),
      error && el("p", { class: "q-failed", role: "alert" }, error)));
    if (focused) element.querySelector(`input[type=radio][value="${CSS.escape(focused)}"]`)?.focus();
  }
  watch("value", draw);
  draw();
}
