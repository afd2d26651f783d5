/** A card carried by mouse, pen or finger. */

import type { Status, Task } from "../api/shapes";
import type { Grip } from "../state/grip";
import { reducedMotion, slotOf } from "./flip";

const THRESHOLD_PX = 5;
/** A finger that rests this long wants the card; one that moves sooner wants to scroll. */
const LONG_PRESS_MS = 260;
const EDGE_PX = 56;
const FASTEST_SCROLL_PX = 18;

interface Options {
  board: HTMLElement;
  grip: Grip;
  onTake: () => void;
  onMove: (event: PointerEvent) => void;
  onDrop: () => void;
  onCancel: () => void;
}

/** Begin to watch a pointer that went down on a card; the card is taken only if the pointer then says so. */
export function watchPointer(down: PointerEvent, task: Task, key: string, options: Options): void {
  const byFinger = down.pointerType === "touch";
  const stop = new AbortController();
  const { signal } = stop;
  let carried: Carried | null = null;

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
      if (byFinger) return end(); // it scrolls
      lift();
    }
    if (!carried) return;
    carried.follow(event.clientX, event.clientY);
    options.onMove(event);
  });
  // Once the card is in hand the finger must not scroll; before, it must be free to. A touch sends all its events to the
  // element it began on, also when that has left the page, as a card does when it is drawn in another column: from there
  // nothing reaches the window, and the browser would scroll and cancel the pointer.
  const keepStill = (event: Event) => carried && event.cancelable && event.preventDefault();
  down.target!.addEventListener("touchmove", keepStill, { signal, passive: false });
  listen("contextmenu", (event) => byFinger && event.preventDefault());
  listen("pointerup", () => {
    const landing = carried;
    carried = null;
    end();
    if (!landing) return;
    swallowClick();
    options.onDrop();
    landing.land();
  });
  listen("pointercancel", () => {
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
    document.body.append(this.ghost);
    options.board.classList.add("carrying");
    this.tick();
  }

  follow(x: number, y: number): void {
    this.x = x;
    this.y = y;
  }

  /** Let the image glide the last bit, to where the card now is. */
  land(): void {
    this.stop();
    const slot = this.options.board.querySelector(".slot.held");
    if (!slot || reducedMotion()) {
      this.ghost.remove();
      return;
    }
    const { x, y } = slot.getBoundingClientRect();
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
    this.options.board.classList.remove("carrying");
  }

  private readonly tick = (): void => {
    this.ghost.style.transform = `translate(${this.x - this.offset.x}px, ${this.y - this.offset.y}px) rotate(1.2deg)`;
    const list = this.listBelow();
    this.scroll(this.options.board, "x", this.options.board.getBoundingClientRect());
    if (list) {
      this.scroll(list, "y", list.getBoundingClientRect());
      this.options.grip.carry({ status: list.dataset.status as Status, index: this.indexIn(list) });
    }
    this.frame = requestAnimationFrame(this.tick);
  };

  /** The list of the column that the pointer is over, or nearest to. */
  private listBelow(): HTMLElement | null {
    const lists = [...this.options.board.querySelectorAll<HTMLElement>(".cards")];
    const distance = (list: HTMLElement) => {
      const { left, right } = list.getBoundingClientRect();
      return Math.max(left - this.x, this.x - right, 0);
    };
    return lists.sort((a, b) => distance(a) - distance(b))[0] ?? null;
  }

  /** How many other cards of the list have their middle above the pointer; found by halving. */
  private indexIn(list: HTMLElement): number {
    const y = this.y - list.getBoundingClientRect().top + list.scrollTop;
    const slots = list.children;
    let low = 0;
    let high = slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const slot = slots[middle] as HTMLElement;
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

/** The click that a browser makes of the pointer going up is no wish to open the card. */
function swallowClick(): void {
  const swallow = (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => window.removeEventListener("click", swallow, { capture: true }), 0);
}
