import assert from "node:assert/strict";
import { test } from "node:test";

import { arePositive, levelsOf, lineOf, normLines } from "../../../app/dashboard/static/run_curves.js";

/** @import { HistorySeries, TaskFacts } from "../../../app/dashboard/static/answers.d.ts" */

/** @param {string} quantity @param {number[]} steps @param {(number | null)[]} values @param {string} [scope] @returns {HistorySeries} */
const series = (quantity, steps, values, scope = "model") => ({
  quantity, scope, unit: "", steps, values, x: steps, non_finite: [],
  stats: {
    count: 0, num_finite: 0, mean: null, p10: null, p50: null, p90: null, p99: null, percentile_error: 0, min: null, max: null,
  },
});

test("a line of the whole model is named after its quantity, another one after its scope too", () => {
  assert.equal(lineOf(series("loss", [], [])).label, "loss");
  assert.equal(lineOf(series("dead_fraction", [], [], "layer:0")).label, "dead_fraction layer:0");
  assert.equal(lineOf(series("loss", [], []), "mine").label, "mine");
});

test("a logarithmic axis shows gaps, but neither zero nor a negative value", () => {
  assert.equal(arePositive([series("loss", [1, 2], [0.5, null])]), true);
  assert.equal(arePositive([series("loss", [1], [1]), series("loss", [1], [0])]), false);
  assert.equal(arePositive([series("loss", [1], [-1])]), false);
});

test("where nothing was clipped there is no line after clipping", () => {
  const norm = series("grad_norm", [1, 2], [3, 4]);

  assert.deepEqual(normLines(norm, undefined).map((line) => line.label), ["before clipping"]);
  assert.deepEqual(normLines(norm, series("clip_coefficient", [1, 2], [1, null])).map((line) => line.label), ["before clipping"]);
});

test("a norm after clipping is known at the steps whose coefficient is known", () => {
  const norm = series("grad_norm", [1, 2, 3, 4], [2, 4, null, 8]);

  const [before, after] = normLines(norm, series("clip_coefficient", [1, 2, 3], [1, 0.25, 0.5]));

  assert.deepEqual(before.values, [2, 4, null, 8]);
  assert.deepEqual([after.label, after.steps, after.values], ["after clipping", [1, 2, 3, 4], [2, 1, null, null]]);
});

/** @type {TaskFacts} */
const TASK = {
  metric: "mse", mode: "min", attainable: 0.01, length: 10, input_size: 1, output_size: 1, many_to_one: true, notes: [],
  baselines: [
    { name: "other", metric: "mae", value: 9, source: "" },
    { name: "last_value", metric: "mse", value: 2, scores: { validation: 3, test: 4 }, source: "" },
  ],
  reference: { name: "ridge", source: "", metrics: { validation: { mse: 0.5 } } },
};

test("a metric is compared with its baseline, the best simple model and what is attainable", () => {
  assert.deepEqual(levelsOf(TASK, "mse"), [
    { label: "last value", value: 3 },
    { label: "best simple model", value: 0.5 },
    { label: "attainable", value: 0.01 },
  ]);
});

test("a baseline without scores has its value", () => {
  assert.deepEqual(levelsOf(TASK, "mae").map((one) => one.value), [9, undefined, 0.01]);
});

test("before a task is known no level has a value", () => {
  assert.ok(levelsOf(null, "mse").every((one) => one.value === null || one.value === undefined));
});
