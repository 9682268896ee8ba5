// The form for a new run: live checks by the API, a preflight, and the same as a command.

import { ApiProblem, at, call } from "./api.js";
import { SchemaForm, showProblems } from "./schema_form.js";
import { shortNumber } from "./scales.js";

const CHECK_AFTER_MS = 350;
const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-form]"));
/** @param {string} name @returns {HTMLElement} */
const place = (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-${name}]`));

const [catalog, datasets] = await Promise.all([
  call("GET", "/v1/catalog"),
  call("GET", "/v1/datasets?limit=200").catch(() => ({ items: [] })),
]);
/** @type {Record<string, import("./schema_form.js").Part>} */
const parts = {};
const schemaForm = new SchemaForm(catalog.job_spec, soon);
schemaForm.choices.dataset_id = datasets.items.map((/** @type {any} */ one) => ({ id: one.id, name: `${one.name || one.id} (${one.kind})` }));
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
    const answer = await call("POST", "/v1/runs?dry_run=true", given);
    if (mine !== number) return;
    showProblems(form, []);
    const { seconds, memory_bytes: bytes, parameters } = answer.estimate;
    place("cost").textContent =
      `${parameters} weights, about ${shortNumber(bytes / 2 ** 20)} MiB and ${timeOf(seconds)} on one core.`;
    showWarnings(answer.warnings.map((/** @type {any} */ one) => one.detail ?? one), false);
    setReady(true);
  } catch (error) {
    if (mine !== number) return;
    const problems = error instanceof ApiProblem ? error.errors : [];
    const left = showProblems(form, problems);
    const told = left.map((one) => `${one.pointer}: ${one.detail}`);
    showWarnings(problems.length > 0 ? told : [error instanceof Error ? error.message : String(error)], true);
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

/** @param {number} seconds */
const timeOf = (seconds) => (seconds < 90 ? `${Math.round(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${shortNumber(seconds / 3600)} h`);

/** @param {any} given */
function showCommands(given) {
  const json = JSON.stringify(given, null, 2);
  place("json").textContent = json;
  place("curl").textContent =
    `curl -s ${location.origin}${at("/v1/runs")} \\\n  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\\n  -d '${json.replaceAll("'", "'\\''")}'`;
  place("python").textContent =
    `import json\nimport os\n\nimport httpx\n\nspec = json.loads(r"""${json}""")\nanswer = httpx.post(\n    "${location.origin}${at("/v1/runs")}",\n    json=spec,\n    headers={"Authorization": f"Bearer {os.environ['KEY']}"},\n)\nprint(answer.raise_for_status().json()["id"])`;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
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
    let answer = await call("POST", "/v1/preflight?wait_s=20", spec());
    while (!["succeeded", "failed", "cancelled"].includes(answer.status)) {
      // oxlint-disable-next-line no-await-in-loop -- each answer says whether to ask again
      answer = await call("GET", `/v1/preflights/${answer.id}?wait_s=20`);
    }
    showPreflight(shown, answer);
  } catch (error) {
    shown.textContent = error instanceof Error ? error.message : String(error);
  }
});

/** @param {HTMLElement} shown @param {any} answer */
function showPreflight(shown, answer) {
  const { predicted, gradient_flow: flow } = answer;
  const badge = document.createElement("span");
  badge.className = `badge ${predicted?.verdict ?? answer.status}`;
  badge.textContent = (predicted?.verdict ?? answer.status).replaceAll("_", " ");
  const horizons = flow?.layers?.[0]?.gradient_horizon ?? [];
  const last = horizons[horizons.length - 1];
  const needed = flow?.required_lag?.timesteps;
  const lines = [
    last ? `The gradient reaches ${last.censored ? "at least " : ""}${last.value} timesteps` + (needed === null || needed === undefined ? "." : `; the task needs ${needed}.`) : answer.error ?? "",
    ...(predicted?.findings ?? []).map((/** @type {any} */ one) => one.explanation),
  ];
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
  /** @type {any} */
  let start = { model: { kind: "gru" }, dataset: { kind: "adding", length: 100 } };
  if (from) {
    const run = await call("GET", `/v1/runs/${from}`);
    start = { ...run.spec, name: run.name ? `${run.name}, again` : "" };
  } else if (dataset) {
    const { profile } = await call("GET", `/v1/datasets/${dataset}`);
    start.dataset = profile.suggested?.dataset ?? { kind: "forecast", dataset_id: dataset };
  }
  for (const [name, part] of Object.entries(parts)) part.write(start[name]);
  await check();
}

form.hidden = false;
place("loading").hidden = true;
await begin();
