// Values of design tokens in the present theme.

/** To compute a value takes longer than to draw a point. @type {Map<string, string>} */
const tokens = new Map();
document.addEventListener("themechange", () => tokens.clear());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => tokens.clear());

/** The present value of a design token. @param {string} name @returns {string} */
export function token(name) {
  const known = tokens.get(name) ?? getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  tokens.set(name, known);
  return known;
}

/** The colour of a line of a chart, by its place among the lines. @param {number} index */
export const seriesColor = (index) => token(`--series-${(index % 6) + 1}`);
