// The files that a run left, and its log.

import { call } from "./api.js";

/** @param {HTMLElement} list @param {string} api */
export async function showFiles(list, api) {
  const { items } = await call("GET", `${api}/artifacts`);
  list.replaceChildren(...items.map((/** @type {any} */ file) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `${api}/artifacts/${encodeURIComponent(file.name)}`;
    link.textContent = file.name;
    item.append(link, ` ${sizeOf(file.num_bytes ?? file.size ?? 0)}`);
    return item;
  }));
}

/** Reads the log when it is opened. @param {HTMLDetailsElement} details @param {string} api */
export function showLog(details, api) {
  details.addEventListener("toggle", async () => {
    if (!details.open) return;
    const { items } = await call("GET", `${api}/events?limit=200`);
    details.querySelector("ol")?.replaceChildren(...items.map((/** @type {any} */ event) => {
      const item = document.createElement("li");
      item.textContent = `${event.created_at.slice(11, 19)} ${event.kind} ${JSON.stringify(event.data)}`;
      return item;
    }));
  });
}

/** @param {number} bytes */
function sizeOf(bytes) {
  return bytes < 1024 ? `${bytes} B` : bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
