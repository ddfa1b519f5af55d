/** Figure 2: twelve clips and all their pairs. What MR asks for, what QAMRO asks for, and of whom. */

import { choices, handle, pointIn, slider } from '../controls.js';
import { axisBottom, axisLeft, fixed, html, Layer, linear, onceAFrame, signed, svg, watchWidth } from '../draw.js';
import { hinge, marginRanking, normalise, qamro, weight } from '../losses.js';
import { wrongPairs } from '../metrics.js';
import { choice, list } from '../state.js';

export const NAMES = [...'ABCDEFGHIJKL'];
/** The human scores of the twelve made-up clips; D and E are tied. */
export const HUMAN = [4.7, 4.4, 4.1, 3.8, 3.8, 3.4, 3.1, 2.8, 2.4, 2.1, 1.7, 1.4];

const half = HUMAN.map((y) => Math.round(100 * (3 + 0.5 * (y - 3))) / 100);
const swapped = (i, j) => half.map((p, k) => (k === i ? half[j] : k === j ? half[i] : p));
/** Predictions to start from. */
export const PRESETS = {
  regressor: ['A cautious model', [3.4, 3.55, 3.3, 3.35, 3.1, 3.2, 2.9, 3.05, 2.95, 2.6, 2.75, 2.55]],
  squeezed: ['Right but squeezed', HUMAN.map((y) => Math.round(100 * (3 + 0.1 * (y - 3))) / 100)],
  top: ['One swap at the top', swapped(0, 2)],
  bottom: ['One swap at the bottom', swapped(9, 11)],
};

export const fields = {
  batch: list(PRESETS.regressor[1], 1, 5),
  unit: choice('batch', ['batch', 'scale']),
};
const KEYS = ['batch', 'unit', 'margin', 'alpha', 'beta'];

/**
 * Every pair of the batch with what each loss asks of it.
 * @param {{batch: number[], unit: string, margin: number, alpha: number, beta: number}} state
 */
export function solve({ batch: p, unit, margin, alpha, beta }) {
  const scale = unit === 'scale' ? /** @type {[number, number]} */ ([1, 5]) : null;
  const units = normalise(HUMAN, scale);
  const pairs = [];
  let tied = 0;
  for (let i = 0; i < HUMAN.length; i++) {
    for (let j = i + 1; j < HUMAN.length; j++) {
      if (HUMAN[i] === HUMAN[j]) {
        tied += 1;
        continue;
      }
      // HUMAN falls from A to L, so i is the better clip.
      const [dy, dp, q] = [HUMAN[i] - HUMAN[j], p[i] - p[j], weight(units[i], beta)];
      pairs.push({ i, j, dy, dp, q, mr: hinge(dp, margin), qamro: hinge(dp, alpha * dy, q) });
    }
  }
  return {
    pairs,
    tied,
    wrong: wrongPairs(p, HUMAN),
    mr: marginRanking(p, HUMAN, { margin }),
    qamro: qamro(p, HUMAN, { alpha, beta, scale }),
  };
}

