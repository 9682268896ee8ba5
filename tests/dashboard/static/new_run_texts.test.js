import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { curlCommand, pythonProgram, reachText, timeText } from "../../../app/dashboard/static/new_run_texts.js";

/** @import { GradientFlow } from "../../../app/dashboard/static/answers.d.ts" */

/** What quotes might end. */
const SPEC = { name: `it's "quoted" """three""" \\ back $HOME \`id\` %s`, tags: ["ä\n"] };
const JSON_TEXT = JSON.stringify(SPEC, null, 2);
const ADDRESS = "http://127.0.0.1:8000/v1/runs";

test("times are said in seconds, minutes or hours", () => {
  assert.deepEqual([0.4, 89, 90, 5399, 5400, 86_400].map((seconds) => timeText(seconds)), ["0 s", "89 s", "2 min", "90 min", "1.5 h", "24 h"]);
});

test("a shell passes the spec on as it is", () => {
  const program = `curl() { for one in "$@"; do last=$one; done; printf '%s' "$last"; }\n${curlCommand(ADDRESS, JSON_TEXT)}`;

  const body = execFileSync("sh", ["-c", program], { encoding: "utf8" });

  assert.deepEqual(JSON.parse(body), SPEC);
});

test("the Python program holds the spec in a raw string that it does not end", () => {
  const program = pythonProgram(ADDRESS, JSON_TEXT);

  const parts = program.split('"""');
  assert.equal(parts.length, 3);
  assert.deepEqual(JSON.parse(parts[1]), SPEC);
  assert.ok(program.includes(`"${ADDRESS}",`));
});

/** @param {{value: number, censored: boolean}} horizon @param {number | null} [needed] @returns {GradientFlow} */
function flow(horizon, needed) {
  /** @type {Partial<GradientFlow["layers"][number]>} */
  const layer = { gradient_horizon: [{ value: 1, censored: false, first_below: 2, threshold: 0.1, interval: [1, 1] }, { first_below: null, threshold: 0.1, interval: [1, 1], ...horizon }] };
  return {
    run_id: "", integrity: [], positions: [], layers: [/** @type {GradientFlow["layers"][number]} */ (layer)],
    required_lag: { timesteps: needed, source: "unknown", method: "" },
  };
}

test("a reach is that of the last probe, with what the task needs", () => {
  assert.equal(reachText(flow({ value: 7, censored: false }, 50)), "The gradient reaches 7 timesteps; the task needs 50.");
  assert.equal(reachText(flow({ value: 99, censored: true })), "The gradient reaches at least 99 timesteps.");
});

test("without a probe there is no reach", () => {
  assert.equal(reachText(null), "");
  assert.equal(reachText({ ...flow({ value: 1, censored: false }), layers: [] }), "");
});
