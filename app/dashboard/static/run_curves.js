// Lines and levels of the charts of a run, from what the API answers.

/**
 * @import { HistorySeries, TaskFacts } from "./answers.d.ts"
 * @import { Level, Line } from "./line_chart.js"
 */

/** A series as a line of a chart. @param {HistorySeries} series @param {string} [label] @returns {Line} */
export const lineOf = (series, label) => ({
  ...series,
  label: label ?? (series.scope === "model" ? series.quantity : `${series.quantity} ${series.scope}`),
});

/** Whether a logarithmic axis can show all values. @param {HistorySeries[]} series */
export const arePositive = (series) => series.every((one) => one.values.every((value) => value === null || value > 0));

/**
 * The gradient norm before clipping and, where something was clipped, after it.
 * @param {HistorySeries} norm @param {HistorySeries | undefined} coefficient By which a clipped gradient is multiplied.
 * @returns {Line[]}
 */
export function normLines(norm, coefficient) {
  const before = lineOf(norm, "before clipping");
  if (!coefficient?.values.some((value) => value !== null && value < 1)) return [before];
  const factors = new Map(coefficient.steps.map((step, i) => [step, coefficient.values[i]]));
  const values = norm.values.map((value, i) => {
    const factor = factors.get(norm.steps[i]) ?? null;
    return value === null || factor === null ? null : value * factor;
  });
  return [before, { label: "after clipping", steps: norm.steps, values, non_finite: [] }];
}

/** What the metric is compared with. @param {TaskFacts | null} task @param {string} metric @returns {Level[]} */
export function levelsOf(task, metric) {
  const baseline = task?.baselines.find((one) => one.metric === metric);
  return [
    { label: baseline?.name.replaceAll("_", " ") ?? "", value: baseline?.scores?.validation ?? baseline?.value },
    { label: "best simple model", value: task?.reference?.metrics.validation?.[metric] },
    { label: "attainable", value: task?.attainable || null },
  ];
}
