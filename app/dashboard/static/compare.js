// Draws the curves and the gradient flows of several runs, from the JSON twin of the page.

import { call, textOf } from "./api.js";
import { colorsOf, contentsOf } from "./compared_lines.js";
import { HeatMap } from "./heat_map.js";
import { flowOf, lagsOf, shownShares } from "./heat_map_image.js";
import { LineChart } from "./line_chart.js";
import { keepInAddress, RangeGroup } from "./range_group.js";
import { powerOfTen, shortNumber, viridis } from "./scales.js";

/** @import { ComparedRuns } from "./answers.d.ts" */

const MAX_POINTS = 1000;
const SMALL_MAP = { height: 210, isSmall: true };
const head = /** @type {HTMLElement} */ (document.querySelector("[data-source]"));
/** Run, or "arm of" its first run -> how it is called. @type {Record<string, string>} */
const labels = JSON.parse(head.dataset.labels ?? "{}");
/** @type {ComparedRuns | null} */
let found = null;

/** @param {string} name @returns {HTMLElement} */
const place = (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-chart="${name}"]`));
const group = new RangeGroup(() => { read().catch(report); });
keepInAddress(group);
const charts = Object.fromEntries(["loss", "metric", "norm", "reach"].map((name) => [name, new LineChart(place(name), group)]));
/** Run -> its heat map. @type {Map<string, HeatMap>} */
const maps = new Map();

const areBands = () => !document.querySelector("[name=seeds][value=curves]:checked");

/** Reads the range that is shown, so that extrema are kept at every zoom. */
async function read() {
  const query = new URLSearchParams({ max_points: String(MAX_POINTS) });
  if (group.range) {
    query.set("from_step", String(group.range.from));
    query.set("to_step", String(group.range.to));
  }
  /** @type {ComparedRuns} */
  const answer = await call("GET", `${head.dataset.source}&${query}`);
  found = answer;
  drawLines(answer);
  drawFlows(answer);
}

/** @param {ComparedRuns} compared */
function drawLines(compared) {
  for (const [name, content] of Object.entries(contentsOf(compared, labels, areBands()))) charts[name].show(content);
  for (const [id, color] of colorsOf(compared, areBands())) {
    for (const one of document.querySelectorAll(`[data-swatch="${id}"]`)) one.className = `swatch series-${(color % 6) + 1}`;
  }
}

/** @param {ComparedRuns} compared */
function drawFlows(compared) {
  const flows = (compared.gradient_flows ?? []).filter((one) => one.steps.length > 0).map((one) => flowOf(one, shownShares(one)));
  const longest = Math.max(...flows.map((one) => lagsOf(one)));
  for (const flow of flows) {
    group.include(flow.steps[0], flow.steps[flow.steps.length - 1]);
    const map = maps.get(flow.run_id) ?? new HeatMap(place(`flow-${flow.run_id}`), group, () => undefined, SMALL_MAP);
    maps.set(flow.run_id, map);
    map.show(flow, flow.required_lag.timesteps ?? null, longest);
  }
  if (flows.length > 0) showScale(flows[0]);
}

/** The colours that all heat maps share. @param {import("./heat_map_image.js").Flow} flow */
function showScale({ shown: [low, high], low: least, high: greatest }) {
  const stops = Array.from({ length: 17 }, (_, part) => `rgb(${viridis(part / 16).join(" ")})`);
  const bar = /** @type {HTMLElement} */ (document.querySelector("[data-scale-bar]"));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  writeEnd("low", (least < low ? "≤ " : "") + powerText(low));
  writeEnd("high", (greatest > high ? "≥ " : "") + powerText(high));
}

/** @param {number} power Of ten. */
const powerText = (power) => (Number.isInteger(power) && power !== 0 ? powerOfTen(power) : shortNumber(10 ** power, 2));

/** @param {string} name @param {string} text */
function writeEnd(name, text) {
  /** @type {HTMLElement} */ (document.querySelector(`[data-scale="${name}"]`)).textContent = text;
}

/** @param {unknown} error */
function report(error) {
  const problem = document.querySelector("[data-problem]");
  if (problem) problem.textContent = textOf(error);
}

document.querySelector("[data-seeds]")?.addEventListener("change", () => {
  const address = new URL(location.href);
  if (areBands()) address.searchParams.delete("seeds");
  else address.searchParams.set("seeds", "curves");
  history.replaceState(null, "", address);
  if (found) drawLines(found);
});

await read().catch(report);
performance.mark("charts drawn");
