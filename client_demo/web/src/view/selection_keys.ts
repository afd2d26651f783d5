/** The shortcuts for selected cards. Each presses a button of their row, which may have to be loaded first. */

import * as texts from "../texts/selection_bar";
import { useProject } from "./context";
import { EarlyKeys } from "./early_keys";
import { useShortcuts } from "./shortcuts";

/** How long a loaded row may take to be drawn. */
const MOST_FRAMES = 60;

const KEYS: readonly (readonly [keys: string, button: string, description: string])[] = [
  ["m", "column", texts.keyMove],
  ["a", "assignee", texts.keyAssign],
  ["l", "labels", texts.keyLabels],
  ["d", "due", texts.keyDue],
  ["Delete", "delete", texts.keyTrash],
  ["Escape", "clear", texts.keyClear],
];

const WITHOUT_MENU = ["delete", "clear"];

/** From the key for a menu until its field has the focus. */
export const earlyKeys = new EarlyKeys();

/** `load` loads the row. */
export function useSelectionKeys(load: () => Promise<unknown>): void {
  const { selection } = useProject();
  const press = (button: string) => {
    const found = document.querySelector<HTMLElement>(`.selection-bar [data-does="${button}"]`);
    found?.click();
    return found !== null;
  };
  const pressSoon = (button: string, frames: number) => {
    if (press(button)) return;
    if (frames > 0 && selection.size > 0) requestAnimationFrame(() => pressSoon(button, frames - 1));
    else earlyKeys.end();
  };
  const run = (button: string) => {
    let isLeft = false;
    if (!WITHOUT_MENU.includes(button)) {
      earlyKeys.begin(() => {
        earlyKeys.end();
        isLeft = true;
      });
    }
    if (press(button)) return;
    load()
      .then(() => isLeft || pressSoon(button, MOST_FRAMES))
      .catch(() => earlyKeys.end()); // the row tells of it
  };
  useShortcuts(
    selection.size === 0
      ? []
      : KEYS.map(([keys, button, description]) => ({
          group: texts.withSelected,
          keys,
          description,
          run: () => run(button),
        })),
  );
}
