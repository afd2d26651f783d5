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
  page: "M6 3.5h8.5L18 7v13.5H6zM14 3.5V7.5h4M9 12h6M9 15.5h6",
  columns: "M4 5h4.5v14H4zM10 5h4.5v9H10zM16 5h4v11.5h-4z",
  history: "M4.5 12a7.5 7.5 0 1 0 2.4-5.5M4.5 4.5v4h4M12 8v4.3l2.8 1.7",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2H4.5zM10 20.5h4",
  "bell-off": "M6 16.5V11a6 6 0 0 1 9.5-4.9M18 11v5.5l1.5 2H8M10 20.5h4M4 4l16 16",
  clock: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 7.5V12l3 2",
  dot: "M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  left: "M19 12H6M11.5 6.5L6 12l5.5 5.5",
  right: "M5 12h13M12.5 6.5L18 12l-5.5 5.5",
  sort: "M8 5v14M4.5 15.5L8 19l3.5-3.5M13.5 7h6.500M13.5 12h5M13.5 17h3",
  collapse: "M4 12h5.500M7 8.500L10.500 12 7 15.500M20 12h-5.500M17 8.500L13.5 12l3.5 3.5",
  list: "M4 6.500h.01M8 6.500h12M4 12h.01M8 12h12M4 17.500h.01M8 17.500h12",
  filter: "M4 6h16M7 12h10M10 18h4",
  link: "M10 13.5a4 4 0 0 0 5.7 0l2.8-2.8a4 4 0 0 0-5.7-5.7l-1.3 1.3M14 10.5a4 4 0 0 0-5.7 0l-2.8 2.8a4 4 0 0 0 5.7 5.7l1.3-1.3",
  tag: "M4 4.5h7.5l8 8-7 7-8.5-8.5zM8.2 8.7h.01",
  keyboard: "M3.5 7h17v10.5h-17zM7 10.5h.01M10.3 10.5h.01M13.6 10.5h.01M17 10.5h.01M8 14h8",
  key: "M8 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM11.5 12H20v3M16.5 12v2.5",
  speech: "M5 5h14v10.5h-7.5L7 19.5v-4H5z",
  sliders:
    "M4 8h9M17 8h3M4 16h3M11 16h9M15 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM9 18.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  smile: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM8.5 14.2c1.8 2.6 5.2 2.6 7 0M9.2 9.6v.4M14.8 9.6v.4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

interface IconButtonProps {
  icon: IconName;
  /** Read out, and shown beside the pointer. */
  label: string;
  onClick: () => void;
}

/** A button of which only a drawing is seen. */
export function IconButton({ icon, label, onClick }: IconButtonProps) {
  return (
    <button type="button" class="ghost icon-only" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
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
