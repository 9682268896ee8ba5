// Draws the curves of several runs on one axis.

import { call } from "./api.js";
import { LineChart } from "./line_chart.js";
import { keepInAddress, RangeGroup } from "./range_group.js";

const MAX_POINTS = 1000;
const ids = new URLSearchParams(location.search).getAll("run_id");
/** @type {any} */
let found = null;

/** @param {string} name */
const place = (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-chart="${name}"]`));
const group = new RangeGroup(() => { read().catch(report); });
keepInAddress(group);
const charts = Object.fromEntries(["loss", "metric", "norm", "reach"].map((name) => [name, new LineChart(place(name), group)]));

/** @param {any} run */
const nameOf = (run) => run.name || `${run.spec.model.kind} on ${run.spec.dataset.kind}`;

function draw() {
  const names = new Map(found.runs.map((/** @type {any} */ run) => [run.id, nameOf(run)]));
  /** @param {(series: any) => boolean} isWanted */
  const lines = (isWanted) => found.series
    .filter((/** @type {any} */ one) => isWanted(one.series))
    .map((/** @type {any} */ one) => ({ ...one.series, label: names.get(one.run_id) }));
  charts.loss.show({ label: "Loss", lines: lines((one) => one.quantity === "loss"), log: true });
  charts.norm.show({ label: "Gradient norm", lines: lines((one) => one.quantity === "grad_norm"), log: true });
  charts.metric.show({
    label: "Metric on validation",
    lines: lines((one) => one.scope === "validation").map((/** @type {any} */ one) => ({ ...one, points: true })),
  });
  const needed = found.reach.find((/** @type {any} */ one) => one.required_lag_timesteps !== null);
  charts.reach.show({
    label: "Reach of the gradient",
    lines: found.reach.map((/** @type {any} */ one) => ({
      label: names.get(one.run_id),
      steps: one.steps,
      values: one.gradient_horizon.map((/** @type {any} */ horizon) => horizon.value),
      points: true,
    })),
    levels: needed ? [{ label: "needed", value: needed.required_lag_timesteps }] : [],
  });
}

/** Reads the range that is shown, so that its extrema are kept at every zoom. */
async function read() {
  const first = found?.runs[0] ?? await call("GET", `/v1/runs/${ids[0]}`);
  const quantities = [...new Set(["loss", "grad_norm", first.task?.metric ?? "loss"])];
  if (group.range) {
    found ??= await call("GET", `/v1/compare?${new URLSearchParams(ids.map((id) => ["run_id", id]))}`);
    found = { ...found, series: (await Promise.all(found.runs.map((/** @type {any} */ run) => zoomed(run.id, quantities)))).flat() };
  } else {
    const query = new URLSearchParams([...ids.map((id) => ["run_id", id]), ...quantities.map((one) => ["quantity", one])]);
    query.set("max_points", String(MAX_POINTS));
    found = await call("GET", `/v1/compare?${query}`);
  }
  draw();
}

/** @param {string} id @param {string[]} quantities */
async function zoomed(id, quantities) {
  const range = /** @type {{from: number, to: number}} */ (group.range);
  const query = new URLSearchParams(quantities.map((one) => ["quantity", one]));
  query.set("from_step", String(range.from));
  query.set("to_step", String(range.to));
  query.set("max_points", String(MAX_POINTS));
  const { series } = await call("GET", `/v1/runs/${id}/history?${query}`).catch(() => ({ series: [] }));
  return series.map((/** @type {any} */ one) => ({ run_id: id, series: one }));
}

/** @param {unknown} error */
function report(error) {
  const problem = document.querySelector("[data-problem]");
  if (problem) problem.textContent = error instanceof Error ? error.message : String(error);
}

await read().catch(report);
performance.mark("charts drawn");
