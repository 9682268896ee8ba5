// Calls the API of this server with the browser's session.

/** An answer that is not a success, with the sentence that the API gives for it. */
export class ApiProblem extends Error {
  /** @param {number} status @param {Partial<import("./answers.d.ts").Problem>} problem */
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
    this.errors = problem.errors ?? [];
  }
}

/**
 * The address of a path of ours: a proxy may show the service under a path of its own.
 * @param {string} path
 */
export const at = (path) => (document.documentElement.dataset.root ?? "") + path;

/** What a person reads of whatever was thrown. @param {unknown} error */
export const textOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Sends a request and returns the JSON of the answer; null for an empty one. The caller says what the answer is.
 * @template [Answer=unknown]
 * @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers]
 * @returns {Promise<Answer>}
 */
export async function call(method, path, body, headers = {}) {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const answer = await fetch(at(path), {
    method,
    headers: body === undefined ? headers : { "Content-Type": type, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
  const parsed = text && isJson ? JSON.parse(text) : null;
  if (!answer.ok) throw new ApiProblem(answer.status, parsed ?? {});
  return parsed;
}

/**
 * Calls `refresh` every `periodMs` while the page is visible, one call after the other.
 * @param {() => Promise<void>} refresh @param {number} periodMs
 */
export function whileVisible(refresh, periodMs) {
  const next = () => setTimeout(tick, periodMs);
  const tick = async () => {
    if (document.visibilityState === "visible") await refresh().catch(() => undefined);
    next();
  };
  next();
}
