// Takes a sweep home: everything as a zip, or a link to it; keeps the set-up in the page's address.
// value: { query: { name: text }, upload: boolean, zip: { url, name } once it was packed } or null

import { copy, el, stylesheet } from "./dom.js";

/** The page's address with the set-up in it, and nothing of another tab's. */
function address(query) {
  const here = new URL(location.href);
  const link = new URL(here.pathname, here.origin);
  if (here.searchParams.has("__theme")) link.searchParams.set("__theme", here.searchParams.get("__theme"));
  link.searchParams.set("tab", "sensitivity");
  for (const [key, text] of Object.entries(query)) link.searchParams.set(key, text);
  return link;
}

export default function link({ element, props, trigger, watch }) {
  stylesheet("sensitivity");
  const words = props.words;
  const field = el("input", { class: "q-hidden", readonly: true, tabindex: -1, "aria-hidden": "true" });
  const said = el("span", { class: "q-hint", role: "status" });
  const pack = () => { said.textContent = words.packing; trigger("download"); };
  const share = async () => {
    field.value = address(props.value?.query ?? {}).href;
    if (await copy(field.value, field)) said.textContent = props.value?.upload ? words.upload : words.copied;
  };
  element.replaceChildren(el("div", { class: "q-take" },
    el("button", { type: "button", class: "q-button q-small", "data-key": "zip", onclick: pack }, words.zip),
    el("button", { type: "button", class: "q-button q-small", "data-key": "link", onclick: share }, words.copy), said, field));

  let first = true;
  let fetched = null;
  function write() {
    said.textContent = "";
    const { query, upload, zip } = props.value ?? {};
    element.hidden = !query; // no sweep yet: nothing to take home
    if (!query) return;
    if (zip && zip.url !== fetched) {
      fetched = zip.url;
      el("a", { href: zip.url, download: zip.name }).click();
    }
    const here = new URL(location.href);
    if (first || here.searchParams.get("tab") !== "sensitivity") first = false; // nobody has touched it yet
    else if (!upload) history.replaceState(null, "", address(query));
  }
  watch("value", write);
  element.hidden = !props.value;
  trigger("expand"); // the tab is on the page: it wants its sweep
}
