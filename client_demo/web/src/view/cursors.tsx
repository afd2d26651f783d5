/** Other people's pointers over the board, and where the cards that they carry would land. */

import { useEffect, useRef } from "preact/hooks";
import type { Columns } from "../state/columns";
import type { Grip } from "../state/grip";
import type { Place, Pointer, Presence } from "../state/presence";
import { hueOf } from "./avatar";
import { DropSlots } from "./drop_slots";
import { isSeen, listOf, slotById, useFollow } from "./follow";

interface CursorsProps {
  presence: Presence;
  grip: Grip;
}

/** A pointer that rests for this long fades: it covers what others read. */
const IDLE_MS = 4_000;

/** Subscribes by itself to the cards' places, since pointers on them move along. */
export function Cursors({ presence, grip }: CursorsProps) {
  const columns = grip.shown.value;
  return (
    <div class="cursors" aria-hidden="true">
      <DropSlots presence={presence} columns={columns} />
      {presence.pointers.value.map((pointer) => (
        <Cursor key={pointer.client} pointer={pointer} columns={columns} />
      ))}
    </div>
  );
}

/** Follows its place on this screen; CSS glides in between. */
function Cursor({ pointer, columns }: { pointer: Pointer; columns: Columns }) {
  const element = useRef<HTMLDivElement>(null);
  useFollow(() => {
    const { style } = element.current!;
    const spot = locate(pointer.gesture.at);
    style.visibility = spot ? "visible" : "hidden";
    if (spot) style.transform = `translate(${spot.x}px, ${spot.y}px)`;
  }, [pointer, columns]);
  const place = JSON.stringify(pointer.gesture.at); // gestures are repeated while nothing moves
  useEffect(() => {
    const { classList } = element.current!;
    const timer = setTimeout(() => classList.add("idle"), IDLE_MS);
    return () => {
      clearTimeout(timer);
      classList.remove("idle");
    };
  }, [place]);
  return (
    <div class={`cursor ${hueOf(pointer.user)}`} ref={element} data-user={pointer.user}>
      <svg width="18" height="20" viewBox="0 0 18 20" aria-hidden="true">
        <path d="M2 1.5l13.5 8.2-6.3 1.3-3.4 5.900z" />
      </svg>
      <span>{pointer.name}</span>
    </div>
  );
}

/** A place's position on this screen, or null if it can't be seen. */
function locate(place: Place | null | undefined): { x: number; y: number } | null {
  if (!place) return null;
  if ("task" in place) {
    const slot = slotById(place.task);
    const list = slot?.closest(".cards");
    if (!slot || !list) return null;
    const box = slot.getBoundingClientRect();
    return inside(list, box.x + place.x * box.width, box.y + place.y * box.height);
  }
  const list = listOf(place.column);
  if (!list) return null;
  const box = list.getBoundingClientRect();
  return inside(list, box.x + place.x * box.width, box.y + place.y - list.scrollTop);
}

function inside(list: Element, x: number, y: number): { x: number; y: number } | null {
  return isSeen(list, x, y) ? { x, y } : null;
}
