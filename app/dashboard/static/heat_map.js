// The gradient-flow heat map: training step × lag, coloured by the size of the gradient there.

import { cellAt, columnAt, edgesOf, lagsOf, paint } from "./heat_map_image.js";
import { powerOfTen, shortNumber, stepText, ticks, viridis } from "./scales.js";
import { token } from "./theme.js";

/** @typedef {import("./heat_map_image.js").Flow} Flow */
/** @typedef {import("./range_group.js").RangeGroup} RangeGroup */

const MARGIN = { left: 52, right: 76, top: 10, bottom: 38 };
/**
 * A large map stands alone; a small one shares steps, lags and colours with others, and shows shares of the norm at lag 0.
 * @typedef {{height: number, isSmall: boolean}} Look
 */

/** @type {Look} */
const LARGE = { height: 340, isSmall: false };
/** Pixels at the right of a map whose colours are explained elsewhere. */
const WITHOUT_SCALE = 16;

export class HeatMap {
  /** @param {HTMLElement} place @param {RangeGroup} group @param {(probe: number) => void} onSelect @param {Look} [look] */
  constructor(place, group, onSelect, look = LARGE) {
    this.look = look;
    this.place = place;
    this.group = group;
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
    /** Lags from the bottom to the top, which may be more than the map has. */
    this.most = 1;
    this.probe = 0;
    /** Step of the probe that somebody chose; without a choice the last one is shown. @type {number | null} */
    this.chosenStep = null;
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("click", (event) => !event.shiftKey && this.choose(this.probeAt(event.offsetX)));
    this.canvas.addEventListener("keydown", (event) => this.press(event));
    group.add(this);
    group.listen(this.canvas, (clientX) => this.stepAt(clientX - this.canvas.getBoundingClientRect().left));
    new ResizeObserver(() => this.draw()).observe(place);
    document.addEventListener("themechange", () => this.draw());
  }

  /** @param {Flow} flow @param {number | null} requiredLag @param {number} [most] */
  show(flow, requiredLag, most = lagsOf(flow)) {
    this.flow = flow;
    this.most = most;
    this.requiredLag = requiredLag;
    this.edges = edgesOf(flow.steps);
    this.canvas.setAttribute("aria-label",
      `Gradient flow: ${flow.steps.length} probes by ${flow.lags.length} lags. Arrow keys move between probes.`);
    const chosen = this.chosenStep === null ? -1 : flow.steps.indexOf(this.chosenStep);
    this.select(chosen < 0 ? flow.steps.length - 1 : chosen);
  }

  /** The group shows other steps. */
  showRange() {
    this.draw();
  }

  /** Selects a probe for somebody, also when new ones arrive. @param {number} probe */
  choose(probe) {
    this.select(probe);
    this.chosenStep = this.flow?.steps[this.probe] ?? null;
  }

  /** @param {number} probe */
  select(probe) {
    const flow = this.flow;
    if (!flow) return;
    this.probe = Math.min(flow.steps.length - 1, Math.max(0, probe));
    this.draw();
    const reach = `${flow.censored[this.probe] ? "at least " : ""}${flow.gradient_horizon[this.probe]} timesteps`;
    this.reading.textContent = `Step ${flow.steps[this.probe]}: the gradient reaches ${reach}.`;
    this.onSelect(this.probe);
  }

  size() {
    const width = Math.max(260, this.place.clientWidth);
    const { height, isSmall } = this.look;
    const right = isSmall ? WITHOUT_SCALE : MARGIN.right;
    return { width, height, inner: width - MARGIN.left - right, tall: height - MARGIN.top - MARGIN.bottom };
  }

  /** The steps between the left and the right end. */
  range() {
    const edges = this.edges ?? [0, 1];
    if (this.look.isSmall) return this.group.present();
    return this.group.shown ?? { from: edges[0], to: edges[edges.length - 1] };
  }

  /** @param {number} x */
  stepAt(x) {
    const { from, to } = this.range();
    return from + ((x - MARGIN.left) / this.size().inner) * (to - from);
  }

  /** @param {number} x */
  probeAt(x) {
    return columnAt(this.edges ?? [0, 1], this.stepAt(x));
  }

