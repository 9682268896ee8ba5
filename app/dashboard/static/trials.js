// The trial on the page of a run: starts it, follows it and cancels it.

import { call, textOf } from "./api.js";

/** Milliseconds between two looks at a trial that runs. */
const PERIOD_MS = 2000;

const panel = () => /** @type {HTMLElement} */ (document.querySelector('[data-refresh="trials"]'));

/** Replaces the panel by what the server shows now. */
async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = fresh.querySelector('[data-refresh="trials"]');
  // a part with the focus is being used: it waits
  if (next && !panel().querySelector(":focus-visible")) panel().replaceWith(next);
}

/** What is to be tried, as the panel asks for it. */
function order() {
  const race = /** @type {HTMLInputElement} */ (panel().querySelector("[data-trial-race]"));
  return { until: race.checked ? "first_cure" : "decided" };
}

/** Looks again while the trial runs. */
function follow() {
  if (panel().dataset.trialStatus !== "running") return;
  setTimeout(async () => {
    if (document.visibilityState === "visible") await refresh().catch(() => undefined);
    follow();
  }, PERIOD_MS);
}

document.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  if (!button?.dataset.trialPost) return;
  button.setAttribute("disabled", "");
  const wasRunning = panel().dataset.trialStatus === "running";
  try {
    await call("POST", button.dataset.trialPost, wasRunning ? undefined : order());
    button.blur();
    await refresh();
    if (!wasRunning) follow();
  } catch (error) {
    button.removeAttribute("disabled");
    const problem = /** @type {HTMLElement} */ (document.querySelector("[data-trial-problem]"));
    problem.textContent = textOf(error);
  }
});

follow();
