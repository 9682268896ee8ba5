// A chart of lines over training steps, by uPlot. Charts of one group share their steps and cursor.

import uPlot from "./vendor/uplot.js";
import { logTicks, powerOfTen, shortNumber, stepText } from "./scales.js";
import { seriesColor, token, translucent } from "./theme.js";

/** @typedef {import("./range_group.js").RangeGroup} RangeGroup */

/**
 * @typedef {{step: number, value: string}} NotFinite
 * @typedef {{label: string, steps: number[], values: (number | null)[], non_finite?: NotFinite[],
 *   dashed?: boolean, points?: boolean, color?: string, series?: number, thin?: boolean}} Line
 * @typedef {{from: number, to: number, label: string, severity: string}} Span
 * @typedef {{label: string, value: number | null | undefined}} Level
 * @typedef {{lines: Line[], levels?: Level[], spans?: Span[], bands?: {low: number, high: number}[], log?: boolean, label: string}} Content
 */

const HEIGHT = 240;
const FONT = "12px system-ui, sans-serif";
/** Height of a finding's bar, and of the marks of values that are not finite. */
const BAR_PX = 5;

/** One chart in a place of the page; `show` draws it, again whenever its content changes. */
export class LineChart {
  /** @param {HTMLElement} place @param {RangeGroup} group */
  constructor(place, group) {
    this.place = place;
    this.group = group;
    /** @type {uPlot | null} */
    this.plot = null;
    /** What the plot was made for; other numbers alone need no new plot. */
    this.form = "";
    /** @type {Content} */
    this.content = { lines: [], label: "" };
    group.add(this);
    group.listen(place, (clientX) => this.stepAt(clientX));
    new ResizeObserver(() => this.plot?.setSize({ width: this.width(), height: HEIGHT })).observe(place);
    document.addEventListener("themechange", () => {
      this.form = "";
      this.show(this.content);
    });
  }

  width() {
    return Math.max(200, this.place.clientWidth);
  }

  /** @param {Content} content */
  show(content) {
    const isEmpty = content.lines.every((line) => line.steps.length === 0);
    const form = isEmpty ? "" : formOf(content);
    if (form !== this.form) this.plot = this.plot?.destroy() ?? null;
    this.content = content;
    this.form = form;
    if (isEmpty) {
      this.place.textContent = "Nothing was measured.";
      return;
    }
    const data = joined(content.lines);
    this.group.include(data[0][0], data[0][data[0].length - 1]);
    if (this.plot) {
      this.plot.setData(data);
    } else {
      this.place.textContent = "";
      this.plot = new uPlot(this.options(content), data, this.place);
      this.plot.root.setAttribute("role", "img");
      this.plot.root.tabIndex = 0;
    }
    this.plot.root.setAttribute("aria-label", described(content));
  }

  /** The group shows other steps. */
  showRange() {
    const range = this.group.present();
    this.plot?.setScale("x", { min: range.from, max: range.to });
  }

  /** @param {number} clientX */
  stepAt(clientX) {
    if (!this.plot) return 0;
    return this.plot.posToVal(clientX - this.plot.over.getBoundingClientRect().left, "x");
  }

  /** @param {Content} content @returns {uPlot.Options} */
  options(content) {
    const axis = { stroke: token("--text-muted"), font: FONT, grid: { stroke: token("--grid") }, ticks: { stroke: token("--grid") } };
    return {
      width: this.width(),
      height: HEIGHT,
      scales: {
        x: { time: false, range: (_, min, max) => (this.group.shown ? [this.group.shown.from, this.group.shown.to] : [min, max]) },
        y: content.log ? { distr: 3 } : { range: (_, min, max) => (min === 0 && max === 0 ? [0, 1] : uPlot.rangeNum(min, max, 0.1, true)) },
      },
      axes: [
        { ...axis, values: (_, values) => values.map(stepText) },
        {
          ...axis,
          size: 56,
          space: 28,
          ...(content.log ? { splits: (_, __, low, high) => logTicks(low, high), filter: (_, splits) => splits } : {}),
          values: (_, values) => values.map((one) => axisLabel(one, content.log)),
        },
      ],
      series: [{ label: "step", value: (_, step) => (step === null || step === undefined ? "–" : stepText(step)) }, ...content.lines.map((line, index) => ({
        label: line.label,
        stroke: line.color ?? seriesColor(line.series ?? index),
        width: line.thin ? 0.5 : 1.5,
        dash: line.dashed ? [6, 4] : undefined,
        points: line.points ? { show: true, size: 5 } : { show: false },
        spanGaps: true,
        value: (/** @type {uPlot} */ _, /** @type {number} */ value) => shortNumber(value),
      }))],
      // a series of uPlot comes after that of the steps
      bands: (content.bands ?? []).map(({ low, high }) => ({
        series: [high + 1, low + 1],
        fill: translucent(seriesColor(content.lines[low].series ?? low)),
      })),
      cursor: {
        sync: { key: this.group.key },
        drag: { x: true, y: false, setScale: false },
        bind: {
          // with Shift the group moves the range
          mousedown: (_, __, handler) => (event) => (event.shiftKey ? null : handler(event)),
          dblclick: () => null,
        },
      },
      legend: { live: true },
      hooks: {
        draw: [(plot) => drawOverlays(plot, this.content)],
        setSelect: [(plot) => this.zoomTo(plot)],
      },
    };
  }

  /** @param {uPlot} plot */
  zoomTo(plot) {
    const { left, width } = plot.select;
    if (width < 2) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.group.zoom({ from: plot.posToVal(left, "x"), to: plot.posToVal(left + width, "x") });
  }
}

/** All of a content that a plot cannot change later. @param {Content} content */
const formOf = (content) =>
  JSON.stringify([content.log, content.lines.map((line) => [line.label, line.dashed, line.points, line.color, line.series]), content.bands]);

/** Of a number before its power of ten, for which an axis has no room. */
const TRAILING_ZEROS = /\.?0+e/u;

/** @param {number} value @param {boolean | undefined} isLog */
function axisLabel(value, isLog) {
  if (value === null) return "";
  const exponent = Math.log10(value);
  return isLog && Number.isInteger(exponent) && Math.abs(exponent) > 3 ? powerOfTen(exponent) : shortNumber(value, isLog ? 1 : 3).replace(TRAILING_ZEROS, "e");
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

/** The chart in a few sentences, for those who cannot see it. @param {Content} content */
function described(content) {
  return `${content.label}. ${content.lines.map(describedLine).join("; ")}.`;
}

/** @param {Line} line */
function describedLine(line) {
  let [highest, lowest, last] = [-1, -1, -1];
  line.values.forEach((value, i) => {
    if (value === null) return;
    if (highest < 0 || value > Number(line.values[highest])) highest = i;
    if (lowest < 0 || value < Number(line.values[lowest])) lowest = i;
    last = i;
  });
  const bad = line.non_finite?.length ? `, ${line.non_finite.length} not finite` : "";
  if (last < 0) return `${line.label}: no number${bad}`;
  const ends = `highest ${shortNumber(line.values[highest])} at step ${line.steps[highest]}, lowest ${shortNumber(line.values[lowest])} at step ${line.steps[lowest]}`;
  return `${line.label}: last ${shortNumber(line.values[last])}, ${ends}${bad}`;
}
