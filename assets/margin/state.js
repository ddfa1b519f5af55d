/**
 * What the reader has set, and its place in the address bar: `?tab=margin&m.beta=9&m.pair=4.2_2.9_3_3.2`.
 * Only what differs from the defaults is written, and only keys with our prefix are touched.
 */

const PREFIX = "m.";

/** A number in a range, rounded to `digits`. */
export const number = (initial, min, max, digits = 2) => ({
  initial,
  parse: (text) => readNumber(text, min, max, digits),
  print: (value) => String(round(value, digits)),
});

/** A list of numbers of the same length as `initial`. */
export const list = (initial, min, max, digits = 2) => ({
  initial,
  parse: (text) => {
    const parts = text.split("_");
    if (parts.length !== initial.length) return undefined;
    const values = parts.map((part) => readNumber(part, min, max, digits));
    return values.includes(undefined) ? undefined : values;
  },
  print: (values) => values.map((value) => round(value, digits)).join("_"),
});

/** One of a few words. */
export const choice = (initial, words) => ({
  initial,
  parse: (text) => (words.includes(text) ? text : undefined),
  print: (value) => value,
});

/** Any short word, for example the name of a study. */
export const word = (initial) => ({
  initial,
  parse: (text) => (text.length <= 80 ? text : undefined),
  print: (value) => value,
});

/** Yes or no. */
export const flag = (initial) => ({
  initial,
  parse: (text) => (text === "1" ? true : text === "0" ? false : undefined),
  print: (value) => (value ? "1" : "0"),
});

export function round(value, digits) {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor + 0;
}

function readNumber(text, min, max, digits) {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return undefined;
  return round(Math.min(max, Math.max(min, value)), digits);
}

/**
 * Reads the fields from a query string; what is missing or makes no sense gets its default.
 * @param {Record<string, {initial: any, parse: (text: string) => any}>} fields
 * @param {string} query
 */
export function readQuery(fields, query) {
  const given = new URLSearchParams(query);
  const state = {};
  for (const [key, field] of Object.entries(fields)) {
    const text = given.get(PREFIX + key);
    state[key] = (text === null ? undefined : field.parse(text)) ?? field.initial;
  }
  return state;
}

/**
 * Writes the fields that differ from their defaults into a query string and leaves foreign keys alone.
 * @param {Record<string, {initial: any, print: (value: any) => string}>} fields
 * @param {Record<string, any>} state
 * @param {string} query the present query string
 */
export function writeQuery(fields, state, query) {
  const result = new URLSearchParams(query);
  let any = false;
  for (const [key, field] of Object.entries(fields)) {
    const text = field.print(state[key]);
    result.delete(PREFIX + key);
    if (text === field.print(field.initial)) continue;
    result.set(PREFIX + key, text);
    any = true;
  }
  if (any) result.set("tab", "margin");
  return result.toString();
}

/**
 * Holds the state; figures subscribe to it and patch it.
 * @param {Record<string, any>} fields
 * @param {any} state
 */
export function createStore(fields, state) {
  const listeners = new Set();
  return {
    fields,
    get: () => state,
    /** @param {Record<string, any>} patch */
    set(patch) {
      const changed = Object.keys(patch).filter(
        (key) => fields[key].print(patch[key]) !== fields[key].print(state[key]),
      );
      if (changed.length === 0) return;
      state = { ...state, ...patch };
      for (const listener of listeners) listener(state, changed);
    },
    /** @param {string[]} [keys] the fields to put back; all when none are named */
    reset(keys = Object.keys(fields)) {
      this.set(Object.fromEntries(keys.map((key) => [key, fields[key].initial])));
    },
    /** @param {(state: any, changed: string[]) => void} listener */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
