import assert from "node:assert/strict";
import { test } from "node:test";

import { numbersOf, pathOf, symbolsOf } from "../../../app/dashboard/static/example_values.js";

/** @param {(number | string | null)[][]} timesteps */
const input = (timesteps) => ({ series: null, timesteps });

test("a forecast follows its input", () => {
  const found = numbersOf(input([[1], [2], [3]]), [[4.5, 5.5]], [[4, 5]]);

  assert.deepEqual(found.lines, [
    { name: "input", values: [1, 2, 3], at: 0 },
    { name: "target", values: [4, 5], at: 3 },
    { name: "predicted", values: [4.5, 5.5], at: 3 },
  ]);
  assert.deepEqual([found.length, found.marks, found.target, found.prediction], [5, null, 5, 5.5]);
});

test("of several quantiles the one in the middle is drawn", () => {
  const found = numbersOf(input([[1], [2]]), [[10, 11, 12, 20, 21, 22]], [[7, 8]]);

  assert.deepEqual(found.lines[2].values, [11, 21]);
});

test("of a single output the input is drawn with the timesteps that the task marks", () => {
  const found = numbersOf(input([[0.5, 0], [0.25, 1], [0.75, 1]]), [[1.1]], [[1]]);

  assert.deepEqual(found.lines, [{ name: "input", values: [0.5, 0.25, 0.75], at: 0 }]);
  assert.deepEqual([found.length, found.marks, found.target, found.prediction], [3, [false, true, true], 1, 1.1]);
});

test("outputs at each timestep lie beside the input", () => {
  const found = numbersOf(input([[1], [2]]), [[1.5], [2.5]], [[1], null]);

  assert.deepEqual(found.lines.slice(1), [
    { name: "target", values: [1, null], at: 0 },
    { name: "predicted", values: [1.5, 2.5], at: 0 },
  ]);
  assert.equal(found.length, 2);
});

test("without a target there is a prediction", () => {
  const found = numbersOf(input([[1], [2]]), [[1.5]], null);

  assert.deepEqual([found.target, found.prediction], [undefined, 1.5]);
});

test("a symbol is wrong where the target is another one", () => {
  const found = symbolsOf([[0.9, 0.1], [0.2, 0.8]], [["a"], ["a"]], ["a", "b"]);

  assert.deepEqual(found, [{ said: "a", wanted: "a", isWrong: false }, { said: "b", wanted: "a", isWrong: true }]);
});

test("places without a target are left out, and a missing target is not wrong", () => {
  const found = symbolsOf([[1, 0], [0, 1], [1, 0]], [["a"], null, [null]], ["a", "b"]);

  assert.deepEqual(found.map((one) => [one.said, one.wanted, one.isWrong]), [["a", "a", false], ["a", null, false]]);
});

test("without targets nothing is wrong, and a class without a name has a question mark", () => {
  assert.deepEqual(symbolsOf([[0, 1]], null, ["a"]), [{ said: "?", wanted: undefined, isWrong: false }]);
});

/** @param {(number | null)[]} values */
const path = (values) => pathOf(values, (index) => 10 * index, (value) => value);

test("what is no number interrupts a path, and a single value is a short line", () => {
  assert.equal(path([1, 2, null, Infinity, 3]), "M0.0 1.0L10.0 2.0M40.0 3.0");
  assert.equal(path([7]), "M0.0 7.0h0.1");
  assert.equal(path([]), "");
});
