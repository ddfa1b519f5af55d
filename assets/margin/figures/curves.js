/** The curves of figure 4: SRCC, MSE and whether the best clip is found, over the training steps. */

import { axisBottom, axisLeft, fixed, html, Layer, linear, svg } from '../draw.js';
import { LOSSES, STEPS } from '../training.js';
import { LOOK, mark, place } from './look.js';

const TICKS = [0, 15, 60, 135, 240];

export function makeCurves() {
  const plots = { srcc: makePlot('srcc', 'SRCC: is the order right?'), mse: makePlot('mse', 'MSE: are the scores right?'), top1: makeLanes() };
  const element = html('div', { class: 'curves' }, ...Object.values(plots).map((plot) => plot.element));
  return {
    element,
    resize(width) {
      const columns = width >= 860 ? 3 : 1;
      element.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
      for (const plot of Object.values(plots)) plot.resize(Math.floor((width - (columns - 1) * 22) / columns));
    },
    prepare(experiment) {
      for (const plot of Object.values(plots)) plot.prepare(experiment);
    },
    /** @param {number} step @param {boolean} hidden whether what comes after the step is kept secret */
    show(step, hidden) {
      for (const plot of Object.values(plots)) plot.show(step, hidden);
    },
  };
}

let serial = 0;

/** An axis of steps with two copies of its content: one faint, one in full up to the present step. */
function makeFrame(height, label) {
  const drawing = svg('svg', { role: 'img', height, 'aria-label': label });
  const [clip, frame] = [0, 1].map(() => svg('rect', { x: 0, y: 28, width: 0, height: height - 68 }));
  const id = `cut${++serial}`;
  drawing.append(svg('defs', {}, svg('clipPath', { id }, clip), svg('clipPath', { id: `${id}all` }, frame)));
  const axes = new Layer(drawing);
  const future = new Layer(drawing, { opacity: 0.22, 'clip-path': `url(#${id}all)` });
  const past = new Layer(drawing, { 'clip-path': `url(#${id})` });
  const heads = new Layer(drawing);
  return { drawing, clip, frame, axes, future, past, heads };
}

function makePlot(key, label) {
  const height = 214;
  const { drawing, clip, frame, axes, future, past, heads } = makeFrame(height, label);
  let width = 300;
  let scales = null;
  let runs = null;

  function prepare(experiment) {
    runs = experiment.runs;
    const x = linear(0, 1, 40, width - 12);
    const all = LOSSES.flatMap((name) => runs[name][key]);
    const settled = LOSSES.flatMap((name) => runs[name][key].slice(60));
    const domain = key === 'srcc' ? [Math.max(-1, Math.floor(10 * Math.min(0.9, Math.min(...settled) - 0.05)) / 10), 1] : [0, Math.ceil(2 * Math.min(4, Math.max(...all))) / 2];
    const y = linear(domain[0], domain[1], height - 40, 30);
    scales = { x, y };
    axes.begin();
    axes.put('ground', 'rect', { class: 'ground', x: x(0), y: y(domain[1]), width: x(1) - x(0), height: y(domain[0]) - y(domain[1]) });
    const middle = (domain[0] + domain[1]) / 2;
    axisLeft(axes, 'y', y, x(0), [domain[0], middle, domain[1]], label, (v) => fixed(v, 2));
    const stretched = linear(0, 1, x(0), x(1));
    axisBottom(axes, 'x', Object.assign((step) => stretched(place(step, STEPS)), { range: stretched.range }), y(domain[0]), TICKS, 'training step');
    axes.end();
    for (const layer of [future, past]) {
      layer.begin();
      for (const name of LOSSES) {
        const points = runs[name][key].map((value, step) => `${x(place(step, STEPS)).toFixed(1)} ${y(value).toFixed(1)}`);
        layer.put(name, 'path', { class: `curve ${name}`, d: `M${points.join('L')}` });
      }
      layer.end();
    }
  }

  function show(step, hidden) {
    const { x, y } = scales;
    const now = x(place(step, STEPS));
    const [bottom, top] = y.range;
    clip.setAttribute('width', String(now));
    future.group.setAttribute('visibility', hidden ? 'hidden' : 'visible');
    heads.begin();
    heads.put('now', 'line', { class: 'zero', x1: now, x2: now, y1: bottom, y2: top });
    for (const name of LOSSES) {
      heads.put(name, 'path', { class: `dot ${name}`, d: mark(name, now, Math.min(bottom, Math.max(top, y(runs[name][key][Math.round(step)]))), 4.5) });
    }
    heads.end();
  }
  const resize = (w) => {
    width = w;
    drawing.setAttribute('width', String(w));
    frame.setAttribute('width', String(w));
  };
  return { element: html('div', {}, drawing), prepare, show, resize };
}

function makeLanes() {
  const height = 214;
  const { drawing, clip, frame, axes, future, past, heads } = makeFrame(height, 'Top-1: is the best clip found?');
  let width = 300;
  let scales = null;
  let runs = null;
  const lane = (k) => 50 + k * 34;

  function prepare(experiment) {
    runs = experiment.runs;
    const x = linear(0, 1, 40, width - 12);
    scales = { x };
    axes.begin();
    axes.put('label', 'text', { class: 'label', x: x(0) - 24, y: 18 }, 'Top-1: is the best clip found?');
    LOSSES.forEach((name, k) => {
      axes.put(`lane ${name}`, 'rect', { class: 'ground', x: x(0), y: lane(k) - 9, width: x(1) - x(0), height: 18 });
      axes.put(`mark ${name}`, 'path', { class: `dot ${name}`, d: mark(name, 20, lane(k), 5) });
    });
    axisBottom(axes, 'x', Object.assign((step) => x(place(step, STEPS)), { range: x.range }), height - 40, TICKS, 'training step');
    axes.end();
    for (const layer of [future, past]) {
      layer.begin();
      LOSSES.forEach((name, k) => {
        const found = runs[name].top1;
        for (let start = 0; start < found.length; start++) {
          if (!found[start]) continue;
          let stop = start;
          while (found[stop + 1]) stop += 1;
          const [left, right] = [x(place(start, STEPS)), x(place(Math.min(STEPS, stop + 1), STEPS))];
          layer.put(`${name} ${start}`, 'rect', { class: `lane ${name}`, x: left, y: lane(k) - 9, width: Math.max(1, right - left), height: 18 });
          start = stop;
        }
      });
      layer.end();
    }
  }

  function show(step, hidden) {
    const now = scales.x(place(step, STEPS));
    clip.setAttribute('width', String(now));
    future.group.setAttribute('visibility', hidden ? 'hidden' : 'visible');
    heads.begin();
    heads.put('now', 'line', { class: 'zero', x1: now, x2: now, y1: 34, y2: height - 40 });
    heads.end();
  }
  const resize = (w) => {
    width = w;
    drawing.setAttribute('width', String(w));
    frame.setAttribute('width', String(w));
  };
  return { element: html('div', {}, drawing), prepare, show, resize };
}
