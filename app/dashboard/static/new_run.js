// The form for a new run: live checks by the API, a preflight, and the same as a command.

import { ApiProblem, at, call, textOf } from "./api.js";
import { curlCommand, pythonProgram, reachText, timeText } from "./new_run_texts.js";
import { SchemaForm, showProblems } from "./schema_form.js";
import { shortNumber, stepText } from "./scales.js";

/**
 * @import { Catalog, Dataset, DatasetPage, DryRun, Preflight, Run } from "./answers.d.ts"
 * @import { Part, Schema } from "./schema_form.js"
 */

const CHECK_AFTER_MS = 350;
const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-form]"));
/** @param {string} name @returns {HTMLElement} */
const place = (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-${name}]`));

const [catalog, datasets] = await Promise.all([
  /** @type {Promise<Catalog>} */ (call("GET", "/v1/catalog")),
  /** @type {Promise<DatasetPage>} */ (call("GET", "/v1/datasets?limit=200")).catch(() => ({ items: [] })),
]);
/** @type {Record<string, Part>} */
const parts = {};
const schemaForm = new SchemaForm(/** @type {Schema} */ (catalog.job_spec), soon);
schemaForm.choices.dataset_id = datasets.items.map((one) => ({ id: one.id, name: `${one.name || one.id} (${one.kind})` }));
for (const group of form.querySelectorAll("[data-fields]")) {
  for (const name of (group.getAttribute("data-fields") ?? "").split(" ")) {
    parts[name] = schemaForm.add(/** @type {HTMLElement} */ (group), name);
  }
}

/** The job spec as the form says it: what is left out has its default. */
function spec() {
  const entries = Object.entries(parts).map(([name, part]) => [name, part.read()]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let number = 0;

function soon() {
  clearTimeout(timer);
  timer = setTimeout(check, CHECK_AFTER_MS);
}

/** Asks the API whether the spec is valid and what it costs; a later answer wins. */
async function check() {
  const given = spec();
  const mine = ++number;
  showCommands(given);
  try {
    /** @type {DryRun} */
    const answer = await call("POST", "/v1/runs?dry_run=true", given);
    if (mine !== number) return;
    showProblems(form, []);
    const { seconds, memory_bytes: bytes, parameters } = answer.estimate;
    place("cost").textContent =
      `${stepText(parameters)} weights, about ${shortNumber(bytes / 2 ** 20)} MiB and ${timeText(seconds)} on one core.`;
    showWarnings(answer.warnings, false);
    setReady(true);
  } catch (error) {
    if (mine !== number) return;
    const problems = error instanceof ApiProblem ? error.errors : [];
    const left = showProblems(form, problems);
    const told = left.map((one) => `${one.pointer}: ${one.detail}`);
    showWarnings(problems.length > 0 ? told : [textOf(error)], true);
    place("cost").textContent = "";
    setReady(false);
  }
}

/** @param {boolean} isReady */
function setReady(isReady) {
  for (const button of form.querySelectorAll("button[data-needs-valid]")) {
    /** @type {HTMLButtonElement} */ (button).disabled = !isReady;
  }
}

/** @param {string[]} texts @param {boolean} isProblem */
function showWarnings(texts, isProblem) {
  const list = place("warnings");
  list.replaceChildren(...texts.map((text) => {
    const item = document.createElement("div");
    item.className = `notice ${isProblem ? "critical" : "warning"}`;
    item.textContent = text;
    return item;
  }));
}

/** @param {unknown} given */
function showCommands(given) {
  const json = JSON.stringify(given, null, 2);
  const address = `${location.origin}${at("/v1/runs")}`;
  place("json").textContent = json;
  place("curl").textContent = curlCommand(address, json);
  place("python").textContent = pythonProgram(address, json);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    /** @type {Run} */
    const run = await call("POST", "/v1/runs", spec());
    location.href = at(`/runs/${run.id}`);
  } catch (error) {
    await check();
    if (!(error instanceof ApiProblem) || error.errors.length === 0) showWarnings([String(error)], true);
  }
});

place("preflight").addEventListener("click", async () => {
  const shown = place("preflight-result");
  shown.textContent = "Training the first steps …";
  try {
    /** @type {Preflight} */
    let answer = await call("POST", "/v1/preflight?wait_s=20", spec());
    while (!["succeeded", "failed", "cancelled"].includes(answer.status)) {
      // oxlint-disable-next-line no-await-in-loop -- each answer says whether to ask again
      answer = await call("GET", `/v1/preflights/${answer.id}?wait_s=20`);
    }
    showPreflight(shown, answer);
  } catch (error) {
    shown.textContent = textOf(error);
  }
});

/** @param {HTMLElement} shown @param {Preflight} answer */
function showPreflight(shown, { predicted, gradient_flow: flow, status, error }) {
  const word = predicted?.verdict ?? status;
  const badge = Object.assign(document.createElement("span"), { className: `badge ${word}`, textContent: word.replaceAll("_", " ") });
  const lines = [reachText(flow) || error, ...(predicted?.findings ?? []).map((one) => one.explanation)];
  shown.replaceChildren(badge, ...lines.filter(Boolean).map((text) => Object.assign(document.createElement("p"), { textContent: text })));
}

for (const button of form.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(place(button.getAttribute("data-copy") ?? "").textContent ?? "");
    button.textContent = "Copied";
  });
}

/** Begins with an earlier run, a data set's suggestion, or a small example. */
async function begin() {
  const query = new URLSearchParams(location.search);
  const [from, dataset] = [query.get("from"), query.get("dataset")];
  /** @type {Record<string, unknown>} */
  let start = { model: { kind: "gru" }, dataset: { kind: "adding", length: 100 } };
  if (from) {
    /** @type {Run} */
    const run = await call("GET", `/v1/runs/${from}`);
    start = { ...run.spec, name: run.name ? `${run.name}, again` : "" };
  } else if (dataset) {
    /** @type {Dataset} */
    const { profile } = await call("GET", `/v1/datasets/${dataset}`);
    start.dataset = profile.suggested?.dataset ?? { kind: "forecast", dataset_id: dataset };
  }
  for (const [name, part] of Object.entries(parts)) part.write(start[name]);
  await check();
}

form.hidden = false;
place("loading").hidden = true;
await begin();
