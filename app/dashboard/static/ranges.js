// Ranges of training steps, and how the address of a page holds one.

/** @typedef {{from: number, to: number}} Range */

/** Steps that are shown at least. */
const LEAST_STEPS = 4;
const IN_ADDRESS = /^#steps=(\d+)-(\d+)$/u;

/** The range moved into all steps; null where it holds all of them. @param {Range} range @param {Range | null} all @returns {Range | null} */
export function within({ from, to }, all) {
  const { from: first, to: last } = all ?? { from: 0, to: Infinity };
  const length = Math.max(LEAST_STEPS, to - from);
  if (length >= last - first) return null;
  const start = Math.min(Math.max(first, from), last - length);
  return { from: start, to: start + length };
}

/** The range made longer by a factor; the step `at` stays where it is. @param {Range} range @param {number} factor @param {number} at @returns {Range} */
export const stretched = ({ from, to }, factor, at) => ({ from: at - (at - from) * factor, to: at + (to - at) * factor });

/** The range moved by a share of its length. @param {Range} range @param {number} share @returns {Range} */
export const shifted = ({ from, to }, share) => ({ from: from + share * (to - from), to: to + share * (to - from) });

/** The range with whole steps as its ends. @param {Range} range @returns {Range} */
export const whole = ({ from, to }) => ({ from: Math.floor(from), to: Math.ceil(to) });

/** The range that the fragment of an address holds; null where it holds none. @param {string} fragment @returns {Range | null} */
export function rangeOf(fragment) {
  const [, from, to] = IN_ADDRESS.exec(fragment) ?? [];
  return from === undefined ? null : { from: Number(from), to: Number(to) };
}

/** The fragment of an address that holds a range of whole steps. @param {Range} range */
export const fragmentOf = ({ from, to }) => `#steps=${from}-${to}`;
