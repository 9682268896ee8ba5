// What the charts of a comparison show: a curve of each run, or one band of the seeds of an arm.

/** @typedef {import("./line_chart.js").Content} Content */
/** @typedef {import("./line_chart.js").Line} Line */

/**
 * @typedef {{run_ids: string[], seeds: number[]}} Arm
 * @typedef {{quantity: string, scope: string}} Named
 * @typedef {Named & {steps: number[], values: (number | null)[], non_finite: {step: number, value: string}[]}} Series
 * @typedef {Named & {run_ids: string[], steps: number[], low: (number | null)[], median: (number | null)[],
 *   high: (number | null)[], non_finite: {step: number, value: string}[]}} Band
 * @typedef {{run_id: string, steps: number[], gradient_horizon: {value: number}[], required_lag_timesteps: number | null}} Reach
 * @typedef {{runs: {id: string}[], arms: Arm[], series: {run_id: string, series: Series}[], bands: Band[], reach: Reach[]}} Compared
 */

const HORIZON = { quantity: "gradient_horizon", scope: "model" };

/**
 * The contents of the charts by their names.
 * @param {Compared} found @param {Record<string, string>} labels @param {boolean} areBands
 * @returns {Record<string, Content>}
 */
export function contentsOf(found, labels, areBands) {
  const reach = found.reach.map((one) => ({
    run_id: one.run_id,
    series: { ...HORIZON, steps: one.steps, values: one.gradient_horizon.map((horizon) => horizon.value), non_finite: [] },
  }));
  const all = { ...found, series: [...found.series, ...reach] };
  /** @param {string} label @param {(one: Named) => boolean} isShown @param {Partial<Line>} [look] */
  const content = (label, isShown, look = {}) => ({ label, ...linesOf(all, labels, areBands, isShown, look) });
  const needed = found.reach.find((one) => one.required_lag_timesteps !== null);
  return {
    loss: { ...content("Loss", (one) => one.quantity === "loss" && one.scope === "model"), log: true },
    norm: { ...content("Gradient norm", (one) => one.quantity === "grad_norm"), log: true },
    metric: content("Metric on validation", (one) => one.scope === "validation", { points: true }),
    reach: {
      ...content("Reach of the gradient", (one) => one.quantity === HORIZON.quantity, { points: true }),
      levels: needed ? [{ label: "needed", value: needed.required_lag_timesteps }] : [],
    },
  };
}

/** The colour of each run: that of its arm where bands are shown. @param {Compared} found @param {boolean} areBands */
export function colorsOf(found, areBands) {
  const groups = areBands ? found.arms.map((arm) => arm.run_ids) : found.runs.map((run) => [run.id]);
  return new Map(groups.flatMap((ids, index) => ids.map((id) => [id, index])));
}

/**
 * @param {Compared} found @param {Record<string, string>} labels @param {boolean} areBands
 * @param {(one: Named) => boolean} isShown @param {Partial<Line>} look
 */
function linesOf(found, labels, areBands, isShown, look) {
  const colors = colorsOf(found, areBands);
  /** @type {Line[]} */
  const lines = [];
  /** @type {{low: number, high: number}[]} */
  const bands = [];
  const banded = new Set();
  for (const band of areBands ? found.bands.filter(isShown) : []) {
    const color = colors.get(band.run_ids[0]);
    const name = labels[`arm of ${band.run_ids[0]}`] ?? labels[band.run_ids[0]];
    const { steps, non_finite } = band;
    bands.push({ low: lines.length + 1, high: lines.length + 2 });
    lines.push(
      { ...look, label: `${name}: median of ${band.run_ids.length} seeds`, steps, values: band.median, non_finite, series: color },
      { label: `${name}: lowest`, steps, values: band.low, series: color, thin: true },
      { label: `${name}: highest`, steps, values: band.high, series: color, thin: true },
    );
    for (const id of band.run_ids) banded.add(`${id} ${band.quantity} ${band.scope}`);
  }
  for (const { run_id, series } of found.series) {
    if (!isShown(series) || banded.has(`${run_id} ${series.quantity} ${series.scope}`)) continue;
    const { steps, values, non_finite } = series;
    lines.push({ ...look, label: labels[run_id], steps, values, non_finite, series: colors.get(run_id) });
  }
  return { lines, bands };
}
