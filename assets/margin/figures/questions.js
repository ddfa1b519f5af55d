/** Predict before you look: questions for a class. What is right is worked out from the run itself, never written down. */

import { fixed, html, signed } from '../draw.js';
import { LOSSES, STEPS } from '../training.js';
import { LOOK } from './look.js';
import { weightingEffect } from './seeds.js';

const everyLoss = LOSSES.map((name) => [name, LOOK[name].name]);
const average = (values) => values.reduce((sum, value) => sum + value / values.length, 0);
const named = (values, digits) => LOSSES.map((name) => `${LOOK[name].name} ${fixed(values[name], digits)}`).join(', ');
const FRESH = { clips: 24, seed: 16, rate: 0.05, margin: 0.1, alpha: 0.2, beta: 7 };

/**
 * Each question sets the experiment up, offers answers, and judges the finished run. `judge` gets the run and a way to
 * the ends of all seeds, and returns the right answer and a sentence with the numbers behind it.
 */
export const QUESTIONS = {
  scores: {
    setup: { ...FRESH, model: 'free', huber: false },
    text: 'Every clip has one free number as its prediction, so anything can be learned. All four losses start from the same guesses. Which one ends with the most accurate scores, the lowest MSE?',
    options: everyLoss,
    judge({ runs }) {
      const ends = Object.fromEntries(LOSSES.map((name) => [name, runs[name].mse[STEPS]]));
      const right = LOSSES.reduce((a, b) => (ends[b] < ends[a] ? b : a));
      return { right, because: `MSE at the end: ${named(ends, 3)}. A ranking loss stops caring once the order is right by its margin; where on the scale that happens is not its business.` };
    },
  },
  order: {
    setup: { ...FRESH, model: 'free', huber: false },
    text: 'Same again. Which losses end with the order right (SRCC of 0.99 or more)?',
    options: [['all', 'all four'], ['ranking', 'the three ranking losses, not Huber'], ['huber', 'Huber only'], ['other', 'some other set']],
    judge({ runs }) {
      const ends = Object.fromEntries(LOSSES.map((name) => [name, runs[name].srcc[STEPS]]));
      const good = LOSSES.map((name) => ends[name] >= 0.99);
      const right = good.every(Boolean) ? 'all' : good.join() === 'false,true,true,true' ? 'ranking' : good.join() === 'true,false,false,false' ? 'huber' : 'other';
      return { right, because: `SRCC at the end: ${named(ends, 3)}. When a model can do everything, the choice of the loss decides how fast it gets there, and little else.` };
    },
  },
  mean: {
    setup: { ...FRESH, model: 'free', huber: false },
    text: 'Look at MR alone. The guesses start with some average. Where is the average of the predictions after training?',
    options: [['start', 'exactly where it started'], ['human', 'at the average human score'], ['elsewhere', 'somewhere else']],
    judge({ task, runs }) {
      const [before, after, human] = [runs.mr.predictions[0], runs.mr.predictions[STEPS], task.y].map(average);
      const right = Math.abs(after - before) < 1e-6 ? 'start' : Math.abs(after - human) < 0.01 ? 'human' : 'elsewhere';
      return { right, because: `Average before ${fixed(before, 3)}, after ${fixed(after, 3)}; people: ${fixed(human, 3)}. Every pair pushes one clip up exactly as hard as it pushes the other down.` };
    },
  },
  top: {
    setup: { ...FRESH, model: 'linear', huber: false },
    text: 'Now the model is a small linear head that cannot get every pair right. Against QAMRO without weighting, over a hundred seeds: what does the weighting (β = 7) buy?',
    options: [['top', 'fewer mistakes at the top, no fewer overall'], ['both', 'fewer mistakes at the top and overall'], ['all', 'fewer overall, not at the top'], ['none', 'nothing that can be told from noise']],
    judge(_, finish) {
      const { all, top } = weightingEffect(finish());
      const right = top.high < 0 ? (all.high < 0 ? 'both' : 'top') : all.high < 0 ? 'all' : 'none';
      const points = ({ mean, low, high }) => `${signed(100 * mean, 2)} points (${signed(100 * low, 2)} to ${signed(100 * high, 2)})`;
      return { right, because: `Pairs out of order at the top: ${points(top)}; among all pairs: ${points(all)}; 95 % intervals over seeds. A weight does not make a model better. It says which mistakes to make.` };
    },
  },
};

/**
 * The question box. While a question is open (`state.ask` names it), the figure keeps its outcome hidden.
 * @param {ReturnType<typeof import('../state.js').createStore>} store
 * @param {() => {experiment: object, finish: () => object[]}} results
 * @param {{onOpen: () => void, onVote: () => void}} events
 */
export function makeQuestions(store, results, { onOpen, onVote }) {
  const element = html('div', { class: 'questions' });
  let open = '';
  let voted = '';

  const ask = (name) => {
    store.set({ ...QUESTIONS[name].setup, ask: name, step: 0 });
    follow();
  };

  function follow() {
    const { ask: name } = store.get();
    if (name !== open) show(name);
  }

  function show(name) {
    [open, voted] = [name, ''];
    element.replaceChildren(...(name ? card(name) : cover()));
    onOpen();
  }

  function cover() {
    const start = html('button', { type: 'button', class: 'main' }, 'Ask the class');
    start.addEventListener('click', () => ask(Object.keys(QUESTIONS)[0]));
    return [html('p', {}, html('b', {}, 'Predict before you look. '), 'Four questions to vote on; the outcome stays hidden until you have.'), start];
  }

  function card(name) {
    const names = Object.keys(QUESTIONS);
    const number = names.indexOf(name);
    const { text, options, judge } = QUESTIONS[name];
    const answer = html('p', { class: 'answer', role: 'status' });
    const next = names[number + 1];
    const onward = html('button', { type: 'button', hidden: true }, next ? 'Next question' : 'Done');
    onward.addEventListener('click', () => (next ? ask(next) : leave()));
    const quit = html('button', { type: 'button', class: 'quiet' }, 'Leave the questions');
    quit.addEventListener('click', leave);
    const buttons = options.map(([key, words]) => {
      const button = html('button', { type: 'button', 'data-answer': key }, words);
      button.addEventListener('click', () => {
        if (voted) return;
        voted = key;
        const { experiment, finish } = results();
        const { right, because } = judge(experiment, finish);
        for (const [i, [other]] of options.entries()) {
          buttons[i].disabled = true;
          buttons[i].classList.toggle('right', other === right);
          buttons[i].classList.toggle('voted', other === key);
        }
        const said = options.find(([other]) => other === right)[1];
        answer.replaceChildren(html('b', {}, key === right ? 'Yes: ' : 'No: '), `${said}. ${because}`);
        onward.hidden = false;
        quit.hidden = !next;
        onVote();
      });
      return button;
    });
    return [
      html('p', { class: 'aside' }, `Question ${number + 1} of ${names.length}`),
      html('p', {}, text),
      html('div', { class: 'row' }, ...buttons),
      answer,
      html('div', { class: 'row' }, onward, quit),
    ];
  }

  function leave() {
    store.set({ ask: '', step: STEPS });
    follow();
  }

  element.replaceChildren(...cover());
  if (store.get().ask) ask(store.get().ask);
  return {
    element,
    /** Whether a question waits for its vote. */
    secret: () => Boolean(open) && !voted,
    /** Follows the state when it was changed from elsewhere, for example put back. */
    follow,
  };
}
