// A few sequences with their targets and what the trained network says of them.

import { call } from "./api.js";
import { shortNumber } from "./scales.js";

/**
 * @typedef {(number | string | null)[] | null} Row
 * @typedef {{inputs: {series: string | null, timesteps: any[]}[], targets?: (Row[] | null)[], outputs: Record<string, {rows: number[][]}[]>}} Golden
 * @typedef {{output: {kind: string, classes?: (string | null)[]}}} Model
 */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const HEIGHT = 80;
const MARGIN = 4;

/** Draws the examples where the page has a place for them. @param {string} api */
export async function showExamples(api) {
  const place = document.querySelector("[data-examples]:empty");
  if (!place) return;
  const [golden, model] = await Promise.all(
    ["golden", "model"].map((name) => call("GET", `${api}/artifacts/${name}.json`)));
  place.replaceChildren(...figures(golden, model));
}

/** @param {Golden} golden @param {Model} model @returns {HTMLElement[]} */
export function figures(golden, model) {
  const outputs = golden.outputs["model.safetensors"] ?? golden.outputs["best.safetensors"] ?? [];
  return golden.inputs.slice(0, outputs.length).map((input, index) => {
    const { rows } = outputs[index];
    const target = golden.targets?.[index] ?? null;
    return model.output.kind === "classes"
      ? classFigure(input, rows, target, model.output.classes ?? [])
      : numberFigure(input, rows, target);
  });
}

/** @param {{series: string | null, timesteps: any[]}} input @param {number[][]} rows @param {Row[] | null} target */
function numberFigure(input, rows, target) {
  const series = input.timesteps.map((row) => Number(row[0]));
  const marks = input.timesteps.map((row) => row.length === 2 && row[1] === 1);
  const isWhole = rows.length === 1;
  const expected = isWhole ? (target?.[0] ?? []) : (target ?? []).map((row) => row?.[0] ?? null);
  const width = isWhole ? Math.max(1, expected.length) : 1;
  // of several quantiles the one in the middle
  const share = Math.max(1, Math.round(rows[0].length / width));
  const predicted = isWhole
    ? rows[0].filter((_, i) => i % share === Math.floor((share - 1) / 2))
    : rows.map((row) => row[0]);
  const wanted = expected.map((one) => (one === null ? null : Number(one)));
  const isForecast = isWhole && (predicted.length > 1 || !marks.some(Boolean)) && target !== null;
  const first = isForecast ? series.length : 0;
  const lines = isWhole && !isForecast
    ? [{ name: "input", values: series, at: 0 }]
    : [{ name: "input", values: series, at: 0 }, { name: "target", values: wanted, at: first }, { name: "predicted", values: predicted, at: first }];
  const svg = picture(lines, isForecast ? series.length + predicted.length : series.length);
  if (isWhole && !isForecast) svg.append(...dots(series, marks));
  const last = predicted.length - 1;
  const known = wanted[last] ?? wanted[0];
  const text = `${input.series ? `${input.series}: ` : ""}target ${shortNumber(known)}, prediction ${shortNumber(predicted[last])}`;
  return figure(svg, text);
}

/** @param {{name: string, values: (number | null)[], at: number}[]} lines @param {number} length */
function picture(lines, length) {
  const all = lines.flatMap((line) => line.values).filter((value) => value !== null && Number.isFinite(value));
  const low = Math.min(.../** @type {number[]} */ (all));
  const span = Math.max(.../** @type {number[]} */ (all)) - low || 1;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("aria-hidden", "true");
  for (const { name, values, at } of lines) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("d", pathOf(values, at, length, low, span));
    svg.append(path);
  }
  return svg;
}

/** @param {(number | null)[]} values @param {number} at @param {number} length @param {number} low @param {number} span */
function pathOf(values, at, length, low, span) {
  let isDown = false;
  return values.map((value, index) => {
    if (value === null || !Number.isFinite(value)) {
      isDown = false;
      return "";
    }
    const x = MARGIN + ((index + at) / Math.max(1, length - 1)) * (WIDTH - 2 * MARGIN);
    const point = `${isDown ? "L" : "M"}${x.toFixed(1)} ${yOf(value, low, span).toFixed(1)}`;
    isDown = true;
    // a single point is drawn as a short line
    return values.length === 1 ? `${point}h0.1` : point;
  }).join("");
}

/** @param {number} value @param {number} low @param {number} span */
const yOf = (value, low, span) => HEIGHT - MARGIN - ((value - low) / span) * (HEIGHT - 2 * MARGIN);

/** The timesteps that the task marks. @param {number[]} series @param {boolean[]} marks */
function dots(series, marks) {
  const low = Math.min(...series);
  const span = Math.max(...series) - low || 1;
  return series.flatMap((value, index) => {
    if (!marks[index]) return [];
    const dot = document.createElementNS(SVG, "circle");
    dot.setAttribute("cx", String(MARGIN + (index / Math.max(1, series.length - 1)) * (WIDTH - 2 * MARGIN)));
    dot.setAttribute("cy", String(yOf(value, low, span)));
    dot.setAttribute("r", "3.5");
    return [dot];
  });
}

/** @param {{series: string | null, timesteps: any[]}} input @param {number[][]} rows @param {Row[] | null} target @param {(string | null)[]} classes */
function classFigure(input, rows, target, classes) {
  const best = rows.map((row) => row.indexOf(Math.max(...row)));
  const list = document.createElement("p");
  list.className = "symbols mono";
  for (const [index, found] of best.entries()) {
    const wanted = target?.[index]?.[0];
    if (target && wanted === undefined) continue;
    const symbol = document.createElement("span");
    const said = classes[found] ?? "?";
    const isWrong = wanted !== undefined && wanted !== null && wanted !== said;
    symbol.textContent = isWrong ? `${said} (${wanted})` : said;
    symbol.className = wanted === undefined ? "" : isWrong ? "wrong" : "right";
    symbol.title = isWrong ? `should be ${wanted}` : "";
    list.append(symbol, " ");
  }
  const single = best.length === 1 ? `, ${Math.round(100 * rows[0][best[0]])} % sure` : "";
  return figure(list, `${input.series ? `${input.series}: ` : ""}prediction${target ? "; where it is wrong, the target in brackets" : ""}${single}`);
}

/** @param {Element} content @param {string} text */
function figure(content, text) {
  const made = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = text;
  made.append(content, caption);
  return made;
}