export function mount(root, store) {
  const clips = makeClips(store, () => draw());
  const plot = makePlot((pair) => {
    chosen = pair;
    draw();
  });
  const presets = Object.values(PRESETS).map(([text, values]) => {
    const button = html('button', { type: 'button' }, text);
    button.addEventListener('click', () => store.set({ batch: [...values] }));
    return button;
  });
  const story = html('p', { class: 'story', 'aria-live': 'polite' });
  const table = html('table', { class: 'numbers' });
  root.append(
    html('div', { class: 'row' }, html('span', { class: 'aside' }, 'Start from'), ...presets),
    html('div', { class: 'batch-grid' }, clips.element, plot.element),
    html('div', { class: 'sliders' },
      slider(store, { key: 'margin', label: 'Fixed margin <i>m</i>', hint: 'MR', min: 0, max: 1, step: 0.05, text: (v) => fixed(v), tone: 'mr' }),
      slider(store, { key: 'alpha', label: 'Margin per point <i>α</i>', hint: 'QAMRO', min: 0, max: 1, step: 0.05, text: (v) => fixed(v), tone: 'qamro' }),
      slider(store, { key: 'beta', label: 'Weight of the best <i>β</i>', hint: 'QAMRO', min: 1, max: 15, step: 0.5, text: (v) => fixed(v, 1), tone: 'qamro' }),
    ),
    html('div', { class: 'row' }, choices(store, { key: 'unit', label: 'Quality 0…1 from', options: [['batch', 'lowest and highest clip'], ['scale', 'the whole scale']] })),
    story,
    table,
  );

  let chosen = null;
  let ready = false;
  const draw = onceAFrame(() => {
    if (!ready) return;
    const state = store.get();
    const seen = solve(state);
    const pair = chosen && seen.pairs.find(({ i, j }) => i === chosen.i && j === chosen.j);
    const clip = pair ? null : clips.active();
    clips.draw(state.batch, pair, clip);
    plot.draw(seen, state, pair, clip);
    story.innerHTML = pair ? tellPair(pair, state) : clip !== null ? tellClip(clip, seen) : tellBatch(seen);
    table.innerHTML = numbers(seen);
  });
  watchWidth(root, (width) => {
    ready = true;
    const wide = width >= 760;
    clips.resize(wide ? 280 : width, wide ? 460 : 380);
    plot.resize(wide ? width - 280 - 32 : width, wide ? 460 : 400);
    draw();
  });
  store.subscribe((_, changed) => changed.some((key) => KEYS.includes(key)) && draw());
}

/** On the left: a thread for every clip, from its human score to its prediction, which can be dragged. */
function makeClips(store, redraw) {
  const drawing = svg('svg', { role: 'group', 'aria-label': 'Twelve clips: human score on the left, prediction on the right' });
  const back = new Layer(drawing);
  let [width, height] = [280, 460];
  let over = null;
  let y = linear(1, 5, 1, 0);
  const knobs = NAMES.map((name, index) => {
    const group = svg('g', { 'data-handle': `batch${name}` });
    group.append(
      svg('circle', { class: 'hit', r: 15 }),
      svg('circle', { class: 'knob', r: 10 }),
      svg('text', { class: 'knob-text', y: 4, 'text-anchor': 'middle' }, name),
    );
    drawing.append(group);
    const announce = handle(group, {
      min: 1, max: 5, step: 0.05, vertical: true, label: `Clip ${name}, prediction`,
      get: () => store.get().batch[index],
      set: (value) => store.set({ batch: store.get().batch.map((old, i) => (i === index ? value : old)) }),
      at: (event) => y.invert(pointIn(drawing, event).y),
      text: (value) => `${fixed(value)}; people say ${fixed(HUMAN[index], 1)}`,
    });
    const enter = () => {
      over = index;
      redraw();
    };
    const leave = () => {
      if (over === index && group.getRootNode().activeElement !== group) over = null;
      redraw();
    };
    group.addEventListener('pointerenter', enter);
    group.addEventListener('focus', enter);
    group.addEventListener('pointerleave', leave);
    group.addEventListener('blur', () => {
      over = null;
      redraw();
    });
    return { group, announce };
  });

  function draw(p, pair, clip) {
    const [left, right] = [70, width - 74];
    y = linear(1, 5, height - 26, 34);
    const lit = (i) => (pair ? i === pair.i || i === pair.j : i === clip);
    back.begin();
    back.put('people', 'text', { class: 'label strong', x: left, y: 14, 'text-anchor': 'middle' }, 'people');
    back.put('model', 'text', { class: 'label strong', x: right + 10, y: 14, 'text-anchor': 'middle' }, 'model');
    axisLeft(back, 'y', y, 30, [1, 2, 3, 4, 5], '');
    const lanes = spread(p.map(y), 21);
    p.forEach((value, i) => {
      back.put(`thread ${i}`, 'line', { class: `thread${lit(i) ? ' lit' : ''}`, x1: left, y1: y(HUMAN[i]), x2: right, y2: y(value) });
      back.put(`reach ${i}`, 'line', { class: `thread${lit(i) ? ' lit' : ''}`, x1: right, y1: y(value), x2: right + lanes[i] * 21, y2: y(value) });
    });
    HUMAN.forEach((value, i) => {
      back.put(`bead ${i}`, 'circle', { class: `bead${lit(i) ? ' lit' : ''}`, cx: left, cy: y(value), r: 3.5 });
      const shift = HUMAN[i + 1] === value ? -23 : -10;
      back.put(`name ${i}`, 'text', { class: 'tick', x: left + shift, y: y(value) + 4, 'text-anchor': 'end' }, NAMES[i]);
    });
    back.end();
    knobs.forEach(({ group, announce }, i) => {
      group.setAttribute('transform', `translate(${right + lanes[i] * 21} ${y(p[i])})`);
      group.classList.toggle('lit', lit(i));
      group.classList.toggle('faded', Boolean(pair) && !lit(i));
      announce();
    });
  }

  const resize = (w, h) => {
    [width, height] = [Math.min(w, 340), h];
    drawing.setAttribute('width', String(width));
    drawing.setAttribute('height', String(height));
  };
  return { element: html('div', { class: 'batch-clips' }, drawing), draw, resize, active: () => over };
}

