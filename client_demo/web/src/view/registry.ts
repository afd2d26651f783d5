/** What the parts on screen offer to one that knows none of them: shortcuts to the keyboard, actions to the palette. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

export class Registry<Entry> {
  private readonly parts = signal<readonly (readonly Entry[])[]>([]);
  /** Those that are offered now, the newest part's last. */
  readonly all: ReadonlySignal<readonly Entry[]> = computed(() => this.parts.value.flat());
  /** The same, the newest part's first. */
  readonly newestFirst: ReadonlySignal<readonly Entry[]> = computed(() => this.parts.value.toReversed().flat());

  /** Offer these. Returns what ends that. */
  add(entries: readonly Entry[]): () => void {
    this.parts.value = [...this.parts.peek(), entries];
    return () => {
      this.parts.value = this.parts.peek().filter((each) => each !== entries);
    };
  }
}

interface Runnable {
  run: (...given: never[]) => void;
}

/** Offer these while this component is shown; `key` tells when they are others. `run` may differ at each drawing. */
export function useRegistry<Entry extends Runnable>(
  registry: Registry<Entry>,
  entries: readonly Entry[],
  key: (entry: Entry) => string,
): void {
  const latest = useRef(entries);
  latest.current = entries;
  // Before the next key, which may be one of them.
  useLayoutEffect(
    () =>
      registry.add(
        latest.current.map((entry, index) => ({
          ...entry,
          run: (...given: never[]) => latest.current[index]?.run(...given),
        })),
      ),
    [entries.map(key).join("\n")],
  );
}
