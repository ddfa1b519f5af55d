/** Figure 3: who matters. The weight over the score scale, and what the best quarter of a study's clips gets of it. */

import { choices, handle, pointIn, slider } from '../controls.js';
import { axisBottom, axisLeft, fixed, html, Layer, linear, onceAFrame, percent, svg, watchWidth } from '../draw.js';
import { normalise, weight } from '../losses.js';
import { shareLimit, shareOfTop, spread } from '../shares.js';
import { choice, word } from '../state.js';

const BETAS = Array.from({ length: 57 }, (_, k) => 1 + k / 4);
const MOST = 15;

export const fields = { study: word(''), unit3: choice('batch', ['batch', 'scale']) };
const KEYS = ['study', 'unit3', 'beta'];

/** Picks the study that the state names, or the first one. */
export function pick(studies, { study }) {
  return studies.find(({ id }) => id === study) ?? studies[0];
}

/**
 * Everything that the figure says, from a study's scores and the state.
 * @param {{low: number, high: number, scores: number[]}} study
 * @param {{unit3: string, beta: number}} state
 */
export function solve({ low, high, scores }, { unit3, beta }) {
  const scale = unit3 === 'scale' ? /** @type {[number, number]} */ ([low, high]) : null;
  const { meanWeight, pairs } = spread(scores, beta, scale);
  return {
    scale,
    pairs,
    meanWeight,
    share: shareOfTop(scores, beta, scale),
    plain: shareOfTop(scores, 1, scale),
    limit: shareLimit(scores, scale),
    curve: BETAS.map((b) => [b, shareOfTop(scores, b, scale)]),
  };
}

export function mount(root, store, { studies: bundled, moreStudies }) {
  let studies = bundled;
  const select = html('select', { 'aria-label': 'Study', 'data-field': 'study' });
  const option = ({ id, title, kind, axis, scores }) =>
    html('option', { value: id }, `${title}, ${axis} (${kind}, ${scores.length.toLocaleString('en')} clips)`);
  select.append(...studies.map(option));
  select.addEventListener('change', () => store.set({ study: select.value === studies[0].id ? '' : select.value }));
  moreStudies.then((more) => {
    studies = [...studies, ...more];
    select.append(...more.map(option));
    draw();
  });
  const lines = makeLines(store);
  const shares = makeShares();
  const story = html('p', { class: 'story', 'aria-live': 'polite' });
  const table = html('table', { class: 'numbers' });
  const source = html('p', { class: 'aside source' });
  root.append(
    html('div', { class: 'row' }, html('label', { class: 'pick' }, html('span', { class: 'aside' }, 'Scores of '), select)),
    html('div', { class: 'two' }, lines.element, shares.element),
    html('div', { class: 'sliders one' }, slider(store, { key: 'beta', label: 'Weight of the best <i>β</i>', min: 1, max: MOST, step: 0.5, text: (v) => fixed(v, 1), tone: 'qamro' })),
    html('div', { class: 'row' }, choices(store, { key: 'unit3', label: 'Quality 0…1 from', options: [['batch', 'lowest and highest clip'], ['scale', 'the whole scale']] })),
    story,
    table,
    source,
  );

  let ready = false;
  const draw = onceAFrame(() => {
    if (!ready) return;
    const state = store.get();
    const study = pick(studies, state);
    const seen = solve(study, state);
    select.value = study.id;
    lines.draw(study, seen, state);
    shares.draw(seen, state);
    story.innerHTML = tell(study, seen, state);
    table.innerHTML = numbers(seen, state);
    source.textContent = study.about;
  });
  watchWidth(root, (width) => {
    ready = true;
    const half = width < 700 ? width : Math.floor((width - 36) / 2);
    lines.resize(half);
    shares.resize(half);
    draw();
  });
  store.subscribe((_, changed) => changed.some((key) => KEYS.includes(key)) && draw());
}

/** Counts scores in bins of `step`, apart for the best quarter; a bin across the boundary is split. */
function histogram(scores, low, high, step) {
  const count = Math.round((high - low) / step);
  const bins = Array.from({ length: count }, (_, k) => ({ from: low + k * step, top: 0, rest: 0 }));
  const sorted = [...scores].sort((a, b) => b - a);
  sorted.forEach((score, k) => {
    const bin = bins[Math.min(count - 1, Math.max(0, Math.floor((score - low) / step + 1e-9)))];
    const part = Math.min(1, Math.max(0, sorted.length / 4 - k));
    bin.top += part;
    bin.rest += 1 - part;
  });
  return bins;
}

