// Uploads a file with its progress, shows what was read or what is wrong, and deletes data sets.

import { at, call, textOf } from "./api.js";

/** @import { Dataset, DryUpload, Problem } from "./answers.d.ts" */

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-upload]"));

/**
 * Sends the file; fetch tells no progress of what is sent.
 * @param {string} path @param {File} file @param {(share: number) => void} onProgress
 * @returns {Promise<{status: number, body: unknown}>}
 */
function send(path, file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", at(path));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / event.total));
    request.addEventListener("load", () => resolve({ status: request.status, body: JSON.parse(request.responseText || "{}") }));
    request.addEventListener("error", () => reject(new Error("The server did not answer.")));
    request.send(file);
  });
}

/** @param {string} text @param {string} kind */
function notice(text, kind) {
  return Object.assign(document.createElement("div"), { className: `notice ${kind}`, textContent: text });
}

/** @param {HTMLFormElement} filled @param {boolean} isDry */
async function upload(filled, isDry) {
  const file = /** @type {HTMLInputElement} */ (filled.elements.namedItem("file")).files?.[0];
  const result = /** @type {HTMLElement} */ (filled.querySelector("[data-result]"));
  const progress = /** @type {HTMLProgressElement} */ (filled.querySelector("[data-progress]"));
  if (!file) return;
  /** @param {string} name */
  const given = (name) => /** @type {HTMLInputElement} */ (filled.elements.namedItem(name)).value.trim();
  const query = new URLSearchParams({ name: given("name") || file.name, kind: given("kind") });
  if (isDry) query.set("dry_run", "true");
  progress.hidden = false;
  result.replaceChildren();
  const { status, body } = await send(`/v1/datasets?${query}`, file, (share) => { progress.value = share; });
  progress.hidden = true;
  if (status === 201) {
    location.href = at(`/datasets/${/** @type {Dataset} */ (body).id}`);
  } else if (status === 200) {
    const { profile } = /** @type {DryUpload} */ (body);
    const size = "rows" in profile ? `${profile.rows} rows, ${profile.columns.length} columns` : `${profile.characters} characters`;
    const cautions = "cautions" in profile ? profile.cautions : [];
    result.replaceChildren(notice(`It can be read: ${size}. ${profile.suggested?.reasons.join(" ") ?? ""}`, ""),
      ...cautions.map((one) => notice(one.detail, "warning")));
  } else {
    const problem = /** @type {Partial<Problem>} */ (body);
    const errors = (problem.errors ?? []).map((one) => notice(`${one.pointer}: ${one.detail}`, "critical"));
    result.replaceChildren(notice(problem.detail ?? `The server answered ${status}.`, "critical"), ...errors);
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  upload(form, false).catch((error) => form.querySelector("[data-result]")?.replaceChildren(notice(String(error), "critical")));
});
form?.querySelector("[data-check]")?.addEventListener("click", () => form.reportValidity() && upload(form, true));

document.querySelector("[data-delete]")?.addEventListener("click", async (event) => {
  const id = /** @type {HTMLElement} */ (event.currentTarget).dataset.delete;
  if (!confirm("Delete this data set?")) return;
  try {
    await call("DELETE", `/v1/datasets/${id}`);
    location.href = at("/datasets");
  } catch (error) {
    const problem = document.querySelector("[data-problem]");
    if (problem) problem.textContent = textOf(error);
  }
});
