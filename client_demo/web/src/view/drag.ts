/** A card carried by mouse, pen or finger. */

import type { Task } from "../api/shapes";
import type { Grip } from "../state/grip";
import { reducedMotion, slotOf, visibleSlots } from "./flip";

export const THRESHOLD_PX = 5;
/** A finger that rests this long picks the card up; one that moves sooner scrolls. */
export const LONG_PRESS_MS = 260;
export const EDGE_PX = 56;
export const FASTEST_SCROLL_PX = 18;

interface Options {
  board: HTMLElement;
  grip: Grip;
  onTake: () => void;
  onMove: (event: PointerEvent) => void;
  /** How many cards go along, with this one. */
  count: number;
  onDrop: () => void;
  /** A finger has rested on the card and not carried it. */
  onRest: () => void;
  onCancel: () => void;
}

/** Watch a pointer that went down on a card: it may turn out to be a click, a scroll or a drag. */
export function watchPointer(down: PointerEvent, task: Task, key: string, options: Options): void {
  const byFinger = down.pointerType === "touch";
  const stop = new AbortController();
  const { signal } = stop;
  let carried: Carried | null = null;
  let hasMoved = false;

  const lift = () => {
    options.grip.take(task, "pointer");
    if (!options.grip.held.value) return stop.abort();
    carried = new Carried(down, key, options);
    options.onTake();
    if (byFinger) navigator.vibrate?.(12);
  };
  const timer = byFinger ? setTimeout(lift, LONG_PRESS_MS) : undefined;
  const end = () => {
    clearTimeout(timer);
    stop.abort();
    carried?.remove();
    carried = null;
  };

  const listen = <K extends keyof WindowEventMap>(type: K, listener: (event: WindowEventMap[K]) => void) =>
    window.addEventListener(type, listener, { signal, passive: false, capture: true });
  listen("pointermove", (event) => {
    if (event.pointerId !== down.pointerId) return;
    const distance = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY);
    if (!carried && distance > THRESHOLD_PX) {
      if (byFinger) return end(); // a scroll
      lift();
    }
    if (!carried) return;
    hasMoved ||= distance > THRESHOLD_PX;
    carried.follow(event.clientX, event.clientY);
    options.onMove(event);
  });
  // While it carries a card the finger must not scroll. A touch sends all its events to the element it began on, even if
  // that has left the page, as a card does when it is redrawn in another column. The window would not receive them then,
  // and the browser would scroll and cancel the pointer.
  const keepStill = (event: Event) => carried && event.cancelable && event.preventDefault();
  down.target!.addEventListener("touchmove", keepStill, { signal, passive: false });
  listen("contextmenu", (event) => byFinger && event.preventDefault());
  listen("pointerup", (event) => {
    if (event.pointerId !== down.pointerId) return; // another finger's
    const landing = carried;
    carried = null;
    end();
    if (!landing) return;
    swallowClick();
    if (byFinger && !hasMoved) {
      landing.remove();
      options.onRest();
      return;
    }
    options.onDrop();
    landing.land();
  });
  listen("pointercancel", (event) => {
    if (event.pointerId !== down.pointerId) return;
    const wasCarried = carried !== null;
    end();
    if (wasCarried) options.onCancel();
  });
  listen("keydown", (event) => {
    if (event.key !== "Escape" || !carried) return;
    event.preventDefault();
    event.stopPropagation();
    end();
    options.onCancel();
  });
}

/** The card's image under the pointer, and the slot of the board below it. */
class Carried {
  private readonly ghost: HTMLElement;
  private readonly offset: { x: number; y: number };
  private frame = 0;
  private x: number;
  private y: number;

  constructor(
    down: PointerEvent,
    key: string,
    private readonly options: Options,
  ) {
    this.x = down.clientX;
    this.y = down.clientY;
    const slot = slotOf(options.board, key)!;
    const box = slot.getBoundingClientRect();
    this.offset = { x: down.clientX - box.x, y: down.clientY - box.y };
    this.ghost = slot.cloneNode(true) as HTMLElement;
    this.ghost.className = "slot ghost-card";
    this.ghost.removeAttribute("data-task");
    this.ghost.inert = true;
    this.ghost.setAttribute("aria-hidden", "true");
    this.ghost.style.width = `${box.width}px`;
    if (options.count > 1) {
      this.ghost.dataset.count = String(options.count);
      options.board.classList.add("carrying-selected");
    }
    document.body.append(this.ghost);
    options.board.classList.add("carrying");
    this.tick();
  }

