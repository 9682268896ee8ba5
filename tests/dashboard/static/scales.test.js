import assert from "node:assert/strict";
import { test } from "node:test";

import { logTicks, powerOfTen, shortNumber, stepText, ticks, viridis } from "../../../app/dashboard/static/scales.js";

test("viridis goes from dark purple to yellow", () => {
  const found = [-1, 0, 0.5, 1, 2].map((share) => viridis(share));

  const [purple, teal, yellow] = [[68, 1, 84], [33, 144, 141], [253, 231, 37]];
  assert.deepEqual(found, [purple, purple, teal, yellow, yellow]);
});

test("a number has three significant digits, and more where they are asked for", () => {
  const found = [0, 123.456, -2.5, 99_999.4, 1e5, 9.99e-4].map((value) => shortNumber(value));

  assert.deepEqual(found, ["0", "123", "−2.5", "99999", "1.00e5", "9.99e−4"]);
  assert.equal(shortNumber(12_345.6, 6), "12345.6");
});

test("what is no number has a sign", () => {
  const found = [NaN, Infinity, -Infinity, null, undefined].map((value) => shortNumber(value));

  assert.deepEqual(found, ["NaN", "∞", "−∞", "–", "–"]);
});

/** @type {[number, number, number, number[]][]} */
const TICKS = [
  [0, 10, 6, [0, 2, 4, 6, 8, 10]],
  [0, 10, 5, [0, 5, 10]],
  [-0.3, 0.3, 7, [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]],
  [0.1, 0.7, 7, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]],
  [3, 97, 3, [50]],
  [5, 5, 4, [5]],
  [7, 5, 4, [7]],
  [1, 1e6, 3, [500_000, 1_000_000]],
];
for (const [low, high, most, expected] of TICKS) {
  test(`at most ${most} ticks from ${low} to ${high} are round`, () => {
    assert.deepEqual(ticks(low, high, most), expected);
  });
}

test("there are no more ticks than asked for, and all lie between the ends", () => {
  for (let most = 2; most < 12; most++) {
    for (let i = 0; i < 500; i++) {
      const low = Math.sin(i) * 10 ** (i % 9 - 4);
      const high = low + 10 ** (i % 7 - 3) * (1.1 + Math.cos(i));

      const found = ticks(low, high, most);

      const slack = (high - low) * 1e-6;
      assert.ok(found.length <= most, `${low} ${high} ${most}: ${found}`);
      assert.ok(found.every((one) => one >= low - slack && one <= high + slack), `${low} ${high} ${most}: ${found}`);
    }
  }
});

test("ends closer than numbers can be told apart end", () => {
  assert.ok(ticks(1e17, 1e17 + 16, 6).length <= 7);
});

test("powers of ten have raised exponents", () => {
  assert.deepEqual([0, 3, -12].map((exponent) => powerOfTen(exponent)), ["10⁰", "10³", "10⁻¹²"]);
});

test("steps have thin spaces between thousands", () => {
  assert.deepEqual([0, 999, 1_000_000, 0.5].map((step) => stepText(step)), ["0", "999", "1\u2009000\u2009000", "0.5"]);
});

test("a short logarithmic axis has ticks within its decades", () => {
  assert.deepEqual(logTicks(0.03, 4), [0.05, 0.1, 0.2, 0.5, 1, 2]);
  assert.deepEqual(logTicks(1, 10), [1, 2, 5, 10]);
});

test("a long logarithmic axis has few powers of ten", () => {
  assert.deepEqual(logTicks(1e-4, 10), [1e-4, 1e-3, 1e-2, 0.1, 1, 10]);
  assert.deepEqual(logTicks(0.5, 1e22), [1, 1e4, 1e8, 1e12, 1e16, 1e20]);
  assert.ok(logTicks(1e-300, 1e300).length <= 8);
});

test("ends that are the same are a tick, or between two", () => {
  assert.deepEqual(logTicks(1, 1), [1]);
  assert.deepEqual(logTicks(3, 3), []);
});
