// Many small curves side by side: one for each tensor, the one that differs most first.

import { shortNumber } from "./scales.js";

const WIDTH = 100;
const HEIGHT = 30;
const SVG = "http://www.w3.org/2000/svg";

/** @typedef {{scope: string, steps: number[], values: (number | null)[]}} Series */

/**
 * Shows the curves on one logarithmic scale, and says so where they are not all of `total`.
 * @param {HTMLElement} place @param {Series[]} series @param {number} total
 */
export function multiples(place, series, total) {
  const all = series.flatMap((one) => logsOf(one)).filter((value) => value !== null).toSorted((a, b) => a - b);
  if (all.length === 0) return;
  const [low, high] = [all[0], all[all.length - 1]];
  const list = document.createElement("div");
  list.className = "multiples";
  for (const one of byDistance(series)) list.append(figure(one, logsOf(one), low, high));
  place.replaceChildren(list);
  if (series.length >= total) return;
  const note = document.createElement("p");
  note.className = "small muted";
  note.textContent = `The ${series.length} of ${total} that differ most.`;
  place.append(note);
}

/** Logarithms of the values; null for what has none. @param {Series} series */
const logsOf = (series) => series.values.map((value) => (value !== null && value > 0 ? Math.log10(value) : null));

/**
 * The series whose last value lies farthest from the median of all last values come first, by their logarithms. One
 * without a value comes before all.
 * @template {Series} T @param {T[]} series @returns {T[]}
 */
export function byDistance(series) {
  const last = series.map((one) => logsOf(one).findLast((value) => value !== null) ?? null);
  const sorted = last.filter((value) => value !== null).toSorted((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  const distance = last.map((value) => (value === null ? Infinity : Math.abs(value - middle)));
  return series.map((_, index) => index).toSorted((a, b) => (distance[b] > distance[a] ? 1 : distance[b] < distance[a] ? -1 : 0)).map((index) => series[index]);
}

/** @param {Series} series @param {(number | null)[]} logs @param {number} low @param {number} high */
function figure(series, logs, low, high) {
  const made = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const last = series.values.findLast((value) => value !== null);
  caption.textContent = `${series.scope.replace("tensor:", "")} · ${shortNumber(last)}`;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", pathOf(series.steps, logs, low, high));
  svg.append(path);
  made.append(svg, caption);
  return made;
}

/**
 * An SVG path through the values; null interrupts it. A value between two gaps is a dot.
 * @param {number[]} steps @param {(number | null)[]} logs @param {number} low @param {number} high
 */
export function pathOf(steps, logs, low, high) {
  const first = steps[0] ?? 0;
  const span = Math.max(1, (steps[steps.length - 1] ?? 1) - first);
  let isDown = false;
  let path = "";
  logs.forEach((value, i) => {
    if (value === null) {
      isDown = false;
      return;
    }
    const x = ((steps[i] - first) / span) * WIDTH;
    const y = HEIGHT * (1 - (value - low) / Math.max(1e-9, high - low));
    path += `${isDown ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    if (!isDown && (logs[i + 1] ?? null) === null) path += "h0";
    isDown = true;
  });
  return path;
}

/** The items in parts of at most `size`. @template T @param {T[]} items @param {number} size @returns {T[][]} */
export const partsOf = (items, size) => Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
