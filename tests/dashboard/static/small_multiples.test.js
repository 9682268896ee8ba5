import assert from "node:assert/strict";
import { test } from "node:test";

import { pathOf } from "../../../app/dashboard/static/small_multiples.js";

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
