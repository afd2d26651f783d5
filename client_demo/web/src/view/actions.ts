/** What a person can do by its name in the palette: each part on screen registers what it offers. */

import type { IconName } from "./icons";
import { Registry, useRegistry } from "./registry";

export interface Action {
  /** In the imperative: “Create a task”. */
  name: string;
  icon: IconName;
  /** Other words that people may look for. */
  words?: string;
  run: () => void;
}

const registered = new Registry<Action>();

/** Those that can be done now, the newest part's first: what is on screen before what is on every screen. */
export const actions = registered.newestFirst;

/** Offer these while this component is shown. */
export function useActions(entries: readonly Action[]): void {
  useRegistry(registered, entries, ({ name }) => name);
}
