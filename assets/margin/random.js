/** Random numbers that are the same on every machine and in the Python tests: integer arithmetic only. */

/**
 * mulberry32, a small public-domain generator by Tommy Ettinger.
 * @param {number} seed any 32-bit integer
 * @returns {() => number} draws uniform numbers in [0, 1)
 */
export function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A nearly normal number, mean 0 and variance 1: twelve uniform numbers added up. No logarithm or cosine, whose last
 * digit may differ between machines.
 * @param {() => number} uniform
 */
export function normal(uniform) {
  let sum = -6;
  for (let k = 0; k < 12; k++) sum += uniform();
  return sum;
}