/** Left: the weight over the score scale, its end a handle; below it where the study's clips lie. */
function makeLines(store) {
  const height = 372;
  const drawing = svg('svg', { role: 'group', 'aria-label': 'Weight of a pair over the score of its better clip', height });
  const layer = new Layer(drawing);
  let width = 400;
  let y = linear(0, MOST, 1, 0);
  const knob = svg('g', { 'data-handle': 'beta' }, svg('circle', { class: 'hit', r: 22 }), svg('circle', { class: 'knob qamro', r: 9 }));
  drawing.append(knob);
  const announce = handle(knob, {
    min: 1, max: MOST, step: 0.5, vertical: true, label: 'Weight of the best, beta',
    get: () => store.get().beta,
    set: (beta) => store.set({ beta }),
    at: (event) => y.invert(pointIn(drawing, event).y),
    text: (value) => fixed(value, 1),
  });

  function draw({ low, high, scores }, { scale }, { beta }) {
    const x = linear(low, high, 36, width - 20);
    y = linear(0, MOST, 240, 34);
    const ends = scale ?? [Math.min(...scores), Math.max(...scores)];
    const unit = normalise([...ends, low, high], ends);
    const ticks = Array.from({ length: high - low + 1 }, (_, k) => low + k).filter((_, k) => high - low < 12 || k % 20 === 0);
    layer.begin();
    layer.put('ground', 'rect', { class: 'ground', x: x(low), y: y(MOST), width: x(high) - x(low), height: y(0) - y(MOST) });
    axisLeft(layer, 'y', y, x(low), [0, 5, 10, 15], 'weight q of a pair, by its better clip');
    layer.put('flat', 'line', { class: 'curve mr', x1: x(low), x2: x(high), y1: y(1), y2: y(1) });
    layer.put('flat name', 'text', { class: 'tag mr on-ground', x: x(high) - 8, y: y(1) - 7, 'text-anchor': 'end' }, 'MR, and β = 1: every pair weighs 1');
    const [bend, end] = [x(ends[0]), x(ends[1])];
    layer.put('q', 'path', { class: 'curve qamro', d: `M${x(low)} ${y(weight(unit[2], beta))}L${bend} ${y(weight(unit[0], beta))}L${end} ${y(weight(unit[1], beta))}L${x(high)} ${y(weight(unit[3], beta))}` });
    const floor = 328;
    const bins = histogram(scores, low, high, (high - low) / 20);
    const most = Math.max(...bins.map(({ top, rest }) => top + rest));
    const size = (count) => (62 * count) / most;
    const thick = (x(high) - x(low)) / bins.length - 1.5;
    bins.forEach(({ from, top, rest }, k) => {
      layer.put(`rest ${k}`, 'rect', { class: 'bar-rest', x: x(from) + 0.75, y: floor - size(rest), width: thick, height: size(rest) });
      layer.put(`top ${k}`, 'rect', { class: 'bar-top', x: x(from) + 0.75, y: floor - size(rest) - size(top), width: thick, height: size(top) });
    });
    axisBottom(layer, 'x', x, floor, ticks, 'score of the clip; dark: the best quarter');
    layer.end();
    knob.setAttribute('transform', `translate(${end} ${y(beta)})`);
    announce();
  }
  const resize = (w) => {
    width = w;
    drawing.setAttribute('width', String(w));
  };
  return { element: html('div', {}, drawing), draw, resize };
}