/** Gives marks that would lie on top of each other lanes beside each other. */
function spread(places, size) {
  const lanes = new Array(places.length).fill(0);
  const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
  const ends = [];
  for (const i of order) {
    let lane = 0;
    while (ends[lane] !== undefined && places[i] - ends[lane] < size) lane += 1;
    ends[lane] = places[i];
    lanes[i] = lane;
  }
  return lanes;
}

/** Which of the two losses asks more of a pair; decides the dot's shape and colour. */
const asks = (pair) => (pair.mr.push ? (pair.qamro.push ? 'both' : 'mr') : pair.qamro.push ? 'qamro' : 'none');

/** On the right: a dot for every pair, human difference against predicted difference, and the two boundaries. */
function makePlot(choose) {
  const drawing = svg('svg', { role: 'application', tabindex: '0', class: 'focusable', 'aria-label': 'All pairs. Arrow keys go from pair to pair.' });
  const patterns = svg('defs');
  patterns.innerHTML = '<pattern id="hatch" width="7" height="7" patternTransform="rotate(45)" patternUnits="userSpaceOnUse"><line class="hatch" x1="0" y1="0" x2="0" y2="7"/></pattern>';
  drawing.append(patterns);
  const layer = new Layer(drawing);
  const names = new Layer(drawing, { 'pointer-events': 'none' });
  let [width, height] = [600, 460];
  let dots = [];
  let current = null;

  function draw(seen, { margin, alpha }, pair, clip) {
    const range = seen.pairs.map(({ dp }) => dp);
    const bottom = Math.min(-0.5, Math.floor(2 * Math.min(...range) - 0.2) / 2);
    const top = Math.max(1, Math.ceil(2 * Math.max(...range) + 0.2) / 2);
    const x = linear(0, 3.6, 46, width - 12);
    const y = linear(bottom, top, height - 46, 34);
    current = pair;
    layer.begin();
    layer.put('ground', 'rect', { class: 'ground', x: x(0), y: y(top), width: x(3.6) - x(0), height: y(bottom) - y(top) });
    const end = Math.min(3.6, alpha > 0 ? top / alpha : 3.6);
    layer.put('asked by QAMRO', 'path', { class: 'shade light qamro', d: `M${x(0)} ${y(0)}L${x(end)} ${y(Math.min(alpha * end, top))}L${x(3.6)} ${y(Math.min(alpha * 3.6, top))}V${y(bottom)}H${x(0)}Z` });
    layer.put('asked by MR', 'rect', { class: 'hatched', x: x(0), y: y(margin), width: x(3.6) - x(0), height: y(bottom) - y(margin) });
    layer.put('zero', 'line', { class: 'zero', x1: x(0), x2: x(3.6), y1: y(0), y2: y(0) });
    layer.put('step', 'path', { class: 'curve mr', d: `M${x(0)} ${y(0)}V${y(margin)}H${x(3.6)}` });
    layer.put('slope', 'path', { class: 'curve qamro', d: `M${x(0)} ${y(0)}L${x(end)} ${y(Math.min(alpha * end, top))}` });
    const jump = top - bottom > 3 ? 1 : 0.5;
    const ticks = Array.from({ length: 17 }, (_, k) => -4 + k * jump).filter((tick) => tick >= bottom && tick <= top);
    axisBottom(layer, 'x', x, y(bottom), [0, 1, 2, 3], 'how far people put the better clip ahead');
    axisLeft(layer, 'y', y, x(0), ticks, 'how far the model puts it ahead', (v) => fixed(v, jump < 1 ? 1 : 0));
    layer.put('wrong', 'text', { class: 'zone', x: x(3.6) - 8, y: y(bottom) - 9, 'text-anchor': 'end' }, 'wrong order');
    dots = seen.pairs.map((each) => ({ ...each, cx: x(each.dy), cy: y(each.dp), r: 1.7 + 1.75 * Math.sqrt(each.q) }));
    for (const dot of dots) {
      const lit = pair ? dot.i === pair.i && dot.j === pair.j : clip !== null && (dot.i === clip || dot.j === clip);
      const faded = (pair || clip !== null) && !lit;
      const kind = asks(dot);
      layer.put(`pair ${dot.i} ${dot.j}`, 'path', {
        class: `pair ${kind}${lit ? ' lit' : ''}${faded ? ' faded' : ''}`, d: shape(kind, dot.cx, dot.cy, dot.r), 'data-pair': NAMES[dot.i] + NAMES[dot.j],
      });
      layer.put(`named ${dot.i} ${dot.j}`, 'text', { class: 'pair-name', x: dot.cx, y: dot.cy - dot.r - 5, 'text-anchor': 'middle', visibility: pair && lit ? 'visible' : 'hidden' }, NAMES[dot.i] + NAMES[dot.j]);
    }
    layer.end();
    const level = Math.min(alpha * end, top - 0.05);
    const close = level - margin < 0.1 * (top - bottom);
    names.begin();
    names.put('slope', 'text', { class: 'tag qamro', x: x(end) - 6, y: y(level) + 17, 'text-anchor': 'end' }, 'QAMRO: α × difference');
    names.put('step', 'text', { class: 'tag mr', x: x(3.6) - 6, y: y(margin) + (close ? -7 : 15), 'text-anchor': 'end' }, 'MR: m');
    names.end();
  }

  const nearest = ({ x, y }) => {
    let [found, distance] = [null, 26];
    for (const dot of dots) {
      const d = Math.hypot(dot.cx - x, dot.cy - y);
      if (d < distance) [found, distance] = [dot, d];
    }
    return found;
  };
  drawing.addEventListener('pointermove', (event) => choose(nearest(pointIn(drawing, event))));
  drawing.addEventListener('pointerdown', (event) => choose(nearest(pointIn(drawing, event))));
  drawing.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && choose(null));
  drawing.addEventListener('keydown', (event) => {
    const along = { ArrowRight: [1, 'cx'], ArrowLeft: [-1, 'cx'], ArrowUp: [-1, 'cy'], ArrowDown: [1, 'cy'] }[event.key];
    if (event.key === 'Escape') choose(null);
    if (!along || dots.length === 0) return;
    event.preventDefault();
    const [step, axis] = along;
    const order = [...dots].sort((a, b) => a[axis] - b[axis] || a.i - b.i || a.j - b.j);
    const at = current ? order.findIndex(({ i, j }) => i === current.i && j === current.j) : step > 0 ? -1 : order.length;
    choose(order[Math.min(order.length - 1, Math.max(0, at + step))]);
  });
  drawing.addEventListener('blur', () => choose(null));

  const resize = (w, h) => {
    [width, height] = [w, h];
    drawing.setAttribute('width', String(w));
    drawing.setAttribute('height', String(h));
  };
  const legend = html('p', { class: 'legend' });
  legend.innerHTML = [['both', 'both ask for more'], ['mr', 'only MR'], ['qamro', 'only QAMRO'], ['none', 'neither']]
    .map(([kind, text]) => `<span><svg width="16" height="16" aria-hidden="true"><path class="pair ${kind}" d="${shape(kind, 8, 8, 5.5)}"/></svg>${text}</span>`)
    .join('') + '<span>larger: larger weight <i>q</i></span>';
  return { element: html('div', { class: 'batch-plot' }, drawing, legend), draw, resize };
}

