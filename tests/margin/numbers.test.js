// The page's losses, metrics, shares and random numbers against vectors that Python wrote (write_vectors.py).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { hinge, huber, marginRanking, normalise, qamro, weight } from "../../assets/margin/losses.js";
import * as metrics from "../../assets/margin/metrics.js";
import { mulberry32, normal } from "../../assets/margin/random.js";
import { shareLimit, shareOfTop, spread } from "../../assets/margin/shares.js";

const vectors = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url)));
const TOLERANCE = 1e-9;

function close(actual, expected, what) {
  if (expected === null) assert.ok(Number.isNaN(actual), `${what}: ${actual} is not NaN`);
  else
    assert.ok(
      Math.abs(actual - expected) <= TOLERANCE * Math.max(1, Math.abs(expected)),
      `${what}: ${actual} is not ${expected}`,
    );
}

const LOSSES = { mr: marginRanking, qamro, huber };

for (const [i, { loss, p, y, options, value, gradient }] of vectors.losses.entries()) {
  test(`loss ${i}: ${loss} of ${p.length} clips with ${JSON.stringify(options)}`, () => {
    const answer = LOSSES[loss](p, y, options);
    close(answer.value, value, "value");
    assert.equal(answer.gradient.length, gradient.length);
    gradient.forEach((expected, k) => close(answer.gradient[k], expected, `gradient ${k}`));
  });
}

test("the hinge of one pair is the loss of a batch of two", () => {
  for (const [p, y] of [
    [
      [3, 3.2],
      [4.2, 2.9],
    ],
    [
      [1, 5],
      [2, 3],
    ],
    [
      [5, 1],
      [2, 3],
    ],
    [
      [3.26, 3],
      [4.2, 2.9],
    ],
  ]) {
    const better = y[0] > y[1] ? 0 : 1;
    const ahead = p[better] - p[1 - better];
    const q = weight(normalise(y, [1, 5])[better], 7);
    for (const [whole, one] of [
      [qamro(p, y, { alpha: 0.2, beta: 7, scale: [1, 5] }), hinge(ahead, 0.2 * Math.abs(y[0] - y[1]), q)],
      [marginRanking(p, y, { margin: 0.1 }), hinge(ahead, 0.1)],
    ]) {
      close(one.loss, whole.value, "loss");
      close(-one.push, whole.gradient[better], "gradient of the better clip");
      close(one.push, whole.gradient[1 - better], "gradient of the other");
    }
  }
});

for (const [i, { p, y, ...expected }] of vectors.metrics.entries()) {
  test(`metrics ${i}: ${p.length} clips`, () => {
    close(metrics.spearman(p, y), expected.srcc, "srcc");
    close(metrics.mse(p, y), expected.mse, "mse");
    assert.equal(metrics.top1(p, y), expected.top1);
    assert.equal(metrics.wrongPairs(p, y), expected.wrong);
    assert.deepEqual(metrics.wrongAtTop(p, y), { wrong: expected.wrongTop, pairs: expected.pairsTop });
  });
}

for (const [i, { y, beta, scale, share, meanWeight }] of vectors.shares.entries()) {
  test(`share ${i}: ${y.length} clips, beta ${beta}, scale ${scale}`, () => {
    close(shareOfTop(y, beta, scale), share, "share");
    close(spread(y, beta, scale).meanWeight, meanWeight, "mean weight");
    if (share !== null) assert.ok(shareLimit(y, scale) >= share - TOLERANCE);
  });
}

test("the share does not depend on the order of the clips", () => {
  const { y } = vectors.shares[6];
  close(shareOfTop([...y].reverse(), 7), shareOfTop(y, 7), "share");
});

for (const { seed, uniform, normal: normals } of vectors.random) {
  test(`random numbers of seed ${seed} are the very same`, () => {
    const draw = mulberry32(seed);
    assert.deepEqual(
      uniform.map(() => draw()),
      uniform,
    );
    assert.deepEqual(
      normals.map(() => normal(draw)),
      normals,
    );
  });
}

test("a paired difference has the interval of its mean", () => {
  const { mean, low, high } = metrics.pairedDifference([1, 2, 4, 7], [0, 2, 2, 3]);
  close(mean, 1.75, "mean");
  const error = Math.sqrt(((1 - 1.75) ** 2 + 1.75 ** 2 + 0.25 ** 2 + 2.25 ** 2) / 3 / 4);
  close(low, 1.75 - 1.96 * error, "low");
  close(high, 1.75 + 1.96 * error, "high");
});
