/** The client's drawings: strokes in the colour of the text around them, silent to screen readers. */

const PATHS = {
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  people:
    "M9 11a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 9 11zM3 19.2c.4-3.2 2.8-5.2 6-5.2s5.6 2 6 5.2M15.5 5.1a3 3 0 0 1 0 5.8M17.5 14.4c2 .6 3.2 2.3 3.5 4.8",
  pulse: "M3 12h4l2.5-6.5 4.5 13L16.5 12H21",
  calendar: "M4.5 6.5h15v13h-15zM4.5 10.5h15M8.5 4v4M15.5 4v4",
  lines: "M5 7h14M5 12h14M5 17h8",
  search: "M11 17.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM20 20l-4.3-4.3",
  archive: "M4 5h16v4H4zM5.5 9v10h13V9M10 13h4",
  restore: "M4 9h10a5 5 0 1 1 0 10H8M4 9l4-4M4 9l4 4",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7",
  leave: "M10 5H5v14h5M14 8l4 4-4 4M18 12H9",
  back: "M14 6l-6 6 6 6",
  up: "M12 19V6M6.5 11.5L12 6l5.5 5.5",
  down: "M12 5v13M6.5 12.5L12 18l5.5-5.5",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.5 1.5M16.9 16.9l1.5 1.5M5.6 18.4l1.5-1.5M16.9 7.1l1.5-1.5",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
  system: "M4 5h16v11H4zM9 20h6M12 16v4",
  device: "M5 6h14v9H5zM3 18.5h18",
  pencil: "M5 19l1-4L16 5l3 3L9 18z",
  key: "M8 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM11.5 12H20v3M16.5 12v2.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** Roomful's mark: a room, and people in it. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="mark-room" x="2" y="2" width="28" height="28" rx="9" />
      <circle class="mark-one" cx="11.5" cy="12" r="3.6" />
      <circle class="mark-two" cx="21" cy="14.5" r="2.6" />
      <circle class="mark-three" cx="14.5" cy="21.5" r="2.6" />
    </svg>
  );
}
