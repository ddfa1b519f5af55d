/** Figure 1: one pair of clips. Drag scores and predictions; both hinges, both margins and both pushes follow. */

import { handle, pointIn, slider } from '../controls.js';
import { arrowPath, axisBottom, axisLeft, clamp, fixed, html, Layer, linear, onceAFrame, signed, svg, watchWidth } from '../draw.js';
import { hinge, normalise, weight } from '../losses.js';
import { list } from '../state.js';

const SCALE = /** @type {[number, number]} */ ([1, 5]);
const TICKS = [1, 2, 3, 4, 5];
const NAMES = ['A', 'B'];

/** y of A, y of B, ŷ of A, ŷ of B. */
export const fields = { pair: list([4.2, 2.9, 3, 3.2], ...SCALE) };

/**
 * Everything that the figure shows, from the state alone.
 * @param {{pair: number[], margin: number, alpha: number, beta: number}} state
 */
export function solve({ pair: [yA, yB, pA, pB], margin, alpha, beta }) {
  const gap = Math.round(100 * Math.abs(yA - yB)) / 100;
  const better = yA > yB ? 0 : 1;
  const ahead = (better === 0 ? 1 : -1) * (pA - pB);
  const unit = normalise([yA, yB], SCALE)[better];
  const terms = {
    mr: { margin, q: 1, ...hinge(ahead, margin) },
    qamro: { margin: alpha * gap, q: weight(unit, beta), ...hinge(ahead, alpha * gap, weight(unit, beta)) },
  };
  const gradient = (push) => (better === 0 ? [0 - push, push] : [push, 0 - push]);
  return { tied: gap === 0, gap, better, ahead, y: [yA, yB], p: [pA, pB], terms, gradient };
}

export function mount(root, store) {
  const board = svg('svg', { class: 'board', role: 'group', 'aria-label': 'Two clips, their human scores and their predictions' });
  const back = new Layer(board);
  const panels = Object.fromEntries(['mr', 'qamro'].map((key) => [key, makePanel(key)]));
  const story = html('p', { class: 'story', 'aria-live': 'polite' });
  const table = html('table', { class: 'numbers' });
  root.append(
    board,
    html('div', { class: 'pair-panels' }, panels.mr.element, panels.qamro.element),
    html('div', { class: 'sliders' },
      slider(store, { key: 'margin', label: 'Fixed margin <i>m</i>', hint: 'MR', min: 0, max: 1, step: 0.05, text: (v) => fixed(v), tone: 'mr' }),
      slider(store, { key: 'alpha', label: 'Margin per point <i>α</i>', hint: 'QAMRO', min: 0, max: 1, step: 0.05, text: (v) => fixed(v), tone: 'qamro' }),
      slider(store, { key: 'beta', label: 'Weight of the best <i>β</i>', hint: 'QAMRO', min: 1, max: 15, step: 0.5, text: (v) => fixed(v, 1), tone: 'qamro' }),
    ),
    story,
    table,
  );

  let width = 0;
  let scale = linear(1, 5, 0, 1);
  const handles = [0, 1, 2, 3].map((index) => {
    const [name, kind] = [NAMES[index % 2], index < 2 ? 'human score' : 'prediction'];
    const group = svg('g', { 'data-handle': `${kind === 'prediction' ? 'p' : 'y'}${name}` });
    group.append(
      svg('circle', { class: 'hit', r: 22 }),
      name === 'A' ? svg('circle', { class: 'knob', r: 11 }) : svg('rect', { class: 'knob', x: -10, y: -10, width: 20, height: 20, rx: 3 }),
      svg('text', { class: 'knob-text', y: 4.5, 'text-anchor': 'middle' }, name),
    );
    board.append(group);
    const announce = handle(group, {
      min: 1, max: 5, step: 0.05, label: `Clip ${name}, ${kind}`,
      get: () => store.get().pair[index],
      set: (value) => store.set({ pair: store.get().pair.map((old, i) => (i === index ? value : old)) }),
      at: (event) => scale.invert(pointIn(board, event).x),
      text: (value) => `${fixed(value)} of 5`,
    });
    return { group, index, announce };
  });

  const rows = { y: 44, p: 158 };
  const draw = onceAFrame(() => {
    if (!width) return;
    const seen = solve(store.get());
    drawBoard(seen);
    for (const key of ['mr', 'qamro']) panels[key].draw(seen);
    story.innerHTML = tell(seen, store.get());
    table.innerHTML = numbers(seen);
  });

  function drawBoard(seen) {
    const narrow = width < 560;
    const left = narrow ? 22 : 148;
    scale = linear(1, 5, left, width - 24);
    board.setAttribute('width', String(width));
    board.setAttribute('height', '204');
    back.begin();
    for (const [row, text] of [['y', 'people say'], ['p', 'the model says']]) {
      const place = narrow ? { x: 0, y: rows[row] - (row === 'y' ? 26 : 48) } : { x: left - 28, y: rows[row] + 4, 'text-anchor': 'end' };
      back.put(`name ${row}`, 'text', { class: 'label strong', ...place }, text);
    }
    if (!seen.tied) {
      const start = scale(seen.p[1 - seen.better]);
      for (const [key, y] of [['mr', rows.p - 34], ['qamro', rows.p - 22]]) {
        const end = Math.min(scale(seen.p[1 - seen.better] + seen.terms[key].margin), width - 8);
        back.put(`band ${key}`, 'rect', { class: `band ${key}`, x: start, y, width: Math.max(0, end - start), height: 7 });
        back.put(`stop ${key}`, 'line', { class: `edge ${key}`, x1: end, x2: end, y1: y - 1, y2: y + 8 });
        const fits = end < width - 60;
        back.put(`who ${key}`, 'text', { class: `tag ${key}`, x: fits ? end + 6 : start - 6, y: y + 8, 'text-anchor': fits ? 'start' : 'end' }, key === 'mr' ? 'MR' : 'QAMRO');
      }
    }
    axisBottom(back, 'y', scale, rows.y, TICKS, '', String, 28);
    axisBottom(back, 'p', scale, rows.p, TICKS, '', String, 28);
    seen.y.forEach((y, i) => {
      back.put(`thread ${i}`, 'line', { class: `thread clip-${i}`, x1: scale(y), y1: rows.y, x2: scale(seen.p[i]), y2: rows.p });
    });
    back.end();
    for (const { group, index, announce } of handles) {
      group.setAttribute('transform', `translate(${scale(store.get().pair[index])} ${rows[index < 2 ? 'y' : 'p']})`);
      announce();
    }
  }

  watchWidth(root, (w) => {
    width = w;
    const half = w < 640 ? w : Math.floor((w - 24) / 2);
    for (const key of ['mr', 'qamro']) panels[key].resize(half);
    draw();
  });
  store.subscribe((_, changed) => changed.some((key) => ['pair', 'margin', 'alpha', 'beta'].includes(key)) && draw());
}

