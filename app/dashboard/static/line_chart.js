// A chart of lines over training steps, by uPlot. Charts of one group share their steps and cursor.

import uPlot from "./vendor/uplot.js";
import { powerOfTen, seriesColor, shortNumber, token } from "./scales.js";

/**
 * @typedef {{step: number, value: string}} NotFinite
 * @typedef {{label: string, steps: number[], values: (number | null)[], non_finite?: NotFinite[],
 *   dashed?: boolean, points?: boolean, color?: string}} Line
 * @typedef {{from: number, to: number, label: string, severity: string}} Span
 * @typedef {{label: string, value: number | null | undefined}} Level
 * @typedef {{lines: Line[], levels?: Level[], spans?: Span[], log?: boolean, label: string}} Content
 */

const HEIGHT = 240;
const FONT = "12px system-ui, sans-serif";
/** Height of a finding's bar, and of the marks of values that are not finite. */
const BAR_PX = 5;

/** Charts that show the same steps. */
export class Group {
  /** @param {(range: {from: number, to: number} | null) => void} onZoom */
  constructor(onZoom) {
    this.onZoom = onZoom;
    this.key = `group-${Math.random()}`;
    /** @type {{from: number, to: number} | null} */
    this.range = null;
  }

  /** @param {{from: number, to: number} | null} range */
  zoom(range) {
    this.range = range;
    this.onZoom(range);
  }
}

/** One chart in a place of the page; `show` draws it, again whenever its content changes. */
export class LineChart {
  /** @param {HTMLElement} place @param {Group} group */
  constructor(place, group) {
    this.place = place;
    this.group = group;
    /** @type {uPlot | null} */
    this.plot = null;
    /** @type {Content | null} */
    this.content = null;
    new ResizeObserver(() => this.plot?.setSize({ width: this.width(), height: HEIGHT })).observe(place);
    document.addEventListener("themechange", () => this.content && this.show(this.content));
  }

  width() {
    return Math.max(200, this.place.clientWidth);
  }

  /** @param {Content} content */
  show(content) {
    this.content = content;
    this.plot?.destroy();
    this.plot = null;
    if (content.lines.every((line) => line.steps.length === 0)) {
      this.place.textContent = "Nothing was measured.";
      return;
    }
    this.place.textContent = "";
    const data = joined(content.lines);
    this.plot = new uPlot(this.options(content), data, this.place);
    this.plot.root.setAttribute("role", "img");
    this.plot.root.setAttribute("aria-label", described(content));
  }

  /** @param {Content} content @returns {uPlot.Options} */
  options(content) {
    const axis = { stroke: token("--text-muted"), font: FONT, grid: { stroke: token("--grid") }, ticks: { stroke: token("--grid") } };
    const range = this.group.range;
    return {
      width: this.width(),
      height: HEIGHT,
      scales: {
        x: { time: false, ...(range ? { range: [range.from, range.to] } : {}) },
        y: content.log ? { distr: 3 } : {},
      },
      axes: [
        { ...axis, values: (_, values) => values.map((one) => shortNumber(one, 6)) },
        { ...axis, size: 56, space: 28, values: (_, values) => values.map((one) => axisLabel(one, content.log)) },
      ],
      series: [{ label: "step" }, ...content.lines.map((line, index) => ({
        label: line.label,
        stroke: line.color ?? seriesColor(index),
        width: 1.5,
        dash: line.dashed ? [6, 4] : undefined,
        points: line.points ? { show: true, size: 5 } : { show: false },
        spanGaps: true,
        value: (/** @type {uPlot} */ _, /** @type {number} */ value) => shortNumber(value),
      }))],
      cursor: { sync: { key: this.group.key }, drag: { x: true, y: false } },
      legend: { live: true },
      hooks: {
        draw: [(plot) => drawOverlays(plot, content)],
        setSelect: [(plot) => this.zoomTo(plot)],
        ready: [(plot) => plot.over.addEventListener("dblclick", () => this.group.zoom(null))],
      },
    };
  }

  /** @param {uPlot} plot */
  zoomTo(plot) {
    if (plot.select.width < 2) return;
    const from = Math.floor(plot.posToVal(plot.select.left, "x"));
    const to = Math.ceil(plot.posToVal(plot.select.left + plot.select.width, "x"));
    this.group.zoom({ from: Math.max(0, from), to });
  }
}

/** @param {number} value @param {boolean | undefined} isLog */
function axisLabel(value, isLog) {
  if (value === null) return "";
  const exponent = Math.log10(value);
  if (isLog && ![1, 2, 5].includes(Number((value / 10 ** Math.floor(exponent + 1e-9)).toPrecision(2)))) return "";
  return isLog && Number.isInteger(exponent) && Math.abs(exponent) > 3 ? powerOfTen(exponent) : shortNumber(value);
}

/** Lines with steps of their own, on one axis. @param {Line[]} lines @returns {uPlot.AlignedData} */
function joined(lines) {
  if (lines.length === 0) return [[]];
  return uPlot.join(lines.map((line) => /** @type {uPlot.AlignedData} */ ([line.steps, line.values])));
}

/** Levels, spans of findings, and marks of values that are not finite. @param {uPlot} plot @param {Content} content */
function drawOverlays(plot, content) {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  for (const level of content.levels ?? []) drawLevel(plot, level, ratio);
  (content.spans ?? []).forEach((span, index) => drawSpan(plot, span, index, ratio));
  for (const line of content.lines) for (const mark of line.non_finite ?? []) drawMark(plot, mark, ratio);
  ctx.restore();
}

/** @param {uPlot} plot @param {Level} level @param {number} ratio */
function drawLevel(plot, level, ratio) {
  if (level.value === null || level.value === undefined) return;
  const { ctx, bbox } = plot;
  const y = plot.valToPos(level.value, "y", true);
  if (!Number.isFinite(y)) return;
  ctx.strokeStyle = ctx.fillStyle = token("--text-muted");
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.textAlign = "right";
  ctx.fillText(level.label, bbox.left + bbox.width - 4 * ratio, y - 3 * ratio);
}

/** @param {uPlot} plot @param {Span} span @param {number} row @param {number} ratio */
function drawSpan(plot, span, row, ratio) {
  const { ctx, bbox } = plot;
  const left = plot.valToPos(span.from, "x", true);
  const right = Math.max(left + 2 * ratio, plot.valToPos(span.to, "x", true));
  ctx.fillStyle = token(span.severity === "critical" ? "--sick" : span.severity === "warning" ? "--at-risk" : "--undetermined");
  const height = BAR_PX * ratio;
  ctx.fillRect(left, bbox.top + bbox.height - (row + 1) * (height + ratio), right - left, height);
}

/** A triangle at the top: NaN or an infinity. @param {uPlot} plot @param {NotFinite} mark @param {number} ratio */
function drawMark(plot, mark, ratio) {
  const { ctx, bbox } = plot;
  const x = plot.valToPos(mark.step, "x", true);
  const size = BAR_PX * ratio;
  ctx.fillStyle = token("--sick");
  ctx.beginPath();
  ctx.moveTo(x - size, bbox.top);
  ctx.lineTo(x + size, bbox.top);
  ctx.lineTo(x, bbox.top + 2 * size);
  ctx.fill();
}

/** The chart in one sentence, for those who cannot see it. @param {Content} content */
function described(content) {
  const lines = content.lines.map((line) => {
    const last = line.values.findLast((value) => value !== null);
    const bad = line.non_finite?.length ? `, ${line.non_finite.length} not finite` : "";
    return `${line.label}: last ${shortNumber(last)}${bad}`;
  });
  return `${content.label}. ${lines.join("; ")}.`;
}
