/** The colours that columns and labels may have. */

import type { Category } from "../api/shapes";

export const COLOURS = ["gray", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink"] as const;

/** In the order in which the server gives them to new labels. */
export const LABEL_COLOURS = ["blue", "green", "orange", "purple", "teal", "pink", "yellow", "red", "gray"] as const;

/**
 * The style of something in a column's colour, or its category's if it has none.
 *
 * Names are drawn by the style sheet, to suit the screen; programs may give `#rrggbb`, too.
 */
export function colourOf(color: string | null, category: Category): { "--dot": string } {
  const name = color ?? category.replace("_", "-");
  return { "--dot": name.startsWith("#") ? name : `var(--${name})` };
}
