/** The colours that columns and labels may have. */

import type { COLOURS } from "../view/colours";

export const names: Record<(typeof COLOURS)[number], string> = {
  gray: "gray",
  red: "red",
  orange: "orange",
  yellow: "yellow",
  green: "green",
  teal: "teal",
  blue: "blue",
  purple: "purple",
  pink: "pink",
};
export const none = "none";
