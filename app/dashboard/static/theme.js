// Colours of design tokens in the present theme.

/** To compute a value takes longer than to draw a point. @type {Map<string, string>} */
const tokens = new Map();
document.addEventListener("themechange", () => tokens.clear());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => tokens.clear());

/** An element that has the colour whose value is asked for: a token itself may be an expression. */
const sample = document.createElement("i");
sample.hidden = true;

/** The present colour of a design token, as `rgb(…)`. @param {string} name @returns {string} */
export function token(name) {
  const known = tokens.get(name);
  if (known !== undefined) return known;
  if (!sample.isConnected) document.documentElement.append(sample);
  sample.style.color = `var(${name})`;
  const found = getComputedStyle(sample).color;
  tokens.set(name, found);
  return found;
}

/** The colour of an area between lines of a colour. @param {string} color As `rgb(…)`. */
export const translucent = (color) => color.replace("rgb(", "rgba(").replace(")", ", 0.18)");

/** The colour of a line of a chart, by its place among the lines. @param {number} index */
export const seriesColor = (index) => token(`--series-${(index % 6) + 1}`);
