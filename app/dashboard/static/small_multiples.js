// Many small curves side by side: one for each tensor, the most unusual one first.

import { shortNumber } from "./scales.js";

const WIDTH = 100;
const HEIGHT = 30;
const SVG = "http://www.w3.org/2000/svg";

/** @typedef {{scope: string, steps: number[], values: (number | null)[]}} Series */

/**
 * Shows the curves on one logarithmic scale.
 * @param {HTMLElement} place @param {Series[]} series
 */
export function multiples(place, series) {
  const logs = series.map((one) => one.values.map((value) => (value !== null && value > 0 ? Math.log10(value) : null)));
  const all = logs.flat().filter((value) => value !== null).toSorted((a, b) => a - b);
  if (all.length === 0) return;
  const [low, high] = [all[0], all[all.length - 1]];
  const middle = all[all.length >> 1];
  const order = series.map((_, index) => index).toSorted((a, b) => distance(logs[b], middle) - distance(logs[a], middle));
  const list = document.createElement("div");
  list.className = "multiples";
  for (const index of order) list.append(figure(series[index], logs[index], low, high));
  place.replaceChildren(list);
}

/** How far the end of a curve lies from the others. @param {(number | null)[]} logs @param {number} middle */
function distance(logs, middle) {
  const last = logs.findLast((value) => value !== null);
  return last === undefined || last === null ? Infinity : Math.abs(last - middle);
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
