/** Other people's pointers over the board. */

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Company, Place, Pointer } from "../state/company";
import type { Columns } from "../state/grip";
import { hueOf } from "./avatar";

interface CursorsProps {
  company: Company;
  /** Cards that change places take the pointers on them along. */
  columns: Columns;
}

export function Cursors({ company, columns }: CursorsProps) {
  return (
    <div class="cursors" aria-hidden="true">
      {company.pointers.value.map((pointer) => (
        <Cursor key={pointer.client} pointer={pointer} columns={columns} />
      ))}
    </div>
  );
}

/** Follows its place on this screen, which moves when this person scrolls or opens a panel; CSS glides in between. */
function Cursor({ pointer, columns }: { pointer: Pointer; columns: Columns }) {
  const element = useRef<HTMLDivElement>(null);
  // Not after the frame is drawn: by then it may be gone again, with its owner.
  useLayoutEffect(() => {
    const { style } = element.current!;
    const put = () => {
      const spot = locate(pointer.gesture.at);
      style.opacity = spot ? "1" : "0";
      if (spot) style.transform = `translate(${spot.x}px, ${spot.y}px)`;
    };
    put();
    // A panel that opens makes the columns narrower, and no window is resized.
    const watch = new ResizeObserver(put);
    for (const list of document.querySelectorAll(".board .cards")) watch.observe(list);
    window.addEventListener("scroll", put, { capture: true, passive: true });
    window.addEventListener("resize", put);
    return () => {
      watch.disconnect();
      window.removeEventListener("scroll", put, { capture: true });
      window.removeEventListener("resize", put);
    };
  }, [pointer, columns]);
  return (
    <div class={`cursor ${hueOf(pointer.user)}`} ref={element} data-user={pointer.user}>
      <svg width="18" height="20" viewBox="0 0 18 20" aria-hidden="true">
        <path d="M2 1.5l13.5 8.2-6.3 1.3-3.4 5.900z" />
      </svg>
      <span>{pointer.name}</span>
    </div>
  );
}

/** Where a place is on this screen, or null where it can't be seen. */
function locate(place: Place | null | undefined): { x: number; y: number } | null {
  if (!place) return null;
  if ("task" in place) {
    const slot = document.querySelector(`.board .slot[data-id="${CSS.escape(place.task)}"]`);
    const list = slot?.closest(".cards");
    if (!slot || !list) return null;
    const box = slot.getBoundingClientRect();
    return inside(list, box.x + place.x * box.width, box.y + place.y * box.height);
  }
  const list = document.querySelector(`.board .cards[data-status="${CSS.escape(place.column)}"]`);
  if (!list) return null;
  const box = list.getBoundingClientRect();
  return inside(list, box.x + place.x * box.width, box.y + place.y - list.scrollTop);
}

function inside(list: Element, x: number, y: number): { x: number; y: number } | null {
  const frame = list.closest(".column")!.getBoundingClientRect();
  return y >= frame.top && y <= frame.bottom && x >= 0 && x <= window.innerWidth ? { x, y } : null;
}
