// What concerns the whole page: the theme, the tab in the address, and drops that miss their target.

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

document.addEventListener("click", (event) => {
  const tab = event.target.closest?.("[role=tab][id^=tab-]");
  if (!tab) return;
  const address = new URL(location.href);
  address.searchParams.set("tab", tab.id.replace(/^tab-/, "").replace(/-button$/, ""));
  history.replaceState(null, "", address);
});

// A file that is dropped beside the target would replace the page and lose what is in it.
for (const event of ["dragover", "drop"]) window.addEventListener(event, (drop) => drop.preventDefault());
