import assert from "node:assert/strict";
import { test } from "node:test";

import { fragmentOf, rangeOf, shifted, stretched, whole, within } from "../../../app/dashboard/static/ranges.js";

/** @typedef {import("../../../app/dashboard/static/ranges.js").Range} Range */

const ALL = { from: 0, to: 1000 };

/** @type {[string, Range, Range | null][]} */
const CASES = [
  ["a part stays as it is", { from: 10, to: 20 }, { from: 10, to: 20 }],
  ["a part beyond the last step is moved back", { from: 900, to: 1100 }, { from: 800, to: 1000 }],
  ["a part before the first step is moved on", { from: -50, to: 50 }, { from: 0, to: 100 }],
  ["a part has four steps at least", { from: 500, to: 500 }, { from: 500, to: 504 }],
  ["all steps are no part", { from: 0, to: 1000 }, null],
  ["more than all steps are no part", { from: -500, to: 1500 }, null],
];
for (const [name, range, expected] of CASES) {
  test(`within all steps ${name}`, () => {
    assert.deepEqual(within(range, ALL), expected);
  });
}

test("a range is kept while nobody knows which steps there are", () => {
  assert.deepEqual(within({ from: 50, to: 90 }, null), { from: 50, to: 90 });
});

test("stretching leaves one step where it is", () => {
  assert.deepEqual(stretched(ALL, 0.5, 100), { from: 50, to: 550 });
  assert.deepEqual(stretched({ from: 10, to: 20 }, 2, 10), { from: 10, to: 30 });
});

test("shifting moves by a share of the length", () => {
  assert.deepEqual(shifted({ from: 10, to: 20 }, 0.5), { from: 15, to: 25 });
  assert.deepEqual(shifted({ from: 10, to: 20 }, -1), { from: 0, to: 10 });
});

test("whole steps hold all of a range", () => {
  assert.deepEqual(whole({ from: 100.2, to: 200.7 }), { from: 100, to: 201 });
});

test("a range in an address is read as it was written", () => {
  const fragment = fragmentOf({ from: 100, to: 200 });

  assert.equal(fragment, "#steps=100-200");
  assert.deepEqual(rangeOf(fragment), { from: 100, to: 200 });
});

test("an address without a range of steps has none", () => {
  for (const fragment of ["", "#", "#steps=", "#steps=1", "#steps=-1-5", "#steps=1-2-3", "#causes"]) {
    assert.equal(rangeOf(fragment), null, fragment);
  }
});