/** Right: the share of the best quarter as β grows, and where it stops. */
function makeShares() {
  const height = 372;
  const drawing = svg('svg', { role: 'img', height });
  const layer = new Layer(drawing);
  let width = 400;

  function draw({ curve, share, plain, limit }, { beta }) {
    const x = linear(1, MOST, 44, width - 20);
    const y = linear(0, 1, 328, 34);
    const line = (key, level, cls, text, below) => {
      layer.put(key, 'line', { class: cls, x1: x(1), x2: x(MOST), y1: y(level), y2: y(level) });
      layer.put(`${key} text`, 'text', { class: 'zone', x: x(MOST) - 6, y: y(level) + (below ? 17 : -7), 'text-anchor': 'end' }, text);
    };
    layer.begin();
    layer.put('ground', 'rect', { class: 'ground', x: x(1), y: y(1), width: x(MOST) - x(1), height: y(0) - y(1) });
    axisBottom(layer, 'x', x, y(0), [1, 3, 5, 7, 9, 11, 13, 15], 'weight of the best β');
    axisLeft(layer, 'y', y, x(1), [0, 0.25, 0.5, 0.75, 1], 'share of the best quarter of clips in the total weight', (v) => percent(v));
    line('clips', 0.25, 'guide', 'their share of the clips', true);
    line('limit', limit, 'guide', `never more than ${percent(limit, 1)}`, false);
    layer.put('area', 'path', { class: 'shade light qamro', d: `M${curve.map(([b, s]) => `${x(b)} ${y(s)}`).join('L')}L${x(MOST)} ${y(plain)}H${x(1)}Z` });
    layer.put('plain', 'line', { class: 'curve plain', x1: x(1), x2: x(MOST), y1: y(plain), y2: y(plain) });
    layer.put('plain text', 'text', { class: 'tag plain', x: x(MOST) - 6, y: y(plain) + 15, 'text-anchor': 'end' }, `every pair counted once: ${percent(plain, 1)}`);
    layer.put('curve', 'path', { class: 'curve qamro', d: `M${curve.map(([b, s]) => `${x(b)} ${y(s)}`).join('L')}` });
    layer.put('dot', 'circle', { class: 'dot qamro', cx: x(beta), cy: y(share), r: 7 });
    const toLeft = beta > 11;
    layer.put('share', 'text', { class: 'reading qamro', x: x(beta) + (toLeft ? -4 : 2), y: y(Math.max(share, limit)) - 26, 'text-anchor': toLeft ? 'end' : 'start' }, percent(share, 1));
    layer.put('drop', 'line', { class: 'drop qamro', x1: x(beta), x2: x(beta), y1: y(share) - 8, y2: y(Math.max(share, limit)) - 20 });
    layer.end();
    drawing.setAttribute('aria-label', `Share of the best quarter: ${percent(plain, 1)} without weighting, ${percent(share, 1)} now, never more than ${percent(limit, 1)}`);
  }
  const resize = (w) => {
    width = w;
    drawing.setAttribute('width', String(w));
  };
  return { element: html('div', {}, drawing), draw, resize };
}

function tell({ kind }, { share, plain, limit, meanWeight }, { beta }) {
  const gained = share - plain;
  const room = limit - plain;
  const first = `In this ${kind} study the best quarter of the clips is the better one in ${percent(plain, 1)} of all pairs, so that is its share if every pair counts once.`;
  if (beta === 1) return `${first} With <i>β</i> = 1 nothing is weighted: this is <b class="plain">QAMRO without weighting</b>.`;
  return `${first} With <i>β</i> = ${fixed(beta, 1)} it gets <b class="qamro">${percent(share, 1)}</b>: ${percent(gained / room)} of all that any <i>β</i> could add. Meanwhile the average pair has come to weigh ${fixed(meanWeight, 1)}: <i>β</i> also turns up the volume of the whole loss, against a Huber term beside it or for the same step size.`;
}

function numbers({ share, plain, limit, meanWeight, pairs }, { beta }) {
  const cell = (name, value) => `<td data-value="${name}">${value}</td>`;
  return `<thead><tr><td></td><th>share of the best quarter</th><th>mean <i>q</i></th><th>pairs</th></tr></thead><tbody>
    <tr class="plain"><th>β = 1</th>${cell('plain share', percent(plain, 2))}${cell('plain q', '1.000')}${cell('plain pairs', pairs.toLocaleString('en'))}</tr>
    <tr class="qamro"><th>β = ${fixed(beta, 1)}</th>${cell('qamro share', percent(share, 2))}${cell('qamro q', fixed(meanWeight, 3))}${cell('qamro pairs', pairs.toLocaleString('en'))}</tr>
    <tr><th>β without end</th>${cell('limit share', percent(limit, 2))}${cell('limit q', '∞')}${cell('limit pairs', pairs.toLocaleString('en'))}</tr></tbody>`;
}
