// Sentences and programs that the page of a new run shows.

import { shortNumber } from "./scales.js";

/** @import { GradientFlow } from "./answers.d.ts" */

/** A time in the unit in which people would say it. @param {number} seconds */
export function timeText(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${shortNumber(seconds / 3600)} h`;
}

/** A command that posts the spec. @param {string} address @param {string} json */
export const curlCommand = (address, json) =>
  `curl -s ${address} \\\n  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\\n  -d '${json.replaceAll("'", "'\\''")}'`;

/** A program that posts the spec. @param {string} address @param {string} json */
export const pythonProgram = (address, json) => `import json
import os

import httpx

spec = json.loads(r"""${json}""")
answer = httpx.post(
    "${address}",
    json=spec,
    headers={"Authorization": f"Bearer {os.environ['KEY']}"},
)
print(answer.raise_for_status().json()["id"])`;

/** How far the gradient reached at the last probe, and how far it has to; empty without a probe. @param {GradientFlow | null} flow */
export function reachText(flow) {
  const last = flow?.layers[0]?.gradient_horizon.at(-1);
  if (!last) return "";
  const needed = flow?.required_lag.timesteps ?? null;
  const reach = `The gradient reaches ${last.censored ? "at least " : ""}${last.value} timesteps`;
  return needed === null ? `${reach}.` : `${reach}; the task needs ${needed}.`;
}