const TITLES = {
  mr: ['Margin ranking loss', 'the same margin <i>m</i> for every pair'],
  qamro: ['QAMRO', 'margin <i>α</i> times the human difference, slope <i>q</i>'],
};
const TOP = 7;
const AHEAD = 2.6;

/** One hinge with its shaded margin, and below it the push that the loss gives to the two predictions. */
function makePanel(key) {
  const title = html('h4', { class: key });
  title.innerHTML = `${TITLES[key][0]} <small>${TITLES[key][1]}</small>`;
  const drawing = svg('svg', { role: 'img', height: '344' });
  const layer = new Layer(drawing);
  const element = html('div', { class: 'panel' }, title, drawing);
  let width = 400;

  function draw(seen) {
    const { tied, ahead, p, better } = seen;
    const { margin, q, loss, push } = seen.terms[key];
    const x = linear(-AHEAD, AHEAD, 34, width - 10);
    const y = linear(0, TOP, 212, 26);
    const knee = x(Math.min(margin, AHEAD));
    layer.begin();
    layer.put('clip', 'rect', { class: 'ground', x: x(-AHEAD), y: y(TOP), width: x(AHEAD) - x(-AHEAD), height: y(0) - y(TOP) });
    layer.put('wrong', 'text', { class: 'zone', x: x(-AHEAD) + 8, y: y(0) - 9 }, 'wrong order');
    layer.put('right', 'text', { class: 'zone', x: x(AHEAD) - 8, y: y(0) - 9, 'text-anchor': 'end' }, 'right order');
    if (!tied) {
      layer.put('shade', 'rect', { class: `shade ${key}`, x: x(0), y: y(TOP), width: Math.max(0, knee - x(0)), height: y(0) - y(TOP) });
      const start = Math.max(-AHEAD, margin - TOP / q);
      const far = Math.min(TOP, q * (margin - start));
      layer.put('hinge', 'path', { class: `curve ${key}`, d: `M${x(start)} ${y(far)}L${knee} ${y(0)}L${x(AHEAD)} ${y(0)}` });
    }
    layer.put('zero', 'line', { class: 'zero', x1: x(0), x2: x(0), y1: y(0), y2: y(TOP) });
    axisBottom(layer, 'x', x, y(0), [-2, -1, 0, 1, 2], 'how far the better clip is put ahead', (v) => fixed(v, 0));
    axisLeft(layer, 'y', y, x(-AHEAD), [0, 2, 4, 6], "this pair's loss");
    if (tied) {
      layer.put('gone', 'text', { class: 'gone', x: width / 2, y: 110, 'text-anchor': 'middle' }, 'no better clip: no pair, no hinge');
    } else {
      const [px, py] = [x(clamp(ahead, -AHEAD, AHEAD)), y(Math.min(loss, TOP))];
      layer.put('drop', 'line', { class: `drop ${key}`, x1: px, x2: px, y1: y(0), y2: py });
      layer.put('dot', key === 'mr' ? 'path' : 'circle', key === 'mr' ? { class: `dot ${key}`, d: `M${px} ${py - 8}l7.5 13h-15z` } : { class: `dot ${key}`, cx: px, cy: py, r: 7 });
      const over = loss > TOP ? ' ↑' : '';
      const toLeft = px > width - 110;
      layer.put('loss', 'text', { class: `reading ${key}`, x: px + (toLeft ? -13 : 13), y: Math.max(py + 2, y(TOP) + 14), 'text-anchor': toLeft ? 'end' : 'start' }, `${fixed(loss)}${over}`);
    }
    drawPush(x, p, better, tied ? 0 : push);
    layer.end();
    drawing.setAttribute('aria-label', tied ? `${TITLES[key][0]}: the pair is not counted` : `${TITLES[key][0]}: margin ${fixed(margin)}, weight ${fixed(q)}, loss ${fixed(loss)}`);
  }

  function drawPush(x, p, better, push) {
    const line = 296;
    const scale = linear(1, 5, x.range[0], x.range[1]);
    layer.put('push line', 'line', { class: 'axis', x1: scale(1), x2: scale(5), y1: line, y2: line });
    layer.put('push name', 'text', { class: 'label', x: scale(1), y: 334 }, push ? 'how hard the loss pushes each prediction' : 'no push');
    const reach = (scale(5) - scale(1)) / 26;
    p.forEach((value, i) => {
      const direction = i === better ? 1 : -1;
      const at = scale(value);
      const lane = line + (i === 0 ? -13 : 13);
      layer.put(`stem ${i}`, 'line', { class: 'axis', x1: at, x2: at, y1: line, y2: lane });
      layer.put(`arrow ${i}`, 'path', { class: `arrow ${key}`, d: arrowPath(at, lane, direction * push * reach) });
      layer.put(`mark ${i}`, i === 0 ? 'circle' : 'rect', i === 0 ? { class: 'mark', cx: at, cy: lane, r: 4.5 } : { class: 'mark', x: at - 4, y: lane - 4, width: 8, height: 8 });
      layer.put(`letter ${i}`, 'text', { class: 'tick', x: at - direction * 12, y: lane + 4, 'text-anchor': 'middle' }, NAMES[i]);
    });
  }

  const resize = (w) => {
    width = w;
    drawing.setAttribute('width', String(w));
  };
  return { element, draw, resize };
}