  follow(x: number, y: number): void {
    this.x = x;
    this.y = y;
  }

  /** Let the image glide to the card's new place. */
  land(): void {
    this.stop();
    const slot = this.options.board.querySelector(".slot.held");
    const isSeen = slot?.checkVisibility();
    if (!isSeen || reducedMotion()) {
      this.ghost.remove();
      return;
    }
    const { x, y } = slot!.getBoundingClientRect();
    const landing = this.ghost.animate([{}, { transform: `translate(${x}px, ${y}px)` }], {
      duration: 160,
      easing: "cubic-bezier(.2, .8, .2, 1)",
    });
    landing.onfinish = () => this.ghost.remove();
    landing.oncancel = () => this.ghost.remove();
  }

  remove(): void {
    this.stop();
    this.ghost.remove();
  }

  private stop(): void {
    cancelAnimationFrame(this.frame);
    this.options.board.classList.remove("carrying", "carrying-selected");
  }

  private readonly tick = (): void => {
    this.ghost.style.transform = `translate(${this.x - this.offset.x}px, ${this.y - this.offset.y}px) rotate(1.2deg)`;
    const list = this.listBelow();
    this.scroll(this.options.board, "x", this.options.board.getBoundingClientRect());
    if (list) {
      this.scroll(list, "y", list.getBoundingClientRect());
      this.options.grip.carry({ column: list.dataset.column!, index: this.indexIn(list) });
    }
    this.frame = requestAnimationFrame(this.tick);
  };

  /** The list of the column that the pointer is over, or nearest to. */
  private listBelow(): HTMLElement | null {
    const lists = [...this.options.board.querySelectorAll<HTMLElement>(".cards")];
    const distance = (list: HTMLElement) => {
      const { left, right } = list.closest(".column")!.getBoundingClientRect();
      return Math.max(left - this.x, this.x - right, 0);
    };
    return lists.sort((a, b) => distance(a) - distance(b))[0] ?? null;
  }

  /** How many other cards of the list have their middle above the pointer; found by binary search. */
  private indexIn(list: HTMLElement): number {
    if (list.offsetParent === null) return Number.MAX_SAFE_INTEGER; // in a collapsed column: at the end
    const y = this.y - list.getBoundingClientRect().top + list.scrollTop;
    const slots = visibleSlots(list);
    let low = 0;
    let high = slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const slot = slots[middle]!;
      if (slot.offsetTop + slot.offsetHeight / 2 < y) low = middle + 1;
      else high = middle;
    }
    const held = list.querySelector<HTMLElement>(".slot.held");
    return held && held.offsetTop + held.offsetHeight / 2 < y ? low - 1 : low;
  }

  private scroll(area: HTMLElement, axis: "x" | "y", box: DOMRect): void {
    const at = axis === "x" ? this.x : this.y;
    const [start, end] = axis === "x" ? [box.left, box.right] : [box.top, box.bottom];
    const before = Math.max(0, start + EDGE_PX - at);
    const beyond = Math.max(0, at - (end - EDGE_PX));
    const step = (Math.min(beyond, EDGE_PX) - Math.min(before, EDGE_PX)) * (FASTEST_SCROLL_PX / EDGE_PX);
    if (step !== 0) area.scrollBy({ [axis === "x" ? "left" : "top"]: step });
  }
}

/** The click that a busy browser makes of a finger's drop comes as much later. */
const LATEST_CLICK_MS = 1_000;

/** Ignore the click that a browser makes of the drop: it must not open what was carried. */
export function swallowClick(): void {
  const stop = new AbortController();
  const options = { capture: true, signal: stop.signal };
  const swallow = (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
    stop.abort();
  };
  window.addEventListener("click", swallow, options);
  // A click after these is another one.
  for (const next of ["pointerdown", "keydown"]) window.addEventListener(next, () => stop.abort(), options);
  setTimeout(() => stop.abort(), LATEST_CLICK_MS);
}
