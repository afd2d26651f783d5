/** A column carried by its head, with mouse, pen or finger. */

import { EDGE_PX, FASTEST_SCROLL_PX, LONG_PRESS_MS, swallowClick, THRESHOLD_PX } from "./drag";

interface Options {
  board: HTMLElement;
  /** The column is in hand, and would be put before the others from this index on. */
  onCarry: (index: number) => void;
  onDrop: () => void;
  onCancel: () => void;
}

/** Watch a pointer that went down on a column's head: it may turn out to be a click, a scroll or a drag. */
export function watchHead(down: PointerEvent, column: HTMLElement, options: Options): void {
  const byFinger = down.pointerType === "touch";
  const { board } = options;
  const stop = new AbortController();
  const { signal } = stop;
  let isCarried = false;
  let x = down.clientX;
  let frame = 0;

  const follow = () => {
    const { left, right } = board.getBoundingClientRect();
    const past = Math.max(0, x - (right - EDGE_PX)) - Math.max(0, left + EDGE_PX - x);
    if (past !== 0)
      board.scrollBy({ left: (Math.max(-EDGE_PX, Math.min(EDGE_PX, past)) * FASTEST_SCROLL_PX) / EDGE_PX });
    const others = [...board.querySelectorAll<HTMLElement>(".column")].filter((each) => each !== column);
    const isPassed = (each: HTMLElement) => each.getBoundingClientRect().x + each.offsetWidth / 2 < x;
    options.onCarry(others.filter(isPassed).length);
    frame = requestAnimationFrame(follow);
  };
  const lift = () => {
    isCarried = true;
    board.classList.add("carrying");
    if (byFinger) navigator.vibrate?.(12);
    follow();
  };
  const timer = byFinger ? setTimeout(lift, LONG_PRESS_MS) : undefined;
  const end = (): boolean => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    stop.abort();
    board.classList.remove("carrying");
    return isCarried;
  };
  const listen = <K extends keyof WindowEventMap>(type: K, listener: (event: WindowEventMap[K]) => void) =>
    window.addEventListener(type, listener, { signal, passive: false, capture: true });
  listen("pointermove", (event) => {
    if (event.pointerId !== down.pointerId) return;
    x = event.clientX;
    if (isCarried || Math.hypot(x - down.clientX, event.clientY - down.clientY) <= THRESHOLD_PX) return;
    if (byFinger)
      end(); // a scroll
    else lift();
  });
  // While it carries a column the finger must not scroll.
  const keepStill = (event: Event) => isCarried && event.cancelable && event.preventDefault();
  down.target!.addEventListener("touchmove", keepStill, { signal, passive: false });
  listen("contextmenu", (event) => byFinger && event.preventDefault());
  listen("pointerup", (event) => {
    if (event.pointerId !== down.pointerId || !end()) return; // another finger's
    swallowClick();
    options.onDrop();
  });
  listen("pointercancel", (event) => event.pointerId === down.pointerId && end() && options.onCancel());
  listen("keydown", (event) => {
    if (event.key !== "Escape" || !isCarried) return;
    event.preventDefault();
    event.stopPropagation();
    end();
    options.onCancel();
  });
}
