// Scores on their way to the table of clips. They come apart from the list, which a visitor may be editing meanwhile.
import { unsaved } from "./kept.js";

let latest = null;
let reader = null;

/** Calls back with the scores that there are, and with all that come. */
export function readScores(read) {
  reader = read;
  if (latest) read(latest);
}

export default function scores({ props, watch }) {
  const pass = () => {
    if ((props.value.turn ?? 0) < (latest?.turn ?? 0)) return; // answers may overtake each other
    latest = props.value;
    unsaved("scores", latest.going);
    reader?.(latest);
  };
  watch("value", pass);
  pass();
}
