import assert from "node:assert/strict";
import { test } from "node:test";

import { byDistance, partsOf, pathOf } from "../../../app/dashboard/static/small_multiples.js";

/** @type {[string, number[], (number | null)[], string][]} */
const CASES = [
  ["each value is a point", [0, 50, 100], [0, 1, 2], "M0.0 30.0L50.0 15.0L100.0 0.0"],
  ["a missing value is a gap", [10, 20, 30, 40, 50], [0, 2, null, 1, 2], "M0.0 30.0L25.0 0.0M75.0 15.0L100.0 0.0"],
  ["a value between gaps is a dot", [0, 1, 2], [null, 2, null], "M50.0 0.0h0"],
  ["a single value is a dot", [7], [1], "M0.0 15.0h0"],
  ["no value is no path", [], [], ""],
];
for (const [name, steps, logs, expected] of CASES) {
  test(`in a small curve ${name}`, () => {
    assert.equal(pathOf(steps, logs, 0, 2), expected);
  });
}

/** @param {string} scope @param {(number | null)[]} values */
const seriesOf = (scope, values) => ({ scope, steps: values.map((_, step) => step), values });

test("the series that differs most from the others at its end comes first", () => {
  const series = [
    seriesOf("usual", [1, 1]), seriesOf("small", [1, 1e-6]), seriesOf("another", [1, 2]), seriesOf("large", [1, 1e3]),
    seriesOf("once large", [1e9, 1]),
  ];

  const names = byDistance(series).map((one) => one.scope);

  assert.deepEqual(names, ["small", "large", "another", "usual", "once large"]);
});

test("series without a value come first, in their order", () => {
  const series = [seriesOf("usual", [1]), seriesOf("zero", [0]), seriesOf("none", [null]), seriesOf("empty", [])];

  assert.deepEqual(byDistance(series).map((one) => one.scope), ["zero", "none", "empty", "usual"]);
});

test("parts hold all items in their order", () => {
  assert.deepEqual(partsOf([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  assert.deepEqual(partsOf([], 2), []);
});
