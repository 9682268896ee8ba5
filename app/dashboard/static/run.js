// The page of one run: draws its charts and keeps them, and the story, live.

import { at, call, textOf } from "./api.js";
import { HeatMap } from "./heat_map.js";
import { cellAt, flowOf } from "./heat_map_image.js";
import { LineChart } from "./line_chart.js";
import { keepInAddress, RangeGroup } from "./range_group.js";
import { arePositive, levelsOf, lineOf, normLines } from "./run_curves.js";
import { shortNumber } from "./scales.js";
import { showExamples } from "./examples.js";
import { byDistance, multiples, partsOf } from "./small_multiples.js";

/**
 * @import { HeatMap as HeatMapAnswer, History, HistorySeries, Run, TaskFacts } from "./answers.d.ts"
 * @import { Pixels } from "./heat_map_image.js"
 */

/** Milliseconds between two reads of the curves of a run that is training, and of all else. */
const PERIOD_MS = 2000;
const LONG_PERIOD_MS = 10_000;
/** The same for the words of the page: the first event is told at once, and those that follow it together. */
const WORDS_PERIOD_MS = 5000;
/** While a run is followed an answer that others got a moment ago will do. @type {Record<string, string>} */
let freshness = {};
const SHARED = { "Cache-Control": "max-age=2" };
const MAX_POINTS = 1200;
/** Points of a curve that is a hundred pixels wide. */
const SMALL_POINTS = 200;
const LAST_STEP = 2 ** 31 - 1;
/** Tensors that are shown at most: a query names no more. */
const MAX_TENSORS = 50;
const head = /** @type {HTMLElement} */ (document.querySelector("[data-run-id]"));
const id = head.dataset.runId;
const api = `/v1/runs/${id}`;

