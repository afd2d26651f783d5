/** Ctrl+Z, or ⌘Z, and U, outside of text: a field has an undo of its own. */

import * as texts from "../texts/undo";
import { useShortcuts } from "./shortcuts";

/** Call `undo` for the key while this component is shown. */
export function useUndoKeys(undo: () => void): void {
  useShortcuts([
    { keys: "Mod+z", description: texts.key, run: undo },
    { keys: "u", description: texts.key, run: undo },
  ]);
}
