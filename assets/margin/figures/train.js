/** Figure 4: train it. The same clips and the same start for four losses; play, step, scrub, and doubt it on many seeds. */

import { choices, slider, toggle } from '../controls.js';
import { fixed, html, onceAFrame, watchWidth } from '../draw.js';
import { outcome, runAll } from '../experiment.js';
import { choice, flag, number } from '../state.js';
import { LOSSES, STEPS } from '../training.js';
import { makeCurves } from './curves.js';
import { makeLines } from './lines.js';
import { LOOK, mark, place } from './look.js';
import { makePlayer } from './player.js';
import { makeQuestions, QUESTIONS } from './questions.js';
import { makeSeeds } from './seeds.js';

export const fields = {
  model: choice('linear', ['free', 'linear']),
  huber: flag(false),
  clips: number(24, 10, 40, 0),
  seed: number(16, 1, 999, 0),
  rate: number(0.05, 0.01, 0.2),
  view: choice('ranks', ['ranks', 'scores']),
  step: number(STEPS, 0, STEPS, 0),
  ask: choice('', ['', ...Object.keys(QUESTIONS)]),
};
const SETTINGS = ['model', 'huber', 'clips', 'seed', 'rate', 'margin', 'alpha', 'beta'];

export function mount(root, store) {
  const lines = makeLines();
  const curves = makeCurves();
  const seeds = makeSeeds(root);
  const player = makePlayer(store, () => show());
  const table = html('table', { class: 'numbers' });
  let experiment = null;
  let width = 0;
  let drawnOnce = false;
  const questions = makeQuestions(store, () => ({ experiment, finish: seeds.finish }), {
    onOpen: () => show(),
    onVote: () => {
      player.play(0);
      show();
    },
  });
  const dice = html('button', { type: 'button' }, 'Another seed');
  dice.addEventListener('click', () => store.set({ seed: (store.get().seed % 999) + 1 }));
  const die = html('span', { class: 'aside seed' });
  const detail = (key, label, min, max, step, text, tone = '') => slider(store, { key, label, min, max, step, text, tone });
  root.append(
    questions.element,
    html('div', { class: 'row' },
      choices(store, { key: 'model', label: 'The model is', options: [['linear', 'a small linear head'], ['free', 'one free number a clip']] }),
      choices(store, { key: 'view', label: 'Show', options: [['ranks', 'ranks'], ['scores', 'scores']] }),
    ),
    html('div', { class: 'row' }, toggle(store, { key: 'huber', label: 'Add a Huber term to the ranking losses, as the paper does' }), html('span', { class: 'together' }, dice, die)),
    lines.element,
    player.element,
    curves.element,
    table,
    html('div', { class: 'sliders' },
      detail('clips', 'Clips', 10, 40, 1, String),
      detail('rate', 'Step size', 0.01, 0.2, 0.01, (v) => fixed(v)),
      detail('margin', 'Fixed margin <i>m</i>', 0, 1, 0.05, (v) => fixed(v), 'mr'),
      detail('alpha', 'Margin per point <i>α</i>', 0, 1, 0.05, (v) => fixed(v), 'qamro'),
      detail('beta', 'Weight of the best <i>β</i>', 1, 15, 0.5, (v) => fixed(v, 1), 'qamro'),
    ),
    seeds.element,
  );

  const compute = () => {
    const state = store.get();
    experiment = runAll(state);
    seeds.prepare(Object.fromEntries(SETTINGS.map((key) => [key, state[key]])));
    redraw();
  };
  function redraw() {
    if (!width || !experiment) return;
    drawnOnce = true;
    lines.prepare(experiment, store.get().view);
    curves.prepare(experiment);
    show();
  }
  function show() {
    if (!width || !experiment || !drawnOnce) return;
    const secret = questions.secret();
    const position = secret ? 0 : player.position();
    const step = Math.round(position);
    root.classList.toggle('secret', secret);
    player.element.inert = secret;
    die.textContent = `seed ${store.get().seed}`;
    const ends = Object.fromEntries(LOSSES.map((name) => [name, outcome(experiment.runs[name].predictions[step], experiment.task.y, experiment.rankY)]));
    lines.show(position, Object.fromEntries(LOSSES.map((name) => [name, words(ends[name], step)])));
    curves.show(position, secret || player.playing());
    table.innerHTML = numbers(ends, step);
  }

  const recompute = onceAFrame(compute);
  const repaint = onceAFrame(redraw);
  watchWidth(root, (w) => {
    width = w;
    lines.resize(w);
    curves.resize(w);
    seeds.resize(w);
    if (experiment) redraw();
    else compute();
  });
  root.getRootNode().addEventListener('themechange', repaint);
  store.subscribe((_, changed) => {
    if (changed.includes('ask')) questions.follow();
    if (changed.some((key) => SETTINGS.includes(key))) recompute();
    else if (changed.includes('view')) repaint();
  });
}

function words(end, step) {
  return {
    short: `SRCC ${fixed(end.srcc, 3)}`,
    long: `after step ${step}, ${end.wrong} of ${end.pairs} pairs are out of order, SRCC ${fixed(end.srcc, 3)}, MSE ${fixed(end.mse, 3)}`,
  };
}

function numbers(ends, step) {
  const { pairs, pairsTop } = ends.huber;
  const cell = (name, key, value) => `<td data-value="${name} ${key}">${value}</td>`;
  const rows = LOSSES.map((name) => {
    const end = ends[name];
    return `<tr class="${name}"><th><svg width="16" height="14" aria-hidden="true"><path class="dot ${name}" d="${mark(name, 8, 7, 4.5)}"/></svg> ${LOOK[name].name}</th>${cell(name, 'srcc', fixed(end.srcc, 3))}${cell(name, 'mse', fixed(end.mse, 3))}${cell(name, 'top1', end.top1 ? 'yes' : 'no')}${cell(name, 'wrong', end.wrong)}${cell(name, 'wrongTop', end.wrongTop)}</tr>`;
  });
  return `<thead><tr><td>step ${step}</td><th>SRCC</th><th>MSE</th><th>best clip found</th><th>out of order, of ${pairs} pairs</th><th>at the top, of ${pairsTop}</th></tr></thead><tbody>${rows.join('')}</tbody>`;
}
