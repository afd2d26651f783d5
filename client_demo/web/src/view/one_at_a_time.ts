/** Presses on a button whose request is still on its way. */

import { useRef } from "preact/hooks";

/** Runs what a press asks for, unless the press before it for the same id is still being carried out. */
export function useOneAtATime(): (id: string, run: () => Promise<unknown>) => Promise<void> {
  const running = useRef(new Set<string>()).current;
  return async (id, run) => {
    if (running.has(id)) return;
    running.add(id);
    try {
      await run();
    } finally {
      running.delete(id);
    }
  };
}