/** @param {string} name @returns {HTMLElement} */
const place = (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-chart="${name}"]`));

const group = new RangeGroup(() => { Promise.all([drawCurves(), drawFlow()]).catch(report); });
keepInAddress(group);
const charts = Object.fromEntries(
  ["loss", "norm", "update", "dynamics", "units"].map((name) => [name, new LineChart(place(name), group)]),
);
const profileChart = new LineChart(place("profile"), new RangeGroup(() => undefined));
/** @type {HeatMap | null} */
let heatMap = null;
/** What the heat map shows. @type {(HeatMapAnswer & Pixels) | null} */
let flow = null;

/** @param {unknown} error */
function report(error) {
  const problem = /** @type {HTMLElement} */ (document.querySelector("[data-problem]"));
  problem.textContent = textOf(error);
}

/**
 * Reads series of the history in the range that the charts show; quantities that the run lacks are left out.
 * @param {string[]} quantities @param {string[]} [scopes] @param {number} [maxPoints] @returns {Promise<HistorySeries[]>}
 */
async function history(quantities, scopes = [], maxPoints = MAX_POINTS) {
  const query = new URLSearchParams(quantities.filter(Boolean).map((one) => ["quantity", one]));
  for (const scope of scopes) query.append("scope", scope);
  query.set("max_points", String(maxPoints));
  if (group.range) {
    query.set("from_step", String(group.range.from));
    query.set("to_step", String(group.range.to));
  }
  try {
    /** @type {History} */
    const { series } = await call("GET", `${api}/history?${query}`, undefined, freshness);
    return series;
  } catch {
    if (quantities.length === 1) return [];
    return (await Promise.all(quantities.map((one) => history([one])))).flat();
  }
}

/** Spans of the findings that the page shows. */
const spans = () => [...document.querySelectorAll("[data-finding]")].map((shown) => {
  const one = JSON.parse(/** @type {HTMLElement} */ (shown).dataset.finding ?? "{}");
  return { from: one.first, to: one.last, label: one.code, severity: one.severity };
});

/** What the run is about, once it has begun; that does not change. @type {TaskFacts | null} */
let task = null;

async function readTask() {
  if (task) return;
  /** @type {Run} */
  const run = await call("GET", api);
  task = run.task;
}

async function drawCurves() {
  const metric = head.dataset.metric ?? "";
  const [found] = await Promise.all([
    history(["loss", "grad_norm", "clip_coefficient", "update_ratio", metric === "loss" ? "" : metric]),
    readTask(),
  ]);
  /** @param {string} name */
  const of = (name) => found.filter((one) => one.quantity === name);
  const shown = spans();
  const scores = of(metric).map((one) => ({ ...lineOf(one, `${metric} ${one.scope}`), points: true }));
  charts.loss.show({
    label: "Loss and metric",
    lines: [...of("loss").map((one) => lineOf(one)), ...scores],
    levels: levelsOf(task, metric),
    spans: shown,
    log: task?.mode !== "max" && arePositive(of("loss")),
  });
  const [norm] = of("grad_norm");
  const [coefficient] = of("clip_coefficient");
  if (norm) charts.norm.show({ label: "Gradient norm", lines: normLines(norm, coefficient), spans: shown, log: true });
  charts.update.show({
    label: "Update ratio",
    lines: of("update_ratio").filter((one) => one.scope === "model").map((one) => lineOf(one)),
    spans: shown,
    log: true,
  });
}

async function drawMechanisms() {
  const found = await history(["spectral_radius", "lyapunov_1"]);
  charts.dynamics.show({ label: "Recurrence", lines: found.map((one) => ({ ...lineOf(one), points: true })) });
  const units = (await Promise.all(["gate_mean", "saturated_fraction", "dead_fraction"].map((one) => history([one])))).flat();
  charts.units.show({ label: "Gates and units", lines: units.slice(0, 8).map((one) => ({ ...lineOf(one), points: true })) });
  const names = await tensorNames();
  if (names.length === 0) return;
  multiples(place("tensors"), await history(["grad_norm"], await chosenTensors(names), SMALL_POINTS), names.length);
}

/** Scopes of the run's weight tensors, once it has begun; they do not change. @type {string[]} */
let knownTensors = [];

async function tensorNames() {
  if (knownTensors.length > 0) return knownTensors;
  // after the last step there are no values, and the series are named all the same
  /** @type {History} */
  const { series } = await call("GET", `${api}/history?quantity=weight_norm&max_points=4&from_step=${LAST_STEP}`, undefined, freshness);
  knownTensors = series.map((one) => one.scope);
  return knownTensors;
}

/** The tensors whose gradient differs most from that of the others at the last step. @param {string[]} tensors */
async function chosenTensors(tensors) {
  if (tensors.length <= MAX_TENSORS) return tensors;
  const [loss] = await history(["loss"], [], SMALL_POINTS);
  const query = `max_points=4&from_step=${loss?.steps.at(-1) ?? 0}&quantity=grad_norm`;
  const found = await Promise.all(partsOf(tensors, MAX_TENSORS).map((part) => {
    const scopes = part.map((scope) => `&scope=${encodeURIComponent(scope)}`).join("");
    return /** @type {Promise<History>} */ (call("GET", `${api}/history?${query}${scopes}`, undefined, freshness));
  }));
  return byDistance(found.flatMap((one) => one.series)).slice(0, MAX_TENSORS).map((one) => one.scope);
}

/** The scope and path that are shown. */
let shownFlow = { scope: "model", path: "total" };
const select = /** @type {HTMLSelectElement} */ (document.querySelector("[data-scope]"));
select.addEventListener("change", () => {
  if (!flow) return;
  const { scope, path } = flow.scopes[Number(select.value)];
  shownFlow = { scope, path };
  drawFlow().catch(report);
});

async function drawFlow() {
  const query = new URLSearchParams(shownFlow);
  if (group.range) {
    query.set("from_step", String(group.range.from));
    query.set("to_step", String(group.range.to));
  }
  /** @type {HeatMapAnswer} */
  const answer = await call("GET", `${api}/gradient-flow/heat-map?${query}`, undefined, freshness);
  if (answer.steps.length === 0) return;
  const read = flowOf(answer);
  flow = read;
  group.include(read.steps[0], read.steps[read.steps.length - 1]);
  if (select.options.length !== read.scopes.length) {
    select.replaceChildren(...read.scopes.map((one, i) =>
      new Option(one.path === "total" ? one.scope : `${one.scope} (${one.path.replaceAll("_", " ")})`, String(i))));
  }
  heatMap ??= new HeatMap(place("flow"), group, (probe) => showProfile(probe));
  heatMap.show(read, read.required_lag.timesteps ?? null);
}

/** @param {number} probe */
function showProfile(probe) {
  if (!flow) return;
  const shown = flow;
  const logs = shown.lags.map((_, row) => cellAt(shown, probe, row));
  const first = logs[0];
  if (typeof first !== "number") return;
  const ratio = flow.ratio_at_required_lag[probe];
  const needed = ratio === null ? "" : `; at the needed lag ${flow.required_lag.timesteps}: ${shortNumber(ratio)}`;
  profileChart.show({
    label: `Profile at step ${flow.steps[probe]}${needed}`,
    lines: [{
      label: `gradient at a lag ÷ at lag 0, step ${flow.steps[probe]}`,
      steps: flow.lags,
      values: logs.map((log) => (typeof log === "number" ? 10 ** (log - first) : null)),
    }],
    levels: [{ label: "threshold", value: flow.threshold[probe] }],
    log: true,
  });
}

/** Replaces the parts of the page that the server renders. */
async function refreshPage() {
  const answer = await fetch(location.pathname + location.search, { headers: freshness });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-refresh]")) {
    const name = part.getAttribute("data-refresh");
    const next = fresh.querySelector(`[data-refresh="${name}"]`);
    // an open part is being read: it waits
    if (next && next.innerHTML !== part.innerHTML && !part.querySelector("details[open], :focus")) part.replaceWith(next);
  }
  await showExamples(api);
  head.dataset.metric = /** @type {HTMLElement} */ (fresh.querySelector("[data-run-id]")).dataset.metric;
}

const drawAll = async () => {
  await Promise.all([drawCurves(), drawFlow(), drawMechanisms()]).catch(report);
};

/** Calls `act` soon, and not again for `periodMs`; calls meanwhile are one. @param {number} periodMs @param {() => Promise<unknown>} act */
function throttled(periodMs, act) {
  let isWanted = false;
  let isResting = false;
  const run = async () => {
    isWanted = false;
    isResting = true;
    await act().catch(report);
    setTimeout(() => {
      isResting = false;
      if (isWanted) run();
    }, periodMs);
  };
  return () => {
    isWanted = true;
    if (!isResting) run();
  };
}

/** The act, which does nothing while nobody looks. @param {() => Promise<unknown>} act */
const whileSeen = (act) => () => (document.visibilityState === "visible" ? act() : Promise.resolve());

/** Follows the run's events from those that the page shows on. Only what they change is read again, and nothing while nobody looks. */
function follow() {
  freshness = SHARED;
  const events = new EventSource(at(`${api}/events?after=${head.dataset.lastEvent}`));
  const curves = throttled(PERIOD_MS, whileSeen(drawCurves));
  const rest = throttled(LONG_PERIOD_MS, whileSeen(() => Promise.all([drawFlow(), drawMechanisms()])));
  const words = throttled(WORDS_PERIOD_MS, refreshPage);
  events.addEventListener("progress", (event) => {
    showProgress(JSON.parse(event.data).data);
    curves();
    rest();
  });
  for (const kind of ["status", "evaluation", "finding", "diagnosis", "checkpoint"]) events.addEventListener(kind, words);
  events.addEventListener("end", () => {
    events.close();
    freshness = {};
    setTimeout(() => Promise.all([refreshPage(), drawAll()]).catch(report), PERIOD_MS);
  });
  document.addEventListener("visibilitychange", () => {
    curves();
    rest();
  });
}

/** @param {{step?: number}} progress */
function showProgress({ step }) {
  const shown = document.querySelector("[data-step]");
  if (shown && step !== undefined) shown.textContent = step.toLocaleString("en").replaceAll(",", "\u2009");
}

document.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  try {
    if (button?.dataset.remedy) {
      button.setAttribute("disabled", "");
      const { href, body } = JSON.parse(button.dataset.remedy);
      /** @type {Run} */
      const started = await call("POST", href, body);
      location.href = at(`/runs/${started.id}`);
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
showExamples(api).catch(report);
if (head.dataset.isOver === "no") follow();
