/** Animates cards from their old place to the new one. */

export interface Spot {
  box: DOMRect;
  slot: HTMLElement;
  list: Element;
}

/** The place of each card on screen, by task. */
export type Spots = ReadonlyMap<string, Spot>;

const DURATION_MS = 260;
const EASING = "cubic-bezier(.2, .8, .2, 1)";
/** With more moving cards than this nobody can follow one, so none is animated. */
const MOST_IN_MOTION = 60;

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Measure the cards on screen only: a column may hold thousands. Forces layout, so call it once per change. */
export function measure(board: HTMLElement): Spots {
  const spots = new Map<string, Spot>();
  for (const list of board.querySelectorAll(".cards")) {
    const frame = list.getBoundingClientRect();
    if (frame.right < 0 || frame.left > window.innerWidth) continue;
    for (const slot of onScreen(list as HTMLElement, frame)) {
      spots.set(slot.dataset.task!, { box: slot.getBoundingClientRect(), slot, list });
    }
  }
  return spots;
}

/** Animate every card that has moved since `before`. Ids are lasting ones. */
export function play(board: HTMLElement, before: Spots): void {
  if (still.matches || before.size === 0) return;
  const after = measure(board);
  const moved = [...after].filter(([task, spot]) => {
    const was = before.get(task);
    return was && (Math.abs(was.box.x - spot.box.x) > 1 || Math.abs(was.box.y - spot.box.y) > 1);
  });
  if (moved.length > MOST_IN_MOTION) return;
  for (const [task, spot] of moved) {
    const was = before.get(task)!;
    if (was.list === spot.list) slide(spot.slot, was.box, spot.box);
    else fly(spot.slot, was.box, spot.box);
  }
}

export function reducedMotion(): boolean {
  return still.matches;
}

/** The slots of a list that are not filtered out, in order. */
export function visibleSlots(list: Element): NodeListOf<HTMLElement> {
  return list.querySelectorAll<HTMLElement>(":scope > .slot:not([hidden])");
}

export function slotOf(board: Element, task: string): HTMLElement | null {
  return board.querySelector(`.slot[data-task="${CSS.escape(task)}"]`);
}

function slide(slot: HTMLElement, from: DOMRect, to: DOMRect): void {
  slot.animate([{ transform: `translate(${from.x - to.x}px, ${from.y - to.y}px)` }, { transform: "none" }], {
    duration: DURATION_MS,
    easing: EASING,
  });
}

/** From one column to another, drawn above both: a column would clip the card. */
function fly(slot: HTMLElement, from: DOMRect, to: DOMRect): void {
  const bird = slot.cloneNode(true) as HTMLElement;
  bird.className = "slot flying";
  bird.removeAttribute("data-task");
  bird.inert = true;
  bird.setAttribute("aria-hidden", "true");
  const { style } = bird;
  style.width = `${to.width}px`;
  style.left = `${to.x}px`;
  style.top = `${to.y}px`;
  document.body.append(bird);
  const distance = Math.hypot(from.x - to.x, from.y - to.y);
  const options = { duration: DURATION_MS + Math.min(240, distance / 3), easing: EASING };
  const hidden = slot.animate([{ opacity: 0 }, { opacity: 0 }], options);
  const flight = bird.animate(
    [
      { transform: `translate(${from.x - to.x}px, ${from.y - to.y}px)` },
      { transform: "translate(0, 0) rotate(.001deg)" },
    ],
    options,
  );
  const land = () => {
    bird.remove();
    hidden.cancel();
  };
  flight.onfinish = land;
  flight.oncancel = land;
}

/** The visible slots of a list, found by binary search, since they are in order. */
function onScreen(list: HTMLElement, frame: DOMRect): HTMLElement[] {
  const slots = visibleSlots(list);
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const slot = slots[middle]!;
    if (slot.offsetTop + slot.offsetHeight < list.scrollTop) low = middle + 1;
    else high = middle;
  }
  const seen: HTMLElement[] = [];
  for (let index = low; index < slots.length; index++) {
    const slot = slots[index]!;
    if (slot.offsetTop > list.scrollTop + frame.height) break;
    seen.push(slot);
  }
  return seen;
}
