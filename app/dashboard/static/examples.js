// A few sequences with their targets and what the trained network says of them.

import { call } from "./api.js";
import { numbersOf, pathOf, symbolsOf } from "./example_values.js";
import { shortNumber } from "./scales.js";

/**
 * @import { Input, Line, Values } from "./example_values.js"
 * @typedef {(Values | null)[] | null} Target
 * @typedef {{inputs: Input[], targets?: Target[], outputs: Record<string, {rows: number[][]}[]>}} Golden
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
  const [golden, model] = await Promise.all([
    /** @type {Promise<Golden>} */ (call("GET", `${api}/artifacts/golden.json`)),
    /** @type {Promise<Model>} */ (call("GET", `${api}/artifacts/model.json`)),
  ]);
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

/** @param {Input} input @param {number[][]} rows @param {Target} target */
function numberFigure(input, rows, target) {
  const found = numbersOf(input, rows, target);
  const svg = picture(found.lines, found.length);
  if (found.marks) svg.append(...dots(/** @type {number[]} */ (found.lines[0].values), found.marks));
  return figure(svg, `${titleOf(input)}target ${shortNumber(found.target)}, prediction ${shortNumber(found.prediction)}`);
}

/** @param {Input} input */
const titleOf = (input) => (input.series ? `${input.series}: ` : "");

/** @param {number} index @param {number} length */
const xOf = (index, length) => MARGIN + (index / Math.max(1, length - 1)) * (WIDTH - 2 * MARGIN);

/** @param {number} value @param {number} low @param {number} span */
const yOf = (value, low, span) => HEIGHT - MARGIN - ((value - low) / span) * (HEIGHT - 2 * MARGIN);

/** @param {Line[]} lines @param {number} length */
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
    path.setAttribute("d", pathOf(values, (index) => xOf(index + at, length), (value) => yOf(value, low, span)));
    svg.append(path);
  }
  return svg;
}

/** The timesteps that the task marks. @param {number[]} series @param {boolean[]} marks */
function dots(series, marks) {
  const low = Math.min(...series);
  const span = Math.max(...series) - low || 1;
  return series.flatMap((value, index) => {
    if (!marks[index]) return [];
    const dot = document.createElementNS(SVG, "circle");
    dot.setAttribute("cx", String(xOf(index, series.length)));
    dot.setAttribute("cy", String(yOf(value, low, span)));
    dot.setAttribute("r", "3.5");
    return [dot];
  });
}

/** @param {Input} input @param {number[][]} rows @param {Target} target @param {(string | null)[]} classes */
function classFigure(input, rows, target, classes) {
  const list = document.createElement("p");
  list.className = "symbols mono";
  for (const { said, wanted, isWrong } of symbolsOf(rows, target, classes)) {
    const symbol = document.createElement("span");
    symbol.textContent = isWrong ? `${said} (${wanted})` : said;
    symbol.className = wanted === undefined ? "" : isWrong ? "wrong" : "right";
    symbol.title = isWrong ? `should be ${wanted}` : "";
    list.append(symbol, " ");
  }
  const single = rows.length === 1 ? `, ${Math.round(100 * Math.max(...rows[0]))} % sure` : "";
  return figure(list, `${titleOf(input)}prediction${target ? "; where it is wrong, the target in brackets" : ""}${single}`);
}

/** @param {Element} content @param {string} text */
function figure(content, text) {
  const made = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = text;
  made.append(content, caption);
  return made;
}
