/** Where cards that others carry would land, and telling them where one's own would. */

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { OpenProject } from "../live/open_project";
import type { Columns } from "../state/columns";
import type { Grip } from "../state/grip";
import type { Pointer, Presence, Slot } from "../state/presence";
import { hueOf } from "./avatar";
import { isSeen, listOf, slotById, useFollow } from "./follow";

/** Tell the others where the carried card would land, as long as one is carried. */
export function useToldSlot(project: OpenProject, grip: Grip): void {
  useEffect(() => effect(() => project.signals.tell({ to: slotOf(grip) })), [project, grip]);
}

function slotOf(grip: Grip): Slot | null {
  const held = grip.held.value;
  if (!held) return null;
  const { column, index } = held.to;
  const others = (grip.settled.value[column] ?? []).filter((task) => task.id !== held.task.id);
  return { column, before: others[index]?.id ?? null };
}

export function DropSlots({ presence, columns }: { presence: Presence; columns: Columns }) {
  return (
    <>
      {presence.carriers.value.map((pointer) => (
        <DropSlot key={pointer.client} pointer={pointer} columns={columns} />
      ))}
    </>
  );
}

function DropSlot({ pointer, columns }: { pointer: Pointer; columns: Columns }) {
  const element = useRef<HTMLDivElement>(null);
  useFollow(() => {
    const { style } = element.current!;
    const line = locate(pointer.gesture.to!);
    style.visibility = line ? "visible" : "hidden";
    if (!line) return;
    style.width = `${line.width}px`;
    style.transform = `translate(${line.x}px, ${line.y}px)`;
  }, [pointer, columns]);
  return <div class={`drop-slot ${hueOf(pointer.user)}`} ref={element} data-user={pointer.user} />;
}

/** The line between two cards, or null if it can't be seen. */
function locate({ column, before }: Slot): { x: number; y: number; width: number } | null {
  const list = listOf(column);
  if (!list) return null;
  const next = before === null ? null : slotById(before);
  const last = list.lastElementChild;
  const frame = list.getBoundingClientRect();
  // Slots end with the gap to the next card.
  const edge = next ? next.getBoundingClientRect().top : (last?.getBoundingClientRect().bottom ?? frame.top + 8);
  const y = edge - 4;
  const padding = 10;
  return isSeen(list, frame.x, y) ? { x: frame.x + padding, y, width: frame.width - 2 * padding } : null;
}
