/** Short messages in a strip of their own below every screen, also for screen readers; only the last few. */

import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  text: string;
  tone: "plain" | "bad";
  action?: Action | undefined;
}

/** What a notice offers. */
export interface Action {
  label: string;
  act: () => void;
  /** The change that it would undo. */
  of?: string;
}

const LIFETIME_MS = 7_000;
/** How long they stay when the pointer or the focus has left them. */
const AFTER_HOLD_MS = 3_000;
const MOST = 2;

export const notices = signal<readonly Notice[]>([]);
/** Text for screen readers only: a card moved by keyboard, the state of the connection. */
export const spoken = signal("");

let last = 0;
let isHeld = false;
const timers = new Map<number, ReturnType<typeof setTimeout>>();

export function notify(text: string, tone: Notice["tone"] = "plain"): void {
  show({ id: ++last, text, tone });
}

/** Say what was done and offer something about it, usually to undo it. Only the last such offer is shown. */
export function offer(text: string, action: Action): void {
  withdrawOffer();
  show({ id: ++last, text, tone: "plain", action });
}

/** Of any change, or of this one. */
export function withdrawOffer(of?: string): void {
  for (const { id, action } of notices.peek()) if (action && (!of || action.of === of)) dismiss(id);
}

export function dismiss(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Keep them while the person reads or uses them; let them go after that. */
export function hold(isRead: boolean): void {
  if (isHeld === isRead) return;
  isHeld = isRead;
  for (const { id } of notices.peek()) {
    clearTimeout(timers.get(id));
    if (!isHeld) endAfter(id, AFTER_HOLD_MS);
  }
}

export function say(text: string): void {
  spoken.value = text;
}

function show(notice: Notice): void {
  for (const old of notices.peek().slice(0, Math.max(0, notices.peek().length + 1 - MOST))) dismiss(old.id);
  notices.value = [...notices.value, notice];
  if (!isHeld) endAfter(notice.id, LIFETIME_MS);
}

function endAfter(id: number, milliseconds: number): void {
  timers.set(
    id,
    setTimeout(() => dismiss(id), milliseconds),
  );
}
