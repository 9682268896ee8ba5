import assert from "node:assert/strict";
import { test } from "node:test";

import { colorsOf, contentsOf } from "../../../app/dashboard/static/compared_lines.js";

/** @param {string} run_id @param {string} quantity @param {string} scope @param {number[]} values */
const curve = (run_id, quantity, scope, values) => ({
  run_id, series: { quantity, scope, steps: [0, 1], values, non_finite: [] },
});
const FOUND = {
  arms: [{ run_ids: ["a", "c"], seeds: [1, 2] }, { run_ids: ["b"], seeds: [0] }],
  runs: [{ id: "a" }, { id: "b" }, { id: "c" }],
  series: [
    curve("a", "loss", "model", [4, 2]), curve("a", "mse", "validation", [1, 1]),
    curve("b", "loss", "model", [9, 9]), curve("c", "loss", "model", [6, 8]),
  ],
  bands: [{
    quantity: "loss", scope: "model", run_ids: ["a", "c"], steps: [0, 1],
    low: [4, 2], median: [5, 5], high: [6, 8], non_finite: [{ step: 1, value: "nan" }],
  }],
  reach: [{ run_id: "b", steps: [0], gradient_horizon: [{ value: 7 }], required_lag_timesteps: 9 }],
};
const LABELS = { a: "x, seed 1", b: "y", c: "x, seed 2", "arm of a": "x", "arm of c": "x" };

/** Label, values and place of the colour of each line. @param {string} name @param {boolean} areBands */
const lines = (name, areBands) =>
  contentsOf(FOUND, LABELS, areBands)[name].lines.map((one) => [one.label, one.values, one.series]);

test("the seeds of an arm are one band", () => {
  const { bands, lines: [median] } = contentsOf(FOUND, LABELS, true).loss;

  assert.deepEqual(lines("loss", true), [
    ["x: median of 2 seeds", [5, 5], 0],
    ["x: lowest", [4, 2], 0],
    ["x: highest", [6, 8], 0],
    ["y", [9, 9], 1],
  ]);
  assert.deepEqual(bands, [{ low: 1, high: 2 }]);
  assert.deepEqual(median.non_finite, [{ step: 1, value: "nan" }]);
});

test("the seeds of an arm can be single curves", () => {
  assert.deepEqual(lines("loss", false), [["x, seed 1", [4, 2], 0], ["y", [9, 9], 1], ["x, seed 2", [6, 8], 2]]);
  assert.deepEqual(contentsOf(FOUND, LABELS, false).loss.bands, []);
});

test("a curve that has no band is drawn beside bands", () => {
  assert.deepEqual(lines("metric", true), [["x, seed 1", [1, 1], 0]]);
  assert.deepEqual(lines("reach", true), [["y", [7], 1]]);
  assert.deepEqual(contentsOf(FOUND, LABELS, true).reach.levels, [{ label: "needed", value: 9 }]);
});

test("runs have the colour of their arm where bands are shown", () => {
  assert.deepEqual([...colorsOf(FOUND, true)], [["a", 0], ["c", 0], ["b", 1]]);
  assert.deepEqual([...colorsOf(FOUND, false)], [["a", 0], ["b", 1], ["c", 2]]);
});
