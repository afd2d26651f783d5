/** Puts a notification off until later, or brings it back. */

import { useId } from "preact/hooks";
import type { Notification } from "../api/shapes";
import * as texts from "../texts/inbox";
import { Icon } from "./icons";

const HOUR_MS = 3_600_000;

/** “Later today”, “Tomorrow”, “Next week”: times that the person means, in their own time zone. */
function times(): [string, Date][] {
  const morning = (days: number) => {
    const day = new Date();
    day.setDate(day.getDate() + days);
    day.setHours(9, 0, 0, 0);
    return day;
  };
  return [
    [texts.inAnHour, new Date(Date.now() + HOUR_MS)],
    [texts.tomorrow, morning(1)],
    [texts.inAWeek, morning(7)],
  ];
}

export function Snooze({
  entry,
  change,
}: {
  entry: Notification;
  change: (values: Record<string, unknown>) => Promise<void>;
}) {
  const id = useId();
  const { title } = entry.subject;
  if (entry.snoozed_until) {
    return (
      <button
        type="button"
        class="ghost icon-only"
        aria-label={texts.unsnooze(title)}
        title={texts.unsnooze(title)}
        onClick={() => void change({ snoozed_until: null })}
      >
        <Icon name="clock" />
      </button>
    );
  }
  return (
    <>
      <button
        type="button"
        class="ghost icon-only"
        popovertarget={id}
        style={`anchor-name: --snooze-${entry.id}`}
        aria-label={texts.snooze(title)}
        title={texts.snooze(title)}
      >
        <Icon name="clock" />
      </button>
      <div
        popover="auto"
        id={id}
        class="menu snooze"
        style={`position-anchor: --snooze-${entry.id}`}
        role="group"
        aria-label={texts.snooze(title)}
      >
        {times().map(([label, until]) => (
          <button
            type="button"
            class="menu-item"
            key={label}
            onClick={() => {
              document.getElementById(id)?.hidePopover();
              void change({ snoozed_until: until.toISOString() });
            }}
          >
            {label}
          </button>
        ))}
      </div>
    </>
  );
}
