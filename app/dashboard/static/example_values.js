// What the pictures of examples show: the numbers of their lines, and the symbols that a network said.

/**
 * @typedef {(number | string | null)[]} Values
 * @typedef {{series: string | null, timesteps: Values[]}} Input
 * @typedef {{name: string, values: (number | null)[], at: number}} Line
 * @typedef {{lines: Line[], length: number, marks: boolean[] | null, target: number | null | undefined, prediction: number}} Numbers
 * @typedef {{said: string, wanted: string | number | null | undefined, isWrong: boolean}} Symbol
 */

/**
 * Lines of an example whose outputs are numbers. A forecast follows its input; outputs at each timestep lie beside it; of a
 * single output only the input is drawn, with the timesteps that the task marks.
 * @param {Input} input @param {number[][]} rows Outputs: one row, or one for each timestep. @param {(Values | null)[] | null} target
 * @returns {Numbers}
 */
export function numbersOf(input, rows, target) {
  const series = input.timesteps.map((row) => Number(row[0]));
  const marks = input.timesteps.map((row) => row.length === 2 && row[1] === 1);
  const isWhole = rows.length === 1;
  const wanted = (isWhole ? (target?.[0] ?? []) : (target ?? []).map((row) => row?.[0] ?? null))
    .map((one) => (one === null ? null : Number(one)));
  const predicted = isWhole ? middleQuantiles(rows[0], Math.max(1, wanted.length)) : rows.map((row) => row[0]);
  const isForecast = isWhole && target !== null && (predicted.length > 1 || !marks.some(Boolean));
  const at = isForecast ? series.length : 0;
  const lines = [{ name: "input", values: series, at: 0 }];
  if (isForecast || !isWhole) {
    lines.push({ name: "target", values: /** @type {number[]} */ (wanted), at }, { name: "predicted", values: predicted, at });
  }
  const last = predicted.length - 1;
  return {
    lines,
    length: at + (isForecast ? predicted.length : series.length),
    marks: isWhole && !isForecast ? marks : null,
    target: wanted[last] ?? wanted[0],
    prediction: predicted[last],
  };
}

/** The quantile in the middle of each of `count` values. @param {number[]} row @param {number} count */
function middleQuantiles(row, count) {
  const quantiles = Math.max(1, Math.round(row.length / count));
  return row.filter((_, i) => i % quantiles === Math.floor((quantiles - 1) / 2));
}

/**
 * What a network says at each place, and what it should say; places without a target are left out.
 * @param {number[][]} rows Share of each class. @param {(Values | null)[] | null} target @param {(string | null)[]} classes
 * @returns {Symbol[]}
 */
export function symbolsOf(rows, target, classes) {
  return rows.flatMap((row, index) => {
    const said = classes[row.indexOf(Math.max(...row))] ?? "?";
    const wanted = target?.[index]?.[0];
    if (target && wanted === undefined) return [];
    return [{ said, wanted, isWrong: wanted !== undefined && wanted !== null && wanted !== said }];
  });
}

/**
 * An SVG path through values at places from 0 to `length` − 1; what is no number interrupts it.
 * @param {(number | null)[]} values @param {(index: number) => number} xOf @param {(value: number) => number} yOf
 */
export function pathOf(values, xOf, yOf) {
  let isDown = false;
  return values.map((value, index) => {
    if (value === null || !Number.isFinite(value)) {
      isDown = false;
      return "";
    }
    const point = `${isDown ? "L" : "M"}${xOf(index).toFixed(1)} ${yOf(value).toFixed(1)}`;
    isDown = true;
    // a single point is drawn as a short line
    return values.length === 1 ? `${point}h0.1` : point;
  }).join("");
}
