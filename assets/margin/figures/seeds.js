/** Under figure 4: the same experiment on a hundred seeds, a few milliseconds a frame, so that no one trusts a single run. */

import { fixed, html, Layer, linear, percent, signed, svg } from '../draw.js';
import { runSeed, SEEDS } from '../experiment.js';
import { meanAndError, pairedDifference } from '../metrics.js';
import { LOSSES } from '../training.js';
import { LOOK } from './look.js';

const MEASURES = [
  { key: 'srcc', label: 'SRCC', of: (end) => end.srcc },
  { key: 'mse', label: 'MSE', of: (end) => end.mse },
  { key: 'wrongTop', label: 'out of order at the top', of: (end) => end.wrongTop / end.pairsTop, text: (v) => percent(v, 1) },
];
const BUDGET = 7;

/** @param {HTMLElement} figure while it can be seen, the seeds are run */
export function makeSeeds(figure) {
  const strips = MEASURES.map(makeStrip);
  const story = html('p', { class: 'story', 'aria-live': 'polite' });
  const element = html('div', { class: 'seeds' },
    html('h4', {}, `The same on ${SEEDS} seeds`, html('small', {}, 'each dot one made-up set of clips; bar: mean and its 95 % interval')),
    html('div', { class: 'strips' }, ...strips.map((strip) => strip.element)),
    story,
  );
  let [state, ends, running, visible] = [null, [], false, false];
  new IntersectionObserver((entries) => {
    visible = entries.some((entry) => entry.isIntersecting);
    if (visible) run();
  }, { rootMargin: '300px' }).observe(figure);

  function run() {
    if (running || !visible || !state || ends.length >= SEEDS) return;
    running = true;
    requestAnimationFrame(() => {
      running = false;
      const until = performance.now() + BUDGET;
      do ends.push(runSeed(state, ends.length + 1));
      while (ends.length < SEEDS && performance.now() < until);
      if (ends.length < SEEDS) return run();
      draw();
    });
  }

  function draw() {
    strips.forEach((strip) => strip.draw(ends));
    story.innerHTML = ends.length < SEEDS ? '' : tell(ends, state);
    element.dataset.seeds = String(ends.length);
  }

  return {
    element,
    resize(width) {
      const columns = width >= 760 ? 3 : 1;
      element.querySelector('.strips').style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
      strips.forEach((strip) => strip.resize(Math.floor((width - (columns - 1) * 22) / columns)));
      if (ends.length >= SEEDS) draw();
    },
    /** Starts over with another state. */
    prepare(next) {
      [state, ends] = [next, []];
      element.dataset.seeds = '0';
      run();
    },
    /** Runs what is missing at once and gives the ends of all seeds. */
    finish() {
      while (ends.length < SEEDS) ends.push(runSeed(state, ends.length + 1));
      draw();
      return ends;
    },
  };
}

function makeStrip({ key, label, of, text = (v) => fixed(v, 3) }) {
  const height = 178;
  const drawing = svg('svg', { role: 'img', height });
  const layer = new Layer(drawing);
  let width = 300;

  function draw(ends) {
    const values = Object.fromEntries(LOSSES.map((name) => [name, ends.map((end) => of(end[name]))]));
    const all = Object.values(values).flat().filter(Number.isFinite);
    let [low, high] = [Math.min(...all), Math.max(...all)];
    if (high - low < 1e-6) [low, high] = [low - 0.05, high + 0.05];
    const x = linear(low, high, 10, width - 70);
    layer.begin();
    layer.put('label', 'text', { class: 'label', x: 0, y: 14 }, label);
    const described = LOSSES.map((name, k) => {
      const y = 42 + k * 32;
      const { mean, error } = meanAndError(values[name]);
      layer.put(`lane ${name}`, 'rect', { class: 'ground', x: x(low) - 10, y: y - 12, width: x(high) - x(low) + 20, height: 24 });
      values[name].forEach((value, seed) => {
        layer.put(`${name} ${seed}`, 'circle', { class: `speck ${name}`, cx: x(value), cy: y, r: 3 });
      });
      const [from, to] = [x(mean - 1.96 * error), x(mean + 1.96 * error)];
      layer.put(`bar ${name}`, 'line', { class: 'interval', x1: from, x2: Math.max(to, from + 1), y1: y, y2: y });
      layer.put(`mean ${name}`, 'line', { class: 'interval', x1: x(mean), x2: x(mean), y1: y - 9, y2: y + 9 });
      layer.put(`text ${name}`, 'text', { class: `reading small ${name}`, x: width - 54, y: y + 5, 'data-value': `seeds ${key} ${name}` }, text(mean));
      return `${LOOK[name].name} ${text(mean)}`;
    });
    layer.end();
    drawing.setAttribute('aria-label', `${label}, mean over ${ends.length} seeds: ${described.join(', ')}`);
  }
  const resize = (w) => {
    width = w;
    drawing.setAttribute('width', String(w));
  };
  return { element: html('div', {}, drawing), draw, resize };
}

/** Differences between QAMRO and QAMRO without weighting, seed by seed, with their intervals. */
export function weightingEffect(ends) {
  const share = (wrong, pairs) => (name) => ends.map((end) => end[name][wrong] / end[name][pairs]);
  const [all, top] = [share('wrong', 'pairs'), share('wrongTop', 'pairsTop')];
  return { all: pairedDifference(all('qamro'), all('plain')), top: pairedDifference(top('qamro'), top('plain')) };
}

function tell(ends, { beta }) {
  if (beta === 1) return 'With <i>β</i> = 1 QAMRO and QAMRO without weighting are the same loss.';
  const { all, top } = weightingEffect(ends);
  const points = ({ mean, low, high }) => `${signed(100 * mean, 2)} points (95 % interval ${signed(100 * low, 2)} to ${signed(100 * high, 2)})`;
  const verdict = ({ low, high }) => (high < 0 ? 'fewer' : low > 0 ? 'more' : 'no clear change');
  const spreadOf = meanAndError(ends.map((end) => end.qamro.wrongTop / end.qamro.pairsTop)).error * Math.sqrt(ends.length);
  return `What does the weighting change, seed by seed? Pairs out of order at the top: ${points(top)}, ${verdict(top)}. Among all pairs: ${points(all)}, ${verdict(all)}. One seed differs from the next by about ${fixed(100 * spreadOf, 1)} points.`;
}
