import assert from "node:assert/strict";
import { test } from "node:test";

import { cellAt, columnAt, edgesOf, flowOf, lagsOf, paint, shownDecades, shownShares } from "../../../app/dashboard/static/heat_map_image.js";

/** @typedef {import("../../../app/dashboard/static/heat_map_image.js").Flow} Flow */

const YELLOW = [253, 231, 37, 255];
const PURPLE = [68, 1, 84, 255];
const BLACK = [0, 0, 0, 255];
const RED = [213, 0, 0, 255];
const NOTHING = [0, 0, 0, 0];

/** A flow whose cells lie between 1e-4 and 1. @param {number[]} steps @param {number[][]} cells Each probe's cells, by lag. */
function flowWith(steps, cells) {
  const bytes = new Uint8Array(new Uint16Array(cells.flat()).buffer);
  const none = steps.map(() => 0);
  return flowOf({
    scope: "model", path: "total", scopes: [], steps, lags: cells[0].map((_, lag) => lag), low: -4, high: 0,
    cells: Buffer.from(bytes).toString("base64"), gradient_horizon: none, horizon_low: none, horizon_high: none,
    censored: steps.map(() => false), threshold: none, ratio_at_required_lag: none,
  });
}

/** Red, green, blue and opacity of each cell, where one pixel is one cell. @param {Flow} flow @param {{from: number, to: number}} [range] */
function paintedBy(flow, range) {
  const [columns, rows] = [flow.steps.length, flow.lags.length];
  const edges = edgesOf(flow.steps);
  const bytes = Array.from(new Uint8Array(paint(flow, range ?? { from: edges[0], to: edges[columns] }, columns, rows).buffer));
  return (/** @type {number} */ column, /** @type {number} */ lag) => {
    const start = 4 * ((rows - 1 - lag) * columns + column);
    return bytes.slice(start, start + 4);
  };
}

test("a heat map has a pixel for each probe and lag", () => {
  const at = paintedBy(flowWith([0, 10], [[65_535, 3, 32_769], [65_535, 0, 3]]));

  assert.deepEqual([at(0, 0), at(0, 1), at(1, 0), at(1, 1), at(1, 2)], [YELLOW, PURPLE, YELLOW, NOTHING, PURPLE]);
  const teal = [33, 144, 141, 255];
  // there are 256 colours
  assert.ok(at(0, 2).every((one, i) => Math.abs(one - teal[i]) <= 3), String(at(0, 2)));
});

test("a heat map marks what is zero or not finite", () => {
  const flow = flowWith([0, 10], [[65_535, 1, 1], [2, 2, 0]]);

  const at = paintedBy(flow);

  const found = [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2)];
  assert.deepEqual(found, [YELLOW, BLACK, BLACK, RED, RED, NOTHING]);
});

test("a cell reads as its base-10 logarithm, or as the reason why it has none", () => {
  const flow = flowWith([0, 10], [[65_535, 1, 3], [2, 2, 0]]);

  assert.deepEqual([0, 1, 2].map((row) => cellAt(flow, 0, row)), [0, "exactly 0", -4]);
  assert.deepEqual([0, 1, 2].map((row) => cellAt(flow, 1, row)), ["not finite", "not finite", "none"]);
});

test("a part of a heat map is painted", () => {
  const at = paintedBy(flowWith([0, 10, 20, 30], [[3], [1], [65_535], [3]]), { from: 5, to: 25 });

  assert.deepEqual([0, 1, 2, 3].map((column) => at(column, 0)), [BLACK, BLACK, YELLOW, YELLOW]);
});

test("what lies before the first and after the last probe stays empty", () => {
  const at = paintedBy(flowWith([0, 10], [[65_535], [65_535]]), { from: -25, to: 5 });

  assert.deepEqual([at(0, 0), at(1, 0)], [NOTHING, YELLOW]);
});

test("heat maps of different lengths share their lags", () => {
  const flow = flowWith([0], [[65_535, 3]]);

  const bytes = Array.from(new Uint8Array(paint(flow, { from: -0.5, to: 0.5 }, 1, 4, 4).buffer));

  assert.equal(lagsOf(flow), 2);
  const [top, third, second, bottom] = [0, 1, 2, 3].map((row) => bytes.slice(4 * row, 4 * row + 4));
  assert.deepEqual([bottom, second, third, top], [YELLOW, PURPLE, NOTHING, NOTHING]);
});

test("colours reach no further than twenty decades", () => {
  assert.deepEqual(shownDecades({ low: -300, high: 0 }), [-20, 0]);
  assert.deepEqual(shownDecades({ low: -3, high: 1 }), [-3, 1]);
});

test("colours of shares reach twelve decades to both sides of 1", () => {
  assert.deepEqual(shownShares({ low: -45, high: 22 }), [-12, 12]);
  assert.deepEqual(shownShares({ low: -3, high: 0 }), [-3, 0]);
});

test("columns border half way between probes", () => {
  assert.deepEqual(edgesOf([0, 10, 30]), [-5, 5, 20, 40]);
  assert.deepEqual(edgesOf([7]), [6.5, 7.5]);
  assert.deepEqual(edgesOf([]), [0, 1]);
});

test("a step belongs to the column around it, and to the nearest one outside", () => {
  const edges = [-5, 5, 20, 40];

  assert.deepEqual([-99, -5, 4.9, 5, 19.9, 20, 99].map((step) => columnAt(edges, step)), [0, 0, 0, 1, 1, 2, 2]);
});
