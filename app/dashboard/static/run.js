// The page of one run: draws its charts and keeps them, and the story, live.

import { call } from "./api.js";
import { HeatMap } from "./heat_map.js";
import { Group, LineChart } from "./line_chart.js";
import { shortNumber } from "./scales.js";
import { showLog, showFiles } from "./run_log.js";
import { multiples } from "./small_multiples.js";

/** Milliseconds between two reads of a run that is training. */
const PERIOD_MS = 1500;
const MAX_POINTS = 1200;
/** Tensors that are shown at most: a query names no more. */
const MAX_TENSORS = 50;
const head = /** @type {HTMLElement} */ (document.querySelector("[data-run-id]"));
const id = head.dataset.runId;
const api = `/v1/runs/${id}`;

/** @param {string} name @returns {HTMLElement} */
const place = (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-chart="${name}"]`));

/** @typedef {{quantity: string, scope: string, unit: string, steps: number[], values: (number | null)[], non_finite: any[]}} Series */

const group = new Group(() => { drawCurves().catch(report); });
const charts = Object.fromEntries(
  ["loss", "norm", "update", "dynamics", "units"].map((name) => [name, new LineChart(place(name), group)]),
);
const profileChart = new LineChart(place("profile"), new Group(() => undefined));
/** @type {HeatMap | null} */
let heatMap = null;
/** @type {any} */
let flow = null;

/** @param {unknown} error */
function report(error) {
  const problem = /** @type {HTMLElement} */ (document.querySelector("[data-problem]"));
  problem.textContent = error instanceof Error ? error.message : String(error);
}

/**
 * Reads series of the history in the range that the charts show; quantities that the run lacks are left out.
 * @param {string[]} quantities @param {string[]} [scopes] @returns {Promise<Series[]>}
 */
async function history(quantities, scopes = []) {
  const query = new URLSearchParams(quantities.filter(Boolean).map((one) => ["quantity", one]));
  for (const scope of scopes) query.append("scope", scope);
  query.set("max_points", String(MAX_POINTS));
  if (group.range) {
    query.set("from_step", String(group.range.from));
    query.set("to_step", String(group.range.to));
  }
  try {
    return (await call("GET", `${api}/history?${query}`)).series;
  } catch (error) {
    if (quantities.length === 1) return [];
    return (await Promise.all(quantities.map((one) => history([one])))).flat();
  }
}

/** Spans of the findings that the page shows. */
const spans = () => [...document.querySelectorAll("[data-finding]")].map((place) => {
  const one = JSON.parse(/** @type {HTMLElement} */ (place).dataset.finding ?? "{}");
  return { from: one.first, to: one.last, label: one.code, severity: one.severity };
});

/** @param {Series} series @param {string} [label] */
const line = (series, label) => ({
  ...series,
  label: label ?? (series.scope === "model" ? series.quantity : `${series.quantity} ${series.scope}`),
});

async function drawCurves() {
  const metric = head.dataset.metric ?? "";
  const found = await history(["loss", "grad_norm", "clip_coefficient", "update_ratio", metric]);
  /** @param {string} name */
  const of = (name) => found.filter((one) => one.quantity === name);
  const run = await call("GET", api);
  const shown = spans();
  const isMinimised = run.task?.mode !== "max";
  const scores = of(metric).map((one) => ({ ...line(one, `${metric} ${one.scope}`), points: true }));
  charts.loss.show({
    label: "Loss and metric",
    lines: [...of("loss").map((one) => line(one)), ...scores],
    levels: levelsOf(run, metric),
    spans: shown,
    log: isMinimised && found.every((one) => one.quantity !== "loss" || one.values.every((value) => value === null || value > 0)),
  });
  const [norm] = of("grad_norm");
  const [coefficient] = of("clip_coefficient");
  if (norm) {
    const lines = [line(norm, "before clipping")];
    if (coefficient && coefficient.values.some((value) => value !== null && value < 1)) {
      const factor = new Map(coefficient.steps.map((step, i) => [step, coefficient.values[i]]));
      const clipped = norm.values.map((value, i) => {
        const by = factor.get(norm.steps[i]);
        return value === null || by === null || by === undefined ? null : value * by;
      });
      lines.push({ ...norm, label: "after clipping", values: clipped, non_finite: [] });
    }
    charts.norm.show({ label: "Gradient norm", lines, spans: shown, log: true });
  }
  charts.update.show({
    label: "Update ratio",
    lines: of("update_ratio").filter((one) => one.scope === "model").map((one) => line(one)),
    spans: shown,
    log: true,
  });
}

/** @param {any} run @param {string} metric */
function levelsOf(run, metric) {
  const baseline = run.task?.baselines?.find((/** @type {any} */ one) => one.metric === metric);
  const reference = run.task?.reference?.metrics?.validation?.[metric];
  return [
    { label: baseline?.name.replaceAll("_", " "), value: baseline?.scores?.validation ?? baseline?.value },
    { label: "best simple model", value: reference },
    { label: "attainable", value: run.task?.attainable || null },
  ];
}

async function drawMechanisms() {
  const found = await history(["spectral_radius", "lyapunov_1"]);
  charts.dynamics.show({ label: "Recurrence", lines: found.map((one) => ({ ...line(one), points: true })) });
  const units = await history(["gate_mean", "saturated_fraction", "dead_fraction"]);
  charts.units.show({ label: "Gates and units", lines: units.slice(0, 8).map((one) => ({ ...line(one), points: true })) });
  const tensors = (await history(["weight_norm"])).map((one) => one.scope).slice(0, MAX_TENSORS);
  if (tensors.length > 0) multiples(place("tensors"), await history(["grad_norm"], tensors));
}

async function drawFlow() {
  flow = await call("GET", `${api}/gradient-flow`);
  const layers = flow.layers;
  if (layers.length === 0 || layers[0].steps.length === 0) return;
  const select = /** @type {HTMLSelectElement} */ (document.querySelector("[data-scope]"));
  if (select.options.length !== layers.length) {
    select.replaceChildren(...layers.map((/** @type {any} */ one, /** @type {number} */ i) =>
      new Option(one.path === "total" ? one.scope : `${one.scope} (${one.path.replaceAll("_", " ")})`, String(i))));
    select.onchange = () => showLayer(layers);
  }
  showLayer(layers);
}

/** @param {any[]} layers */
function showLayer(layers) {
  const select = /** @type {HTMLSelectElement} */ (document.querySelector("[data-scope]"));
  const layer = layers[Number(select.value)] ?? layers[0];
  heatMap ??= new HeatMap(place("flow"), (probe) => showProfile(probe));
  heatMap.show(layer, flow.required_lag.timesteps);
}

/** @param {number} probe */
function showProfile(probe) {
  const select = /** @type {HTMLSelectElement} */ (document.querySelector("[data-scope]"));
  const layer = flow.layers[Number(select.value)] ?? flow.layers[0];
  const row = layer.log10_norm[probe];
  const first = row[0];
  if (first === null) return;
  const threshold = layer.gradient_horizon[probe].threshold;
  const ratio = layer.ratio_at_required_lag[probe];
  const needed = ratio ? `; at the needed lag ${ratio.lag}: ${shortNumber(ratio.value)}` : "";
  profileChart.show({
    label: `Profile at step ${layer.steps[probe]}${needed}`,
    lines: [{
      label: `gradient at a lag ÷ at lag 0, step ${layer.steps[probe]}`,
      steps: layer.lags,
      values: row.map((/** @type {number | null} */ value) => (value === null ? null : 10 ** (value - first))),
    }],
    levels: [{ label: "threshold", value: threshold }],
    log: true,
  });
}

/** Replaces the parts of the page that the server renders. */
async function refreshPage() {
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-refresh]")) {
    const name = part.getAttribute("data-refresh");
    const next = fresh.querySelector(`[data-refresh="${name}"]`);
    // an open part is being read: it waits
    if (next && next.innerHTML !== part.innerHTML && !part.querySelector("details[open], :focus")) part.replaceWith(next);
  }
  head.dataset.metric = /** @type {HTMLElement} */ (fresh.querySelector("[data-run-id]")).dataset.metric;
}

const drawAll = async () => {
  await Promise.all([drawCurves(), drawFlow(), drawMechanisms()]).catch(report);
};

/** Follows the run's events; many at once are answered by one read. */
function follow() {
  const events = new EventSource(`${api}/events`);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const soon = () => {
    timer ??= setTimeout(async () => {
      await refreshPage().catch(report);
      if (document.visibilityState === "visible") await drawAll();
      timer = undefined;
    }, PERIOD_MS);
  };
  for (const kind of ["status", "progress", "evaluation", "probe", "finding", "diagnosis", "checkpoint"]) {
    events.addEventListener(kind, soon);
  }
  events.addEventListener("end", () => {
    events.close();
    soon();
  });
}

document.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  try {
    if (button?.dataset.remedy) {
      button.setAttribute("disabled", "");
      const { href, body, name } = JSON.parse(button.dataset.remedy);
      const started = await call("POST", href, href === "/v1/runs" ? { ...body, name } : body);
      location.href = `/runs/${started.id}`;
    } else if (button && "cancel" in button.dataset) {
      await call("POST", `${api}/cancel`);
      await refreshPage();
    }
  } catch (error) {
    button?.removeAttribute("disabled");
    report(error);
  }
});

await drawAll();
performance.mark("charts drawn");
showFiles(/** @type {HTMLElement} */ (document.querySelector("[data-artifacts]")), api).catch(report);
showLog(/** @type {HTMLDetailsElement} */ (document.querySelector("[data-log]")), api);
if (head.dataset.isOver === "no") follow();
