// What a teacher links to: the state in the query string survives the way there and back, and bad links do no harm.

import assert from "node:assert/strict";
import { test } from "node:test";

import { choice, createStore, flag, list, number, readQuery, word, writeQuery } from "../../assets/margin/state.js";

const FIELDS = {
  beta: number(7, 1, 15, 1),
  pair: list([4.2, 2.9, 3, 3.2], 1, 5),
  model: choice("linear", ["free", "linear"]),
  huber: flag(false),
  study: word(""),
};

test("defaults leave nothing in the address", () => {
  assert.equal(writeQuery(FIELDS, readQuery(FIELDS, ""), ""), "");
});

test("what was set comes back, and what belongs to others stays", () => {
  const state = { beta: 9.5, pair: [1, 5, 2.25, 3], model: "free", huber: true, study: "codec_mushra-quality" };
  const query = writeQuery(FIELDS, state, "?__theme=dark&tab=predict&m.beta=2");
  assert.deepEqual(readQuery(FIELDS, `?${query}`), state);
  const parameters = new URLSearchParams(query);
  assert.equal(parameters.get("__theme"), "dark");
  assert.equal(parameters.get("tab"), "margin");
  assert.ok(!query.includes("%"), `${query} needs no escapes`);
});

test("a link that was put back forgets its keys", () => {
  const query = writeQuery(FIELDS, readQuery(FIELDS, ""), "?tab=margin&m.beta=2&m.huber=1");
  assert.equal(query, "tab=margin");
});

test("nonsense in a link becomes the default, and too much becomes the end of the range", () => {
  const read = (query) => readQuery(FIELDS, query);
  assert.equal(read("?m.beta=many").beta, 7);
  assert.equal(read("?m.beta=").beta, 7);
  assert.equal(read("?m.beta=Infinity").beta, 7);
  assert.equal(read("?m.beta=99").beta, 15);
  assert.deepEqual(read("?m.pair=1_2_3").pair, [4.2, 2.9, 3, 3.2]);
  assert.deepEqual(read("?m.pair=1_2_x_4").pair, [4.2, 2.9, 3, 3.2]);
  assert.deepEqual(read("?m.pair=-4_2_3_9").pair, [1, 2, 3, 5]);
  assert.equal(read("?m.model=<script>").model, "linear");
  assert.equal(read("?m.huber=yes").huber, false);
});

test("listeners hear what changed, and nothing when nothing did", () => {
  const store = createStore(FIELDS, readQuery(FIELDS, ""));
  const heard = [];
  store.subscribe((state, changed) => heard.push([state.beta, changed]));
  store.set({ beta: 7 });
  store.set({ beta: 3, huber: false });
  store.reset();
  assert.deepEqual(heard, [
    [3, ["beta"]],
    [7, ["beta"]],
  ]);
});
