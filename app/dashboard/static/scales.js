// Colours and numbers of charts.

/** Anchors of viridis (van der Walt and Smith 2015, CC0): even in lightness, for any colour vision. */
const VIRIDIS = [
  [68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141],
  [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37],
];

/**
 * The colour of a share from 0 to 1.
 * @param {number} share @returns {[number, number, number]}
 */
export function viridis(share) {
  const place = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const low = Math.min(VIRIDIS.length - 2, Math.floor(place));
  const rest = place - low;
  const mixed = VIRIDIS[low].map((one, i) => Math.round(one + rest * (VIRIDIS[low + 1][i] - one)));
  return /** @type {[number, number, number]} */ (mixed);
}

/**
 * A number with three significant digits, as the pages on the server write it.
 * @param {number | null | undefined} value @param {number} [digits]
 */
export function shortNumber(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = value !== 0 && (size < 1e-3 || size >= 1e5)
    ? value.toExponential(digits - 1).replace("e+", "e")
    : size >= 10 ** digits ? value.toFixed(0) : String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

/** A step with thin spaces between thousands, as the pages on the server write it. @param {number} step */
export const stepText = (step) => step.toLocaleString("en", { maximumFractionDigits: 1 }).replaceAll(",", "\u2009");

/** Ten to a power, as an axis writes it. @param {number} exponent */
export const powerOfTen = (exponent) =>
  "10" + [...String(exponent)].map((one) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(one)] ?? "⁻").join("");

/** Ticks of a logarithmic axis at most, where it is long. */
const MAX_POWERS = 7;

/**
 * Round numbers on a logarithmic axis: 1, 2 and 5 of each decade on a short one, powers of ten on a long one.
 * @param {number} low @param {number} high Both above 0. @returns {number[]}
 */
export function logTicks(low, high) {
  const [first, last] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)];
  const between = Math.ceil((last - first) / MAX_POWERS) || 1;
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((one) => one % between === 0);
  const digits = last - first > 3 ? [1] : [1, 2, 5];
  return powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
    .filter((one) => one >= low * (1 - 1e-9) && one <= high * (1 + 1e-9));
}

/**
 * Round numbers between two ends, at most `most` of them, where `most` is 2 or more.
 * @param {number} low @param {number} high @param {number} most @returns {number[]}
 */
export function ticks(low, high, most) {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(1, Math.floor(most) - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  // a step that misses by rounding alone is right
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * (1 - 1e-9)) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  // each from its own multiple: sums of steps would collect errors of rounding, most visibly beside 0
  return Array.from({ length: Math.max(0, count) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
