/** One panel of figure 4: every clip's way through the training, as its rank or as its score. */

import { html, linear } from "../../draw.js";
import { ranks } from "../../metrics.js";
import { STEPS } from "../../training.js";
import { LOOK, place } from "../look.js";

/** Ranks are taken at so many places and joined smoothly; in between, clips may have crossed and crossed back. */
const COLUMNS = 22;
const RIGHT = 34;
const smooth = (t) => t * t * (3 - 2 * t);

/** @param {string} loss */
export function makePanel(loss) {
  const canvas = html("canvas", { role: "img" });
  const sheet = html("canvas");
  const reading = html("span", { class: "panel-reading" });
  const title = html("h4", { class: loss }, LOOK[loss].name, html("small", {}, LOOK[loss].note));
  const element = html("div", { class: "line-panel", "data-loss": loss }, title, reading, canvas);
  let drawn = null;

  /** With the range of the scores for a panel of scores, with null for one of ranks. */
  function prepare({ task, runs, rankY }, range, width) {
    const height = width < 200 ? 210 : 250;
    const ratio = (window.devicePixelRatio || 1) * (canvas.currentCSSZoom ?? 1);
    for (const each of [canvas, sheet]) {
      each.width = Math.round(width * ratio);
      each.height = Math.round(height * ratio);
      Object.assign(each.style, { width: `${width}px`, height: `${height}px` });
    }
    const n = task.y.length;
    const y = range ? linear(...range, height - 8, 8) : linear(1, n, height - 10, 10);
    drawn = {
      width,
      height,
      ratio,
      end: width - RIGHT,
      colours: coloursOf(canvas, loss),
      ticks: range ? [1, 2, 3, 4, 5].map((score) => ({ score, at: y(score) })) : [],
      clips: [...rankY.keys()].map((i) => ({
        goal: y(range ? task.y[i] : rankY[i]),
        rank: rankY[i] === Math.max(...rankY) ? 2 : Number(rankY[i] > n - Math.ceil(n / 4)),
      })),
      at: range ? scoresAt(runs[loss].predictions, y) : ranksAt(runs[loss].predictions, y),
    };
    drawLines();
  }

  function pen(target) {
    const context = target.getContext("2d");
    context.setTransform(drawn.ratio, 0, 0, drawn.ratio, 0, 0);
    context.clearRect(0, 0, drawn.width, drawn.height);
    context.fillStyle = drawn.colours.ground;
    context.fillRect(0, 0, drawn.end, drawn.height);
    context.font = "10px system-ui, sans-serif";
    for (const { score, at } of drawn.ticks) {
      context.fillStyle = drawn.colours.faint;
      context.fillRect(0, at - 0.5, drawn.end, 1);
      context.fillStyle = drawn.colours.soft;
      context.fillText(String(score), drawn.end - 9, at - 3);
    }
    return context;
  }

  /** All lines in full, once, on a sheet of their own; the best clips last, so that they lie on top. */
  function drawLines() {
    const { end, colours, clips, at } = drawn;
    const context = pen(sheet);
    context.lineJoin = "round";
    const stops = Math.ceil(end / 1.5);
    for (const i of [...clips.keys()].sort((a, b) => clips[a].rank - clips[b].rank)) {
      const { rank } = clips[i];
      context.beginPath();
      for (let k = 0; k <= stops; k++) context.lineTo((end * k) / stops, at(i, k / stops));
      context.strokeStyle = rank ? colours.strong : colours.soft;
      context.globalAlpha = [0.3, 0.72, 1][rank];
      context.lineWidth = [1.1, 1.8, 3.4][rank];
      context.stroke();
    }
  }

  function show(step, { short, long }) {
    if (!drawn) return;
    const { width, height, ratio, end, colours, clips, at } = drawn;
    const u = place(step, STEPS);
    const now = end * u;
    const context = pen(canvas);
    const cut = Math.round(now * ratio);
    if (cut > 0) context.drawImage(sheet, 0, 0, cut, sheet.height, 0, 0, cut / ratio, height);
    clips.forEach(({ goal, rank }, i) => {
      context.globalAlpha = rank ? 1 : 0.65;
      context.fillStyle = context.strokeStyle = rank ? colours.strong : colours.soft;
      if (u === 1) thread(context, end, at(i, 1), width - 9, goal);
      dot(context, now, at(i, u), [2, 3, 4.5][rank]);
      if (rank === 2) star(context, width - 8, goal, 6.5);
      else dot(context, width - 8, goal, [2, 3][rank]);
    });
    context.globalAlpha = 1;
    reading.textContent = short;
    canvas.setAttribute("aria-label", `${LOOK[loss].name}: ${long}`);
  }

  return { element, prepare, show };
}

/** Where clip i is at a place u from 0 to 1 along the axis of time: by its prediction. */
function scoresAt(predictions, y) {
  return (i, u) => {
    const step = STEPS * u * u;
    const [before, after] = [predictions[Math.floor(step)][i], predictions[Math.ceil(step)][i]];
    return y(before + (step % 1) * (after - before));
  };
}

/** The same by its rank. */
function ranksAt(predictions, y) {
  const columns = Array.from({ length: COLUMNS + 1 }, (_, k) => {
    const step = Math.round(STEPS * (k / COLUMNS) ** 2);
    return ranks(predictions[step]).map((rank) => y(rank));
  });
  return (i, u) => {
    const k = Math.min(COLUMNS - 1, Math.floor(u * COLUMNS));
    return columns[k][i] + smooth(u * COLUMNS - k) * (columns[k + 1][i] - columns[k][i]);
  };
}

function coloursOf(element, loss) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    strong: colour(`--${loss}`),
    soft: colour("--soft"),
    faint: colour("--faint"),
    ground: colour("--ground"),
  };
}

function thread(context, x1, y1, x2, y2) {
  context.lineWidth = 1;
  context.setLineDash([1.5, 2.5]);
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
  context.setLineDash([]);
}

function dot(context, x, y, r) {
  context.beginPath();
  context.arc(x, y, r, 0, 7);
  context.fill();
}

function star(context, x, y, r) {
  context.beginPath();
  for (let k = 0; k < 10; k++) {
    const reach = k % 2 ? 0.45 * r : r;
    context.lineTo(x + reach * Math.sin((Math.PI * k) / 5), y - reach * Math.cos((Math.PI * k) / 5));
  }
  context.fill();
}
