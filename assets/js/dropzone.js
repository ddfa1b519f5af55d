// A place to drop files or choose them; they are uploaded, and then handed on by path and name.
import { el } from "./dom.js";
import { droppedFiles, pickedFiles } from "./files.js";
import { uploadAll } from "./uploads.js";

/** words: drop, formats, files, uploading, failed; take([{ path, name }]) is called once all have arrived.
    Of a folder that is dropped come sound, CSVs, and files whose names `also` fits. */
export function dropZone({ words, upload, take, testid, accept = null, also = null }) {
  const told = el("span", { class: "q-drop-status", role: "status" });
  const picker = el("input", { type: "file", multiple: true, hidden: true, accept, "data-testid": testid, "aria-label": words.files });
  const zone = el("div", { class: "q-drop q-slim" },
    el("div", { class: "q-drop-text q-shown" }, el("strong", {}, words.drop), words.formats && el("span", { class: "q-hint" }, words.formats)),
    el("button", { type: "button", class: "q-button", onclick: () => picker.click() }, words.files), told, picker);

  async function send(found) {
    if (!found.length) return;
    take(await uploadAll(found, { words, upload, told }));
  }

  picker.addEventListener("change", () => {
    const found = pickedFiles(picker.files);
    picker.value = "";
    send(found);
  });
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("q-over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("q-over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("q-over");
    send(await droppedFiles(event.dataTransfer, also));
  });
  return zone;
}
