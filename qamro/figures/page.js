// Draws each figure when it comes into view, and all of them before the page is printed. Grey text and lines take the
// page's own grey, which differs between light and dark.
const config = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
const drawn = new Set();
function draw(place) {
  drawn.add(place);
  const grey = getComputedStyle(document.documentElement).getPropertyValue("--muted").trim();
  const text = document.getElementById(place.dataset.figure).textContent;
  const figure = JSON.parse(text.replaceAll(`"${place.dataset.grey}"`, `"${grey}"`));
  Plotly.react(place, figure.data, figure.layout, { ...config, toImageButtonOptions: { filename: place.id, scale: 2 } });
}
const places = [...document.querySelectorAll("[data-figure]")];
const watcher = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) if (isIntersecting) { watcher.unobserve(target); draw(target); }
}, { rootMargin: "600px" });
places.forEach((place) => watcher.observe(place));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
// Paper is narrower than most windows, and a figure keeps the width that it was drawn with.
const PAPER = 680;
addEventListener("beforeprint", () => places.forEach((place) => {
  if (!drawn.has(place)) draw(place);
  Plotly.relayout(place, { width: PAPER, autosize: false });
}));
addEventListener("afterprint", () => places.forEach((place) => Plotly.relayout(place, { width: null, autosize: true })));