/** The figure in words. */
function tell(seen, { alpha }) {
  if (seen.tied) {
    return '<b>The pair is gone.</b> People gave A and B the same score, so there is no right order to ask for: sign(<i>y</i><sub>A</sub> − <i>y</i><sub>B</sub>) is 0. Such pairs are left out of the mean altogether. They cost nothing, push nothing, and do not thin out the others.';
  }
  const [good, other] = seen.better === 0 ? ['A', 'B'] : ['B', 'A'];
  const { mr, qamro } = seen.terms;
  const order = seen.ahead > 0 ? `the right order, ${fixed(seen.ahead)} apart` : seen.ahead < 0 ? `the wrong order, ${fixed(-seen.ahead)} apart` : 'level';
  const verdict = (name, term) =>
    term.loss > 0
      ? `<b class="${name}">${name === 'mr' ? 'MR' : 'QAMRO'}</b> wants ${good} ahead by ${fixed(term.margin)}, misses ${fixed(term.missing)}${term.q !== 1 ? `, counts it ${fixed(term.q, 1)} times` : ''}`
      : `<b class="${name}">${name === 'mr' ? 'MR' : 'QAMRO'}</b> wants ${good} ahead by ${fixed(term.margin)} and is content`;
  return `People put ${good} ${fixed(seen.gap)} above ${other}. The model has them in ${order}. ${verdict('mr', mr)}. ${verdict('qamro', qamro)}${alpha === 0 ? ' (with α = 0 any lead will do)' : ''}.`.replace('in level', 'level');
}

function numbers(seen) {
  const cell = (value, name) => `<td data-value="${name}">${value}</td>`;
  const row = (key, title) => {
    if (seen.tied) return `<tr class="${key}"><th>${title}</th>${cell('–', `${key} margin`)}${cell('–', `${key} q`)}${cell('–', `${key} loss`)}${cell('none', `${key} gradient A`)}${cell('none', `${key} gradient B`)}</tr>`;
    const { margin, q, loss, push } = seen.terms[key];
    const [a, b] = seen.gradient(push);
    return `<tr class="${key}"><th>${title}</th>${cell(fixed(margin, 3), `${key} margin`)}${cell(fixed(q, 3), `${key} q`)}${cell(fixed(loss, 3), `${key} loss`)}${cell(signed(a, 3), `${key} gradient A`)}${cell(signed(b, 3), `${key} gradient B`)}</tr>`;
  };
  return `<thead><tr><td></td><th>margin</th><th>weight <i>q</i></th><th>loss</th><th>∂loss/∂<i>ŷ</i><sub>A</sub></th><th>∂loss/∂<i>ŷ</i><sub>B</sub></th></tr></thead><tbody>${row('mr', 'MR')}${row('qamro', 'QAMRO')}</tbody>`;
}