/** Triangle for MR alone, square for QAMRO alone, disc for both, ring for neither; all of about the same area. */
function shape(kind, x, y, r) {
  if (kind === 'mr') return `M${x} ${y - 1.25 * r}L${x + 1.2 * r} ${y + 0.85 * r}H${x - 1.2 * r}Z`;
  if (kind === 'qamro') return `M${x - 0.89 * r} ${y - 0.89 * r}h${1.78 * r}v${1.78 * r}h${-1.78 * r}Z`;
  return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
}

function tellPair({ i, j, dy, dp, q, mr, qamro: ours }, { margin, alpha }) {
  const [good, other] = [NAMES[i], NAMES[j]];
  const lead = dp > 0 ? `the model puts it ${fixed(dp)} ahead` : dp < 0 ? `the model puts it ${fixed(-dp)} behind` : 'the model has them level';
  const ask = (name, asked, term, times = '') => `<b class="${name}">${name === 'mr' ? 'MR' : 'QAMRO'}</b> asks for ${fixed(asked)}${term.loss > 0 ? ` and misses ${fixed(term.missing)}${times}` : ' and is content'}`;
  return `<b>${good} over ${other}.</b> People put ${good} ${fixed(dy, 1)} above ${other}; ${lead}. ${ask('mr', margin, mr)}. ${ask('qamro', alpha * dy, ours, `, times <i>q</i> = ${fixed(q, 1)}`)}.`;
}

