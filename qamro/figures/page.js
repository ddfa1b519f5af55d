// Draws each figure when it comes into view, and all of them before the page is printed. Grey text and lines take the
// page's own grey, which differs between light, dark and paper.
const config = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
const PAPER = 640; // paper is narrower than most windows: a figure's width between the margins of A4 or Letter
const drawn = new Set();
function draw(place, paper = false) {
  drawn.add(place);
  const style = getComputedStyle(document.documentElement);
  const grey = style.getPropertyValue(paper ? "--paper-muted" : "--muted").trim();
  const text = document.getElementById(place.dataset.figure).textContent;
  const figure = JSON.parse(text.replaceAll(`"${place.dataset.grey}"`, `"${grey}"`));
  const layout = paper ? { ...figure.layout, width: PAPER, autosize: false } : figure.layout;
  Plotly.react(place, figure.data, layout, { ...config, toImageButtonOptions: { filename: place.id, scale: 2 } });
}
const places = [...document.querySelectorAll("[data-figure]")];
const watcher = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) if (isIntersecting) { watcher.unobserve(target); draw(target); }
}, { rootMargin: "600px" });
places.forEach((place) => watcher.observe(place));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((place) => draw(place)));
// A figure keeps the width and the grey that it was drawn with, and the style of the screen is in force until it is printed.
// On paper nothing is folded.
const folds = [];
addEventListener("beforeprint", () => {
  folds.push(...document.querySelectorAll("details:not([open])"));
  folds.forEach((fold) => { fold.open = true; });
});
addEventListener("afterprint", () => folds.splice(0).forEach((fold) => { fold.open = false; }));
addEventListener("beforeprint", () => places.forEach((place) => draw(place, true)));
addEventListener("afterprint", () => places.forEach((place) => draw(place)));
