// Charts that show the same steps: zooming and moving one moves all, at once and without asking the server.

import { fragmentOf, rangeOf, shifted, stretched, whole, within } from "./ranges.js";

/** @typedef {import("./ranges.js").Range} Range */
/** @typedef {{showRange: () => void}} Member */

/** Milliseconds without a movement after which the points of the range are read. */
const SETTLE_MS = 200;
/** Pixels of the wheel that halve or double the range, and by which a key moves it. */
const WHEEL_PX = 240;
const KEY_SHARE = 0.2;

export class RangeGroup {
  /** @param {(range: Range | null) => void} onSettle Called with whole steps once nothing moves any more. */
  constructor(onSettle) {
    this.onSettle = onSettle;
    this.key = `group-${Math.random()}`;
    /** What was read: null for all steps. @type {Range | null} */
    this.range = null;
    /** What is shown at this moment. @type {Range | null} */
    this.shown = null;
    /** All steps that there are; null until something was drawn. @type {Range | null} */
    this.extent = null;
    /** @type {Set<Member>} */
    this.members = new Set();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.isDrawing = false;
  }

  /** @param {Member} member */
  add(member) {
    this.members.add(member);
  }

  /** @param {number} from @param {number} to */
  include(from, to) {
    if (this.range) return;
    this.extent = { from: Math.min(from, this.extent?.from ?? from), to: Math.max(to, this.extent?.to ?? to) };
  }

  /** Shows a range and reads its points. @param {Range | null} range */
  zoom(range) {
    this.move(range);
    clearTimeout(this.timer);
    this.settle();
  }

  /** Shows a range with the points that are there; they are read once nothing moves. @param {Range | null} range */
  move(range) {
    this.shown = range && within(range, this.extent);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), SETTLE_MS);
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      for (const member of this.members) member.showRange();
    });
  }

  settle() {
    this.range = this.shown && whole(this.shown);
    this.onSettle(this.range);
  }

  /** What is shown now. @returns {Range} */
  present() {
    return this.shown ?? this.extent ?? { from: 0, to: 1 };
  }

  /** Makes the range longer by a factor; `at` stays where it is. @param {number} factor @param {number} at */
  stretch(factor, at) {
    this.move(stretched(this.present(), factor, at));
  }

  /** Moves the range by a share of its length. @param {number} share */
  shift(share) {
    this.move(shifted(this.present(), share));
  }

  /**
   * Zooms by the wheel with Ctrl and by + and −, moves by dragging with Shift and by the wheel sideways; 0 shows all.
   * @param {HTMLElement} place @param {(clientX: number) => number} stepAt
   */
  listen(place, stepAt) {
    place.addEventListener("wheel", (event) => {
      if (event.ctrlKey) this.stretch(2 ** (event.deltaY / WHEEL_PX), stepAt(event.clientX));
      else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.shift(event.deltaX / Math.max(1, place.clientWidth));
      else return;
      event.preventDefault();
    }, { passive: false });
    place.addEventListener("pointerdown", (event) => {
      if (!event.shiftKey) return;
      event.preventDefault();
      place.setPointerCapture(event.pointerId);
      let last = event.clientX;
      /** @param {PointerEvent} moved */
      const drag = (moved) => {
        this.shift((last - moved.clientX) / Math.max(1, place.clientWidth));
        last = moved.clientX;
      };
      place.addEventListener("pointermove", drag);
      place.addEventListener("pointerup", () => place.removeEventListener("pointermove", drag), { once: true });
    });
    place.addEventListener("dblclick", () => this.zoom(null));
    place.addEventListener("keydown", (event) => this.press(event));
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { from, to } = this.present();
    if (event.key === "+" || event.key === "=") this.stretch(0.5, (from + to) / 2);
    else if (event.key === "-") this.stretch(2, (from + to) / 2);
    else if (event.key === "0") this.zoom(null);
    else if (event.shiftKey && event.key === "ArrowLeft") this.shift(-KEY_SHARE);
    else if (event.shiftKey && event.key === "ArrowRight") this.shift(KEY_SHARE);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}

/** Keeps the range of a page's charts in its address. @param {RangeGroup} group */
export function keepInAddress(group) {
  group.shown = group.range = rangeOf(location.hash);
  addEventListener("hashchange", () => group.zoom(rangeOf(location.hash)));
  const settled = group.onSettle;
  group.onSettle = (range) => {
    history.replaceState(null, "", range ? fragmentOf(range) : location.pathname + location.search);
    settled(range);
  };
}
