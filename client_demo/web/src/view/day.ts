/** Today, which changes at midnight. */

import { type ReadonlySignal, signal } from "@preact/signals";

const day = signal(dayString(new Date()));
setInterval(() => {
  day.value = dayString(new Date());
}, 60_000);

/** As due dates are written, `2026-01-31`; they are shown and filtered relative to it. */
export const today: ReadonlySignal<string> = day;

/** A date's day in this browser's time zone. */
function dayString(date: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
