// The gradient-flow heat map: training step × lag, coloured by the size of the gradient there.

import { powerOfTen, shortNumber, ticks, token, viridis } from "./scales.js";

/**
 * @typedef {{step: number, first_lag: number, last_lag: number, value: string}} NotFinite
 * @typedef {{value: number, first_below: number | null, censored: boolean, threshold: number, interval: [number, number]}} Horizon
 * @typedef {{steps: number[], lags: number[], log10_norm: (number | null)[][], non_finite: NotFinite[], gradient_horizon: Horizon[]}} Flow
 */

const MARGIN = { left: 52, right: 76, top: 10, bottom: 38 };
const HEIGHT = 340;
/** Decades of colour below the largest value; whatever is smaller has the last colour. */
const MAX_DECADES = 20;

export class HeatMap {
  /** @param {HTMLElement} place @param {(probe: number) => void} onSelect */
  constructor(place, onSelect) {
    this.place = place;
    this.onSelect = onSelect;
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.reading = document.createElement("p");
    this.reading.className = "small muted";
    this.reading.setAttribute("role", "status");
    place.replaceChildren(this.canvas, this.reading);
    /** @type {Flow | null} */
    this.flow = null;
    /** @type {number | null} */
    this.requiredLag = null;
    this.probe = 0;
    /** Step of the probe that somebody chose; without a choice the last one is shown. @type {number | null} */
    this.chosenStep = null;
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("click", (event) => this.choose(this.probeAt(event.offsetX)));
    this.canvas.addEventListener("keydown", (event) => this.press(event));
    new ResizeObserver(() => this.draw()).observe(place);
    document.addEventListener("themechange", () => this.draw());
  }

  /** @param {Flow} flow @param {number | null} requiredLag */
  show(flow, requiredLag) {
    this.flow = flow;
    this.requiredLag = requiredLag;
    this.raster = rasterOf(flow);
    this.canvas.setAttribute("aria-label",
      `Gradient flow: ${flow.steps.length} probes by ${flow.lags.length} lags. Arrow keys move between probes.`);
    const chosen = this.chosenStep === null ? -1 : flow.steps.indexOf(this.chosenStep);
    this.select(chosen < 0 ? flow.steps.length - 1 : chosen);
  }

  /** Selects a probe for somebody, also when new ones arrive. @param {number} probe */
  choose(probe) {
    this.select(probe);
    this.chosenStep = this.flow?.steps[this.probe] ?? null;
  }

  /** @param {number} probe */
  select(probe) {
    if (!this.flow) return;
    this.probe = Math.min(this.flow.steps.length - 1, Math.max(0, probe));
    this.draw();
    const horizon = this.flow.gradient_horizon[this.probe];
    const reach = `${horizon.censored ? "at least " : ""}${horizon.value} timesteps`;
    this.reading.textContent = `Step ${this.flow.steps[this.probe]}: the gradient reaches ${reach}.`;
    this.onSelect(this.probe);
  }

  size() {
    const width = Math.max(260, this.place.clientWidth);
    return { width, height: HEIGHT, inner: width - MARGIN.left - MARGIN.right, tall: HEIGHT - MARGIN.top - MARGIN.bottom };
  }

  /** Left edges of the columns, in pixels: half way between neighbouring probes. */
  edges() {
    const { inner } = this.size();
    const steps = this.flow?.steps ?? [];
    if (steps.length < 2) return [0, inner];
    const last = steps.length - 1;
    const middles = steps.slice(1).map((step, i) => (step + steps[i]) / 2);
    const first = steps[0] - (middles[0] - steps[0]);
    const end = steps[last] + (steps[last] - middles[last - 1]);
    return [first, ...middles, end].map((step) => ((step - first) / (end - first)) * inner);
  }

  /** @param {number} x */
  probeAt(x) {
    const edges = this.edges();
    const found = edges.findIndex((edge) => edge > x - MARGIN.left);
    return (found < 0 ? edges.length - 1 : Math.max(1, found)) - 1;
  }

