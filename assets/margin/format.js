/** Numbers as readers see them. */

/** A number for reading: fixed decimals and a real minus sign; a dash where there is no number. */
export function fixed(value, digits = 2) {
  if (!Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** The same with a plus sign in front of what is positive. */
export function signed(value, digits = 2) {
  const text = fixed(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;
