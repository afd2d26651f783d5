/** The imports of this page, which go on while another part of it is shown. */

import { type Signal, signal } from "@preact/signals";
import type { ImportRun } from "../../state/import_run";

export interface Running {
  /** The file's. */
  name: string;
  text: string;
  run: ImportRun;
}

const imports = new Map<string, Signal<Running | null>>();

/** The one of a person in a project, which `place` names: under way, or finished and not closed yet. */
export function runningIn(place: string): Signal<Running | null> {
  const found = imports.get(place) ?? signal<Running | null>(null);
  imports.set(place, found);
  return found;
}

export function setRunning(place: string, running: Running | null): void {
  runningIn(place).value = running;
}

// Choosing the same file goes on where it stopped, but a person should know that it stops.
window.addEventListener("beforeunload", (event) => {
  const isUnderWay = [...imports.values()].some(({ value }) => value && value.run.ending.peek() === null);
  if (isUnderWay) event.preventDefault();
});
