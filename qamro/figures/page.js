// Draws each figure when it comes into view, and all of them before the page is printed.
const config = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
const drawn = new Set();
function draw(place) {
  if (drawn.has(place)) return;
  drawn.add(place);
  const figure = JSON.parse(document.getElementById(place.dataset.figure).textContent);
  const named = { toImageButtonOptions: { filename: place.id, scale: 2 } };
  Plotly.newPlot(place, figure.data, figure.layout, { ...config, ...named });
}
const places = [...document.querySelectorAll("[data-figure]")];
const watcher = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) if (isIntersecting) { watcher.unobserve(target); draw(target); }
}, { rootMargin: "600px" });
places.forEach((place) => watcher.observe(place));
addEventListener("beforeprint", () => { places.forEach(draw); places.forEach((place) => Plotly.Plots.resize(place)); });
