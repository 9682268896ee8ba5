/* Names for what Swagger UI draws without one, for screen readers and for the keyboard. */

const FIXED = [
  [".operation-filter-input", "Filter operations"],
  [".examples-select-element", "Example"],
  [".body-param__text", "Request body"],
  [".close-modal", "Close"],
];

/** @param {Element} page */
function name(page) {
  for (const [selector, words] of FIXED) {
    for (const part of page.querySelectorAll(`${selector}:not([aria-label])`)) {
      part.setAttribute("aria-label", words);
    }
  }
  for (const row of page.querySelectorAll("tr[data-param-name]")) {
    const called = row.getAttribute("data-param-name") ?? "";
    for (const field of row.querySelectorAll(":is(input, select, textarea):not([aria-label])")) {
      field.setAttribute("aria-label", called);
    }
  }
  // what scrolls must be reachable by keyboard
  for (const code of page.querySelectorAll("pre:not([tabindex])")) code.setAttribute("tabindex", "0");
  // as a region a table would be read without its cells
  for (const table of page.querySelectorAll("table[role=region]")) table.removeAttribute("role");
  page.querySelector(".operation-filter-input")
    ?.setAttribute("placeholder", "Filter operations by path, name or summary");
}

/** Names all parts of the page that have no name, now and whenever it changes. @param {Element} page */
export function keepNamed(page) {
  let isPlanned = false;
  const observer = new MutationObserver(() => {
    if (isPlanned) return;
    isPlanned = true;
    requestAnimationFrame(() => {
      isPlanned = false;
      name(page);
    });
  });
  observer.observe(page, { childList: true, subtree: true });
}