function tellClip(index, { pairs }) {
  const mine = pairs.filter(({ i, j }) => i === index || j === index);
  const count = (key) => mine.filter((pair) => pair[key].push > 0).length;
  return `<b>Clip ${NAMES[index]}</b>, which people score ${fixed(HUMAN[index], 1)}, is in ${mine.length} pairs. <b class="mr">MR</b> asks more of ${count('mr')} of them, <b class="qamro">QAMRO</b> of ${count('qamro')}.`;
}

function tellBatch({ pairs, tied, wrong, mr, qamro: ours }) {
  const only = (kind) => pairs.filter((pair) => asks(pair) === kind).length;
  return `Twelve clips make ${pairs.length + tied} pairs; ${tied === 1 ? 'one is' : `${tied} are`} tied and drop${tied === 1 ? 's' : ''} out. The model has ${wrong} out of order. <b class="mr">MR</b> asks more of ${mr.active} pairs, <b class="qamro">QAMRO</b> of ${ours.active}: ${only('mr')} bother only MR, ${only('qamro')} only QAMRO.`;
}

function numbers({ pairs, wrong, mr, qamro: ours }) {
  const row = (key, title, { value, active }) =>
    `<tr class="${key}"><th>${title}</th><td data-value="${key} active">${active}</td><td data-value="${key} pairs">${pairs.length}</td><td data-value="${key} wrong">${wrong}</td><td data-value="${key} loss">${fixed(value, 4)}</td></tr>`;
  return `<thead><tr><td></td><th>pairs that fall short</th><th>pairs counted</th><th>out of order</th><th>loss (mean)</th></tr></thead><tbody>${row('mr', 'MR', mr)}${row('qamro', 'QAMRO', ours)}</tbody>`;
}
