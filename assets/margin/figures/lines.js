/** The four panels of figure 4: a line for every clip, its rank or its score while it is trained. */

import { html, linear } from '../draw.js';
import { ranks } from '../metrics.js';
import { LOSSES, STEPS } from '../training.js';
import { LOOK, place } from './look.js';

const COLUMNS = 22;
const KEYS = Array.from({ length: COLUMNS + 1 }, (_, k) => Math.round(STEPS * (k / COLUMNS) ** 2));
const smooth = (t) => t * t * (3 - 2 * t);

export function makeLines() {
  const panels = Object.fromEntries(LOSSES.map((name) => [name, makePanel(name)]));
  const element = html('div', { class: 'line-panels' }, ...LOSSES.map((name) => panels[name].element));
  let size = 0;
  return {
    element,
    /** @param {number} width of the whole figure */
    resize(width) {
      const columns = width >= 860 ? 4 : 2;
      element.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
      size = Math.floor((width - (columns - 1) * 16) / columns);
    },
    /** Draws the lines afresh: after new numbers, a new size, another view or theme. */
    prepare(experiment, view) {
      const range = view === 'scores' ? scoreRange(experiment) : null;
      for (const name of LOSSES) panels[name].prepare(experiment, name, range, size);
    },
    /** Shows them up to a step, which may lie between two. */
    show(step, words) {
      for (const name of LOSSES) panels[name].show(step, words[name]);
    },
  };
}

/** The range that holds all scores and predictions from the start on, but not the wildest overshoot. */
function scoreRange({ runs }) {
  let [low, high] = [1, 5];
  for (const { predictions } of Object.values(runs)) {
    for (const p of [predictions[0], predictions[STEPS]]) {
      low = Math.min(low, ...p);
      high = Math.max(high, ...p);
    }
  }
  return [low - 0.1, high + 0.1];
}

function makePanel(name) {
  const canvas = html('canvas', { role: 'img' });
  const reading = html('span', { class: 'panel-reading' });
  const title = html('h4', { class: name }, LOOK[name].name, html('small', {}, LOOK[name].note));
  const element = html('div', { class: 'line-panel', 'data-loss': name }, title, reading, canvas);
  const sheet = document.createElement('canvas');
  let drawn = null;

  function prepare({ task, runs, rankY }, loss, range, width) {
    const height = width < 200 ? 210 : 250;
    const ratio = window.devicePixelRatio || 1;
    for (const each of [canvas, sheet]) {
      each.width = Math.round(width * ratio);
      each.height = Math.round(height * ratio);
    }
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const style = getComputedStyle(canvas);
    const colour = (variable) => style.getPropertyValue(variable).trim();
    const colours = { strong: colour(`--${loss}`), faint: colour('--faint'), ink: colour('--ink'), soft: colour('--soft'), paper: colour('--paper'), ground: colour('--ground') };
    const n = task.y.length;
    const x = linear(0, 1, 5, width - 34);
    const y = range ? linear(range[0], range[1], height - 8, 8) : linear(1, n, height - 10, 10);
    const goal = Array.from(task.y, (score, i) => y(range ? score : rankY[i]));
    const top = Array.from(rankY, (rank) => rank > n - Math.ceil(n / 4));
    const bestClip = rankY.indexOf(Math.max(...rankY));
    const { predictions } = runs[loss];
    const keyed = range ? null : KEYS.map((step) => Array.from(ranks(predictions[step]), (rank) => y(rank)));
    /** Where clip i is at a place u from 0 to 1 along the axis of time. */
    const at = (i, u) => {
      if (range) {
        const step = STEPS * u * u;
        const [floor, ceil] = [Math.floor(step), Math.ceil(step)];
        const value = predictions[floor][i] + (step - floor) * (predictions[ceil][i] - predictions[floor][i]);
        return y(value);
      }
      const k = Math.min(COLUMNS - 1, Math.floor(u * COLUMNS));
      return keyed[k][i] + smooth(u * COLUMNS - k) * (keyed[k + 1][i] - keyed[k][i]);
    };
    drawn = { width, height, ratio, colours, x, y, goal, top, bestClip, at, n };
    paint();
  }

  /** All lines in full, once, on a sheet of their own. */
  function paint() {
    const { width, height, ratio, colours, x, top, bestClip, at, n } = drawn;
    const pen = sheet.getContext('2d');
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = colours.ground;
    pen.fillRect(x(0) - 5, 0, x(1) - x(0) + 5, height);
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, x(1), height);
    pen.clip();
    pen.lineJoin = 'round';
    const stops = Math.ceil((x(1) - x(0)) / 1.5);
    const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => weightOf(a) - weightOf(b));
    function weightOf(i) {
      return i === bestClip ? 2 : Number(top[i]);
    }
    for (const i of order) {
      pen.beginPath();
      for (let k = 0; k <= stops; k++) pen.lineTo(x(k / stops), at(i, k / stops));
      pen.strokeStyle = top[i] ? colours.strong : colours.soft;
      pen.globalAlpha = i === bestClip ? 1 : top[i] ? 0.72 : 0.3;
      pen.lineWidth = i === bestClip ? 3.4 : top[i] ? 1.8 : 1.1;
      pen.stroke();
    }
    pen.restore();
  }

  function show(step, words) {
    if (!drawn) return;
    const { width, height, ratio, colours, x, goal, top, bestClip, at, n } = drawn;
    const pen = canvas.getContext('2d');
    const u = place(step, STEPS);
    const now = x(u);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = colours.ground;
    pen.fillRect(0, 0, x(1), height);
    const cut = Math.round(now * ratio);
    if (cut > 0) pen.drawImage(sheet, 0, 0, cut, sheet.height, 0, 0, cut / ratio, height);
    for (let i = 0; i < n; i++) {
      const here = at(i, u);
      pen.globalAlpha = top[i] ? 1 : 0.65;
      pen.fillStyle = top[i] ? colours.strong : colours.soft;
      pen.strokeStyle = pen.fillStyle;
      pen.lineWidth = 1;
      pen.setLineDash([1.5, 2.5]);
      pen.beginPath();
      pen.moveTo(now, here);
      pen.lineTo(width - 10, goal[i]);
      if (u === 1) pen.stroke();
      pen.setLineDash([]);
      pen.beginPath();
      pen.arc(now, here, i === bestClip ? 4.5 : top[i] ? 3 : 2, 0, 7);
      pen.fill();
      pen.beginPath();
      if (i === bestClip) star(pen, width - 8, goal[i], 6.5);
      else pen.arc(width - 8, goal[i], top[i] ? 3 : 2, 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
    reading.textContent = words.short;
    canvas.setAttribute('aria-label', `${LOOK[name].name}: ${words.long}`);
  }

  return { element, prepare, show };
}

function star(pen, x, y, r) {
  for (let k = 0; k < 10; k++) {
    const angle = (Math.PI * k) / 5 - Math.PI / 2;
    const reach = k % 2 ? 0.45 * r : r;
    pen[k ? 'lineTo' : 'moveTo'](x + reach * Math.cos(angle), y + reach * Math.sin(angle));
  }
  pen.closePath();
}
