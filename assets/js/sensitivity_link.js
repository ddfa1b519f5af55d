// Keeps the Sensitivity tab's set-up in the page's address, and copies it as a link.
// value: { query: { name: text }, upload: boolean } or null
import { copy } from "./annotate_parts.js";
import { el, stylesheet } from "./dom.js";

/** The page's address with the set-up in it, and nothing of another tab's. */
function address(query) {
  const here = new URL(location.href);
  const link = new URL(here.pathname, here.origin);
  if (here.searchParams.has("__theme")) link.searchParams.set("__theme", here.searchParams.get("__theme"));
  link.searchParams.set("tab", "sensitivity");
  for (const [key, text] of Object.entries(query)) link.searchParams.set(key, text);
  return link;
}

export default function link({ element, props, watch }) {
  stylesheet("sensitivity");
  const words = props.words;
  const field = el("input", { class: "q-hidden", readonly: true, tabindex: -1, "aria-hidden": "true" });
  const said = el("span", { class: "q-hint", role: "status" });
  const button = el("button", { type: "button", class: "q-button q-small", onclick: async () => {
    field.value = address(props.value?.query ?? {}).href;
    if (await copy(field.value, field)) said.textContent = props.value?.upload ? words.upload : words.copied;
  } }, words.copy);
  element.replaceChildren(button, field, said);

  let first = true;
  function write() {
    said.textContent = "";
    if (!props.value) return;
    const here = new URL(location.href);
    if (first || here.searchParams.get("tab") !== "sensitivity") { first = false; return; } // nobody has touched it yet
    if (!props.value.upload) history.replaceState(null, "", address(props.value.query));
  }
  watch("value", write);
}
