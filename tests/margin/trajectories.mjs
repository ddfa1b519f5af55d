// Reads a list of settings from standard input and prints, for each, what the page would train: the task and every
// prediction at every step of every loss. pytest compares them with torch.

import { readFileSync } from "node:fs";

import { runAll, runSeed } from "../../assets/margin/experiment.js";
import { LOSSES } from "../../assets/margin/training.js";

const plain = (array) => Array.from(array, (value) => (value.length === undefined ? value : plain(value)));

const answers = JSON.parse(readFileSync(0, "utf8")).map((settings) => {
  const { task, runs } = runAll(settings);
  return {
    task: { y: plain(task.y), start: plain(task.start), features: task.features && plain(task.features) },
    runs: Object.fromEntries(
      LOSSES.map((name) => [
        name,
        {
          predictions: plain(runs[name].predictions),
          values: plain(runs[name].values),
          srcc: runs[name].srcc,
          mse: runs[name].mse,
          top1: runs[name].top1,
        },
      ]),
    ),
    ends: runSeed(settings, settings.seed),
  };
});
console.log(JSON.stringify(answers));
