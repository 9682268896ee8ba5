// The pixels of a heat map, from the cells that the API answers.

import { viridis } from "./scales.js";

/**
 * @typedef {{scope: string, path: string, scopes: {scope: string, path: string}[], steps: number[], lags: number[],
 *   low: number, high: number, cells: string, gradient_horizon: number[], horizon_low: number[], horizon_high: number[],
 *   censored: boolean[], threshold: number[], ratio_at_required_lag: (number | null)[]}} Answer
 * @typedef {{numbers: Uint16Array, palette: Uint32Array, shown: [number, number]}} Pixels
 * @typedef {Answer & Pixels} Flow
 */

/** Cells that are no number: past the end of a sequence, exactly 0, NaN or infinite. The next is the least number. */
const [NOTHING, ZERO, NOT_FINITE, LEAST] = [0, 1, 2, 3];
const GREATEST = 65535;
/** Decades of colour below the largest value; whatever is smaller has the last colour. */
export const MAX_DECADES = 20;

/** Prepares an answer for drawing. @template {Answer} Kind @param {Kind} answer @param {[number, number]} [shown] @returns {Kind & Pixels} */
export function flowOf(answer, shown = shownDecades(answer)) {
  // oxlint-disable-next-line unicorn/prefer-code-point -- they are bytes, not letters
  const bytes = Uint8Array.from(atob(answer.cells), (one) => one.charCodeAt(0));
  const numbers = new Uint16Array(bytes.buffer, 0, bytes.length >> 1);
  return { ...answer, numbers, shown, palette: paletteOf(answer.low, answer.high, shown) };
}

/** The decades that colours tell apart. @param {{low: number, high: number}} flow @returns {[number, number]} */
export const shownDecades = (flow) => [Math.max(flow.low, flow.high - MAX_DECADES), flow.high];

/** Decades above and below 1 that colours of shares tell apart. */
const SHARE_DECADES = 12;

/** The decades that colours of shares tell apart. @param {{low: number, high: number}} flow @returns {[number, number]} */
export const shownShares = (flow) => [Math.max(flow.low, -SHARE_DECADES), Math.min(flow.high, SHARE_DECADES)];

/** The colour of each cell, as a pixel. @param {number} low @param {number} high @param {[number, number]} shown */
function paletteOf(low, high, [first, last]) {
  const palette = new Uint32Array(GREATEST + 1);
  const colors = Array.from({ length: 256 }, (_, index) => pixel(viridis(index / 255)));
  const span = Math.max(1e-9, last - first);
  for (let cell = LEAST; cell <= GREATEST; cell++) {
    const log = low + ((cell - LEAST) / (GREATEST - LEAST)) * (high - low);
    palette[cell] = colors[Math.round(255 * Math.min(1, Math.max(0, (log - first) / span)))];
  }
  palette[NOTHING] = 0;
  palette[ZERO] = pixel([0, 0, 0]);
  palette[NOT_FINITE] = pixel([213, 0, 0]);
  return palette;
}

/** Red, green and blue as 32 bits of an image, whose lowest byte is red. @param {number[]} color */
const pixel = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;

/** Base-10 logarithm in a cell, or why there is none. @param {Flow} flow @param {number} probe @param {number} row */
export function cellAt(flow, probe, row) {
  const cell = flow.numbers[probe * flow.lags.length + row];
  if (cell >= LEAST) return flow.low + ((cell - LEAST) / (GREATEST - LEAST)) * (flow.high - flow.low);
  return { [NOTHING]: "none", [ZERO]: "exactly 0", [NOT_FINITE]: "not finite" }[cell] ?? "none";
}

/** Lags from 0 to the largest one, of which the map may have a part. @param {{lags: number[]}} flow */
export const lagsOf = (flow) => flow.lags[flow.lags.length - 1] + 1;

/** Borders of the columns, in steps: half way between neighbouring probes. @param {number[]} steps */
export function edgesOf(steps) {
  if (steps.length === 0) return [0, 1];
  if (steps.length === 1) return [steps[0] - 0.5, steps[0] + 0.5];
  const middles = steps.slice(1).map((step, i) => (step + steps[i]) / 2);
  const last = steps.length - 1;
  return [2 * steps[0] - middles[0], ...middles, 2 * steps[last] - middles[last - 1]];
}

/** The column whose borders hold a step; the nearest one outside. @param {number[]} edges @param {number} step */
export function columnAt(edges, step) {
  let [low, high] = [0, edges.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The pixels of an image of the steps from `from` to `to` and of `most` lags, row by row; lag 0 is the lowest row.
 * @param {Flow} flow @param {{from: number, to: number}} range @param {number} width @param {number} height
 * @param {number} [most]
 */
export function paint(flow, range, width, height, most = lagsOf(flow)) {
  const pixels = new Uint32Array(width * height);
  const edges = edgesOf(flow.steps);
  const lags = flow.lags.length;
  const starts = new Int32Array(width).fill(-1);
  for (let x = 0; x < width; x++) {
    const step = range.from + ((x + 0.5) / width) * (range.to - range.from);
    if (step >= edges[0] && step <= edges[edges.length - 1]) starts[x] = columnAt(edges, step) * lags;
  }
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((1 - (y + 0.5) / height) * lags * most) / lagsOf(flow));
    if (row >= lags) continue;
    for (let x = 0; x < width; x++) {
      if (starts[x] >= 0) pixels[y * width + x] = flow.palette[flow.numbers[starts[x] + row]];
    }
  }
  return pixels;
}
