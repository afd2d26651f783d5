/** Short messages that appear over everything and are read out; the last few only. */

import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  text: string;
  tone: "plain" | "bad";
}

const LIFETIME_MS = 7_000;
const MOST = 3;

export const notices = signal<readonly Notice[]>([]);
/** What is only read out, for people who don't see the board: a card's way by keyboard, a connection's state. */
export const spoken = signal("");

let last = 0;

export function notify(text: string, tone: Notice["tone"] = "plain"): void {
  const notice = { id: ++last, text, tone };
  notices.value = [...notices.value, notice].slice(-MOST);
  setTimeout(() => dismiss(notice.id), LIFETIME_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function say(text: string): void {
  spoken.value = text;
}
