// Reads the picture of an embedded chart again while its run is live.

import { call } from "./api.js";

const PERIOD_MS = 10_000;
const image = /** @type {HTMLImageElement} */ (document.querySelector("[data-picture]"));

/** Shows the present picture and returns whether the run has ended. */
async function refresh() {
  /** @type {import("./answers.d.ts").Run} */
  const run = await call("GET", `/v1/runs/${image.dataset.runId}`);
  const answer = await fetch(image.dataset.picture ?? "");
  if (answer.ok) {
    const old = image.src;
    image.src = URL.createObjectURL(await answer.blob());
    if (old.startsWith("blob:")) URL.revokeObjectURL(old);
  }
  return run.ended_at !== null;
}

async function tick() {
  const isOver = document.visibilityState === "visible" && (await refresh().catch(() => false));
  if (!isOver) setTimeout(tick, PERIOD_MS);
}
setTimeout(tick, PERIOD_MS);
