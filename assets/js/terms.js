// The first time a text uses a word of the field, the word leads to its explanation on About.
// Only what the app writes as HTML is read, never what a field, a button, a table or a figure says.
const given = JSON.parse(document.getElementById("q-terms")?.textContent ?? "null");
const PLACES = ".q-folded-part, .html-container, .prose"; // each links a term once
const PASSED = "a, button, input, select, textarea, label, summary, code, svg, table, h1, h2, h3, h4, .q-plot, .q-badge, .katex, dl.terms, #tab-annotate, #header";

const link = (word) => {
  const a = document.createElement("a");
  a.className = "q-term";
  a.href = `?tab=about#${given.words[word]}`;
  a.textContent = word;
  return a;
};

/** Links each term where it first stands in a place. */
export function linkTerms(place) {
  const mine = [...place.querySelectorAll("a.q-term")].filter((a) => a.closest(PLACES) === place);
  const seen = new Set(mine.map((a) => a.hash));
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const on = walker.currentNode.parentElement;
    if (on.closest(PLACES) === place && !on.closest(PASSED)) texts.push(walker.currentNode);
  }
  const find = new RegExp(given.pattern);
  for (let text of texts) {
    for (let from = 0; ;) {
      const found = find.exec(text.data.slice(from));
      if (!found) break;
      const [word] = found;
      const at = from + found.index;
      if (seen.has(`#${given.words[word]}`)) { from = at + word.length; continue; }
      seen.add(`#${given.words[word]}`);
      const rest = text.splitText(at);
      text = rest.splitText(word.length);
      rest.replaceWith(link(word));
      from = 0;
    }
  }
}

/** Shows the explanation of a term: its tab opens, and its line comes into sight. */
function show(id) {
  document.querySelector("[role=tab][id^=tab-about]")?.click();
  let tries = 0;
  const arrive = () => {
    const line = document.getElementById(id);
    if (line?.offsetParent) {
      line.scrollIntoView({ block: "center" });
      line.classList.add("q-here");
      setTimeout(() => line.classList.remove("q-here"), 2500);
    } else if ((tries += 1) < 100) setTimeout(arrive, 50);
  };
  arrive();
}

if (given) {
  const due = new Set();
  let timer = 0;
  const all = () => { timer = 0; due.forEach((place) => { if (place.isConnected) linkTerms(place); }); due.clear(); };
  const add = (node) => { if (!node.closest(PASSED)) [node.closest(PLACES), ...node.querySelectorAll(PLACES)].forEach((place) => { if (place) due.add(place); }); };
  new MutationObserver((changes) => {
    changes.forEach(({ target }) => { if (target instanceof HTMLElement) add(target); });
    if (due.size) timer ||= setTimeout(all, 60);
  }).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("click", (event) => {
    const term = event.target.closest?.("a.q-term");
    if (!term || event.ctrlKey || event.metaKey || event.shiftKey || !document.querySelector("[role=tab][id^=tab-about]")) return;
    event.preventDefault();
    show(new URL(term.href).hash.slice(1));
  });
  if (location.hash.startsWith("#term-")) show(location.hash.slice(1));
}
