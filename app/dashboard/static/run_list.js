// The page of runs: live rows, selection, and what can be done with the selected runs.

import { at, call, textOf, whileVisible } from "./api.js";

/** @import { Run } from "./answers.d.ts" */

const PERIOD_MS = 3000;
const live = /** @type {HTMLElement} */ (document.querySelector("[data-live]"));
/** @type {Set<string>} */
const selected = new Set();
let etag = "";
/** Whether the page of a run that was just started is about to be shown. */
let isLeaving = false;

/** @param {string} name @returns {HTMLElement | null} */
const part = (name) => live.querySelector(`[data-${name}]`);

/** @param {unknown} error */
function report(error) {
  const place = part("problem");
  if (place) place.textContent = textOf(error);
}

function showSelection() {
  for (const box of live.querySelectorAll("tbody input[type=checkbox]")) {
    const input = /** @type {HTMLInputElement} */ (box);
    input.checked = selected.has(input.value);
  }
  const bar = part("selection");
  if (!bar) return;
  bar.hidden = selected.size === 0;
  const count = part("count");
  if (count) count.textContent = String(selected.size);
  const compare = /** @type {HTMLAnchorElement | null} */ (part("compare"));
  if (compare) compare.href = at("/compare?") + [...selected].map((id) => `run_id=${id}`).join("&");
}

/** Reads this page again and replaces its rows; the selection and the focus stay. */
async function refresh() {
  const answer = await fetch(location.href, { headers: etag ? { "If-None-Match": etag } : {} });
  if (answer.status !== 200 || answer.redirected || isLeaving) return;
  etag = answer.headers.get("ETag") ?? "";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-live] tbody");
  const present = live.querySelector("tbody");
  if (!fresh || !present) {
    // after an await: somebody may have started a run meanwhile, and its page comes next
    if (Boolean(fresh) !== Boolean(present) && !isLeaving) location.reload();
    return;
  }
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const row = focused?.closest("[data-run]")?.getAttribute("data-run");
  const index = row ? [...focusable(row)].indexOf(/** @type {HTMLElement} */ (focused)) : -1;
  present.replaceChildren(...fresh.children);
  if (row && index >= 0) [...focusable(row)][index]?.focus();
  showSelection();
}

/** @param {string} row @returns {NodeListOf<HTMLElement>} */
const focusable = (row) => live.querySelectorAll(`[data-run="${row}"] :is(a, input, button)`);

/** Does the same for every selected run, and shows the first problem. @param {(id: string) => Promise<unknown>} act */
async function forEachSelected(act) {
  const results = await Promise.allSettled([...selected].map(act));
  const failed = results.find((one) => one.status === "rejected");
  report(failed ? /** @type {PromiseRejectedResult} */ (failed).reason : "");
  if (!failed) selected.clear();
  etag = "";
  await refresh();
  showSelection();
}

const ACTIONS = {
  cancel: () => forEachSelected((id) => call("POST", `/v1/runs/${id}/cancel`)),
  delete: async () => {
    if (confirm(`Delete ${selected.size} runs with all their measurements?`)) {
      await forEachSelected((id) => call("DELETE", `/v1/runs/${id}`));
    }
  },
  tag: async () => {
    const tag = prompt("Tag for the selected runs")?.trim();
    if (!tag) return;
    await forEachSelected(async (id) => {
      /** @type {Run} */
      const run = await call("GET", `/v1/runs/${id}`);
      return call("PATCH", `/v1/runs/${id}`, { tags: [...new Set([...run.tags, tag])] });
    });
  },
};

live.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (box.checked) selected.add(box.value);
  else selected.delete(box.value);
  showSelection();
});

live.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  if (!button) return;
  try {
    if (button.dataset.start) {
      isLeaving = true;
      /** @type {Run} */
      const run = await call("POST", "/v1/runs", JSON.parse(button.dataset.start));
      location.href = at(`/runs/${run.id}`);
    }
    for (const [name, act] of Object.entries(ACTIONS)) if (name in button.dataset) await act();
  } catch (error) {
    isLeaving = false;
    report(error);
  }
});

// an empty field is no filter
document.querySelector("[data-filters]")?.addEventListener("formdata", (event) => {
  const { formData } = /** @type {FormDataEvent} */ (event);
  const empty = [...formData].filter(([, value]) => value === "");
  for (const [name] of empty) formData.delete(name);
});

whileVisible(refresh, PERIOD_MS);
