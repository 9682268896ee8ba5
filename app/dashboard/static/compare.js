// Draws the curves of several runs on one axis.

import { call } from "./api.js";
import { Group, LineChart } from "./line_chart.js";

const MAX_POINTS = 1000;
const ids = new URLSearchParams(location.search).getAll("run_id");
/** @type {any} */
let found = null;

/** @param {string} name */
const place = (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-chart="${name}"]`));
const group = new Group(() => draw());
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

try {
  const first = await call("GET", `/v1/runs/${ids[0]}`);
  const query = new URLSearchParams(ids.map((id) => ["run_id", id]));
  for (const quantity of new Set(["loss", "grad_norm", first.task?.metric ?? "loss"])) query.append("quantity", quantity);
  query.set("max_points", String(MAX_POINTS));
  found = await call("GET", `/v1/compare?${query}`);
  draw();
} catch (error) {
  const problem = document.querySelector("[data-problem]");
  if (problem) problem.textContent = error instanceof Error ? error.message : String(error);
}
