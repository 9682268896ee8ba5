// Creates and revokes API keys.

import { call, textOf } from "./api.js";

const problem = /** @type {HTMLElement} */ (document.querySelector("[data-problem]"));
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-new-key]"));

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(form);
  const shown = /** @type {HTMLElement} */ (form.querySelector("[data-key]"));
  try {
    /** @type {import("./answers.d.ts").ApiKey} */
    const made = await call("POST", "/v1/api-keys", { name: given.get("name"), scopes: given.getAll("scope") });
    const code = Object.assign(document.createElement("code"), { textContent: made.key });
    const text = Object.assign(document.createElement("p"), { textContent: "Copy the key now: it is shown this once. " });
    text.append(code);
    shown.replaceChildren(text);
  } catch (error) {
    shown.textContent = textOf(error);
  }
});

document.addEventListener("click", async (event) => {
  const id = /** @type {HTMLElement} */ (event.target).dataset.revoke;
  if (!id || !confirm("Revoke this key? Whoever uses it is refused from now on.")) return;
  try {
    await call("DELETE", `/v1/api-keys/${id}`);
    location.reload();
  } catch (error) {
    problem.textContent = textOf(error);
  }
});