  /** @param {PointerEvent} event */
  hover(event) {
    const flow = this.flow;
    if (!flow) return;
    const probe = this.probeAt(event.offsetX);
    const share = 1 - (event.offsetY - MARGIN.top) / this.size().tall;
    const row = Math.min(flow.lags.length - 1, Math.max(0, Math.floor((share * flow.lags.length * this.most) / lagsOf(flow))));
    const [found, first] = [cellAt(flow, probe, row), cellAt(flow, probe, 0)];
    const norm = typeof found === "number" ? shortNumber(10 ** found) : found;
    if (this.look.isSmall) {
      this.reading.textContent = `Step ${flow.steps[probe]}, lag ${flow.lags[row]}: ${norm} of the gradient at lag 0.`;
      return;
    }
    const ratio = typeof found === "number" && typeof first === "number" ? `, ${shortNumber(10 ** (found - first))} of that at lag 0` : "";
    this.reading.textContent = `Step ${flow.steps[probe]}, lag ${flow.lags[row]}: gradient ${norm}${ratio}.`;
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const last = (this.flow?.steps.length ?? 1) - 1;
    const to = { ArrowLeft: this.probe - 1, ArrowRight: this.probe + 1, Home: 0, End: last }[event.key];
    if (to === undefined || event.shiftKey) return;
    event.preventDefault();
    this.choose(to);
  }

  draw() {
    if (!this.flow) return;
    const { width, height, inner, tall } = this.size();
    const ratio = devicePixelRatio;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = width * ratio;
      this.canvas.height = height * ratio;
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    const ctx = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const [columns, rows] = [Math.round(inner * ratio), Math.round(tall * ratio)];
    const pixels = paint(this.flow, this.range(), columns, rows, this.most);
    ctx.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), columns, rows), Math.round(MARGIN.left * ratio), Math.round(MARGIN.top * ratio));
    ctx.translate(MARGIN.left, MARGIN.top);
    this.drawLines(ctx, tall, inner);
    this.drawAxes(ctx, tall, inner);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} tall @param {number} inner */
  drawLines(ctx, tall, inner) {
    const flow = /** @type {Flow} */ (this.flow);
    const { from, to } = this.range();
    const most = this.most;
    /** @param {number} lag */
    const y = (lag) => tall * (1 - Math.min(most, lag + 0.5) / most);
    /** @param {number} step */
    const x = (step) => ((step - from) / (to - from)) * inner;
    ctx.save();
    ctx.beginPath();
    ctx.rect(0, 0, inner, tall);
    ctx.clip();
    ctx.fillStyle = "rgb(255 255 255 / 35%)";
    ctx.beginPath();
    flow.steps.forEach((step, i) => ctx.lineTo(x(step), y(flow.horizon_low[i])));
    for (let i = flow.steps.length - 1; i >= 0; i--) ctx.lineTo(x(flow.steps[i]), y(flow.horizon_high[i]));
    ctx.fill();
    ctx.strokeStyle = "#ffffff";
    ctx.lineWidth = 2;
    ctx.beginPath();
    flow.steps.forEach((step, i) => ctx.lineTo(x(step), y(flow.gradient_horizon[i])));
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
    if (!this.look.isSmall || this.chosenStep !== null) this.drawChoice(ctx, tall, x);
    ctx.restore();
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} tall @param {(step: number) => number} x */
  drawChoice(ctx, tall, x) {
    const edges = this.edges ?? [0, 1];
    const left = x(edges[this.probe]);
    ctx.strokeStyle = token("--text");
    ctx.lineWidth = 1.5;
    ctx.strokeRect(left, 0, Math.max(2, x(edges[this.probe + 1]) - left), tall);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} tall @param {number} inner */
  drawAxes(ctx, tall, inner) {
    ctx.fillStyle = token("--text-muted");
    ctx.font = "12px system-ui, sans-serif";
    ctx.textAlign = "right";
    const most = this.most;
    for (const lag of ticks(0, most - 1, Math.max(3, Math.min(6, tall / 30)))) ctx.fillText(String(lag), -6, tall * (1 - (lag + 0.5) / most) + 4);
    ctx.textAlign = "center";
    const { from, to } = this.range();
    for (const step of ticks(Math.max(0, from), to, Math.max(2, inner / 110))) {
      ctx.fillText(stepText(step), ((step - from) / (to - from)) * inner, tall + 16);
    }
    ctx.fillText("training step", inner / 2, tall + 32);
    ctx.save();
    ctx.translate(-40, tall / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.fillText("lag (timesteps back)", 0, 0);
    ctx.restore();
    if (!this.look.isSmall) this.drawScale(ctx, tall, inner);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} tall @param {number} inner */
  drawScale(ctx, tall, inner) {
    const colors = ctx.createLinearGradient(0, tall, 0, 0);
    for (let part = 0; part <= 16; part++) {
      const [r, g, b] = viridis(part / 16);
      colors.addColorStop(part / 16, `rgb(${r} ${g} ${b})`);
    }
    ctx.fillStyle = colors;
    ctx.fillRect(inner + 10, 0, 12, tall);
    ctx.fillStyle = token("--text-muted");
    ctx.textAlign = "left";
    const [low, high] = /** @type {Flow} */ (this.flow).shown;
    for (const power of ticks(low, high, 6).filter(Number.isInteger)) {
      const share = (power - low) / Math.max(1e-9, high - low);
      ctx.fillText(powerOfTen(power), inner + 27, tall * (1 - share) + 4);
    }
  }
}
