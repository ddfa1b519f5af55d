// What concerns the whole page: the theme, the tab in the address, arrow keys, and drops that miss their target.

const KEY = "qamro-theme";
const roots = () => [document.documentElement, document.body];

window.qamroTheme = {
  dark: () => document.body.classList.contains("dark") || document.documentElement.classList.contains("dark"),
  set(dark) {
    for (const root of roots()) root.classList.toggle("dark", dark);
  },
  toggle() {
    const dark = !this.dark();
    this.set(dark);
    localStorage.setItem(KEY, dark ? "dark" : "light");
  },
};

// A choice made here holds until the address asks for a theme.
const chosen = localStorage.getItem(KEY);
if (chosen && !new URLSearchParams(location.search).has("__theme")) {
  const apply = () => window.qamroTheme.set(chosen === "dark");
  apply();
  // Gradio sets the system's theme once when it starts; ours comes after.
  new MutationObserver((_, observer) => {
    if (document.querySelector(".gradio-container [role=tab]")) { apply(); observer.disconnect(); }
  }).observe(document.body, { childList: true, subtree: true });
}

// Tabs are steps of the browser's history; what opens before anybody has touched the page is none.
const tabOfAddress = () => new URLSearchParams(location.search).get("tab");
let touched = false;
for (const event of ["pointerdown", "keydown"]) window.addEventListener(event, () => { touched = true; }, { capture: true, once: true });

/** Called by the app whenever a tab opens. */
window.qamroTab = (id) => {
  if ((tabOfAddress() ?? "predict") === id) return;
  if (!touched && tabOfAddress()) return; // the tab that the address asks for is about to open
  const address = new URL(location.href);
  address.searchParams.set("tab", id);
  history[touched ? "pushState" : "replaceState"](null, "", address);
};

// Gradio gives every radio button a name of its own, so that arrow keys find no neighbour.
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
window.addEventListener("keydown", (press) => {
  const from = press.target, step = STEPS[press.key];
  if (!step || from.type !== "radio" || document.getElementsByName(from.name).length > 1) return;
  const all = [...from.closest(".wrap, fieldset")?.querySelectorAll("input[type=radio]:enabled") ?? []];
  if (all.length < 2) return;
  press.preventDefault();
  const next = all[(all.indexOf(from) + step + all.length) % all.length];
  next.focus();
  next.click();
});

// A file that is dropped beside the target would replace the page and lose what is in it.
for (const event of ["dragover", "drop"]) window.addEventListener(event, (drop) => drop.preventDefault());