  /** @param {PointerEvent} event */
  hover(event) {
    const flow = this.flow;
    if (!flow) return;
    const { tall } = this.size();
    const probe = Math.min(flow.steps.length - 1, this.probeAt(event.offsetX));
    const share = 1 - (event.offsetY - MARGIN.top) / tall;
    const row = Math.min(flow.lags.length - 1, Math.max(0, Math.floor(share * flow.lags.length)));
    const log = flow.log10_norm[probe][row];
    const lag = flow.lags[row];
    const bad = flow.non_finite.find((one) => one.step === flow.steps[probe] && one.first_lag <= lag && lag <= one.last_lag);
    const norm = bad ? (bad.value === "-inf" ? "exactly 0" : bad.value) : log === null ? "none" : shortNumber(10 ** log);
    this.reading.textContent = `Step ${flow.steps[probe]}, lag ${lag}: gradient ${norm}` +
      (log === null || log === undefined ? "." : `, ${shortNumber(10 ** (log - (flow.log10_norm[probe][0] ?? log)))} of that at lag 0.`);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const last = (this.flow?.steps.length ?? 1) - 1;
    const to = { ArrowLeft: this.probe - 1, ArrowRight: this.probe + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.choose(to);
  }

  draw() {
    if (!this.flow || !this.raster) return;
    const { width, height, inner, tall } = this.size();
    const ratio = devicePixelRatio;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const ctx = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    ctx.scale(ratio, ratio);
    ctx.translate(MARGIN.left, MARGIN.top);
    ctx.fillStyle = token("--sunken");
    ctx.fillRect(0, 0, inner, tall);
    ctx.imageSmoothingEnabled = false;
    const edges = this.edges();
    for (let probe = 0; probe < this.flow.steps.length; probe++) {
      const left = edges[probe];
      ctx.drawImage(this.raster.image, probe, 0, 1, this.flow.lags.length, left, 0, edges[probe + 1] - left + 0.5, tall);
    }
    this.drawLines(ctx, edges, tall, inner);
    this.drawAxes(ctx, edges, tall, inner);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number[]} edges @param {number} tall @param {number} inner */
  drawLines(ctx, edges, tall, inner) {
    const flow = /** @type {Flow} */ (this.flow);
    const most = flow.lags[flow.lags.length - 1] + 1;
    /** @param {number} lag */
    const y = (lag) => tall * (1 - Math.min(most, lag + 0.5) / most);
    /** @param {number} i */
    const x = (i) => (edges[i] + edges[i + 1]) / 2;
    ctx.lineWidth = 1;
    ctx.strokeStyle = "#ffffff";
    for (const [i, one] of flow.gradient_horizon.entries()) {
      ctx.beginPath();
      ctx.moveTo(x(i), y(one.interval[0]));
      ctx.lineTo(x(i), y(one.interval[1]));
      ctx.stroke();
    }
    ctx.lineWidth = 2;
    ctx.beginPath();
    flow.gradient_horizon.forEach((one, i) => ctx.lineTo(x(i), y(one.value)));
    ctx.stroke();
    if (this.requiredLag !== null && this.requiredLag < most) {
      ctx.setLineDash([6, 4]);
      ctx.strokeStyle = "#ffb000";
      ctx.beginPath();
      ctx.moveTo(0, y(this.requiredLag));
      ctx.lineTo(inner, y(this.requiredLag));
      ctx.stroke();
      ctx.setLineDash([]);
    }
    ctx.strokeStyle = token("--text");
    ctx.lineWidth = 1.5;
    ctx.strokeRect(edges[this.probe], 0, Math.max(2, edges[this.probe + 1] - edges[this.probe]), tall);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number[]} edges @param {number} tall @param {number} inner */
  drawAxes(ctx, edges, tall, inner) {
    const flow = /** @type {Flow} */ (this.flow);
    const raster = /** @type {Raster} */ (this.raster);
    ctx.fillStyle = token("--text-muted");
    ctx.font = "12px system-ui, sans-serif";
    ctx.textAlign = "right";
    const most = flow.lags[flow.lags.length - 1] + 1;
    for (const lag of ticks(0, most - 1, 6)) ctx.fillText(String(lag), -6, tall * (1 - (lag + 0.5) / most) + 4);
    ctx.textAlign = "center";
    const first = flow.steps[0];
    const last = flow.steps[flow.steps.length - 1];
    const from = (edges[0] + edges[1]) / 2;
    const to = (edges[edges.length - 2] + edges[edges.length - 1]) / 2;
    for (const step of ticks(first, last, Math.max(2, inner / 110))) {
      const share = last > first ? (step - first) / (last - first) : 0.5;
      ctx.fillText(shortNumber(step, 6), from + share * (to - from), tall + 16);
    }
    ctx.fillText("training step", inner / 2, tall + 32);
    ctx.save();
    ctx.translate(-40, tall / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.fillText("lag (timesteps back)", 0, 0);
    ctx.restore();
    for (let row = 0; row < tall; row++) {
      const [r, g, b] = viridis(1 - row / tall);
      ctx.fillStyle = `rgb(${r} ${g} ${b})`;
      ctx.fillRect(inner + 10, row, 12, 1.5);
    }
    ctx.fillStyle = token("--text-muted");
    ctx.textAlign = "left";
    for (const power of ticks(raster.low, raster.high, 6).filter(Number.isInteger)) {
      const share = (power - raster.low) / Math.max(1e-9, raster.high - raster.low);
      ctx.fillText(powerOfTen(power), inner + 27, tall * (1 - share) + 4);
    }
  }
}

/** @typedef {{image: HTMLCanvasElement, low: number, high: number}} Raster */

/** One pixel for each probe and lag; lag 0 is the lowest row. @param {Flow} flow @returns {Raster} */
export function rasterOf(flow) {
  let low = Infinity;
  let high = -Infinity;
  for (const row of flow.log10_norm) {
    for (const value of row) {
      if (value === null) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) [low, high] = [0, 1];
  low = Math.max(low, high - MAX_DECADES);
  const image = document.createElement("canvas");
  const [columns, rows] = [flow.steps.length, flow.lags.length];
  image.width = columns;
  image.height = rows;
  const ctx = /** @type {CanvasRenderingContext2D} */ (image.getContext("2d"));
  const pixels = ctx.createImageData(columns, rows);
  const span = Math.max(1e-9, high - low);
  const colors = Array.from({ length: 256 }, (_, index) => viridis(index / 255));
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const value = flow.log10_norm[column][row];
      if (value === null || value === undefined) continue;
      const [r, g, b] = colors[Math.round(255 * Math.min(1, Math.max(0, (value - low) / span)))];
      pixels.data.set([r, g, b, 255], 4 * ((rows - 1 - row) * columns + column));
    }
  }
  const columnOf = new Map(flow.steps.map((step, index) => [step, index]));
  for (const one of flow.non_finite) {
    const column = columnOf.get(one.step);
    if (column !== undefined) paintNonFinite(pixels, flow, one, column);
  }
  ctx.putImageData(pixels, 0, 0);
  return { image, low, high };
}

/** Exactly 0 is black, NaN and infinity are red. @param {ImageData} pixels @param {Flow} flow @param {NotFinite} one @param {number} column */
function paintNonFinite(pixels, flow, one, column) {
  const color = one.value === "-inf" ? [0, 0, 0, 255] : [213, 0, 0, 255];
  flow.lags.forEach((lag, row) => {
    if (one.first_lag <= lag && lag <= one.last_lag) {
      pixels.data.set(color, 4 * ((flow.lags.length - 1 - row) * flow.steps.length + column));
    }
  });
}
