/** Texts that a person has begun and not saved, by the field they belong to. */

import { computed, type ReadonlySignal } from "@preact/signals";
import type { KeptMap } from "../account/kept_map";

/** The field that a text is for. `project` and `task` are null outside of one. */
export interface Place {
  project: string | null;
  task: string | null;
  field: string;
}

/** A replica of a document, and how many of its changes came before. */
export interface Mark {
  replica: number;
  clock: number;
}

export interface Draft extends Place {
  text: string;
  /** The saved text when the person began. What is saved now may be somebody else's. */
  base: string;
  /** What the text is, for the list of drafts: `Title of “Order fuel” in Apollo`. */
  words: string;
  at: string;
  /** Why the server refused it, or null if it was never sent. */
  refused: string | null;
  /** For a text that was put into a document and may not be saved yet: a document with all of these has it. */
  marks?: readonly Mark[] | undefined;
}

export class Drafts {
  constructor(private readonly kept: KeptMap<Draft>) {}

  /** All of them, the newest first. */
  readonly all: ReadonlySignal<readonly Draft[]> = computed(() =>
    [...this.kept.all.value.values()].sort((a, b) => (a.at < b.at ? 1 : -1)),
  );

  find(place: Place): Draft | undefined {
    return this.kept.all.value.get(keyOf(place));
  }

  /** Keep the text until it is discarded. */
  write(
    { project, task, field }: Place,
    content: Pick<Draft, "text" | "base" | "words" | "marks"> & { refused?: string },
  ): void {
    const at = new Date().toISOString();
    const draft: Draft = { refused: null, ...content, project, task, field, at };
    this.kept.change({ set: [[keyOf(draft), draft]], gone: [] });
  }

  /** The text is saved, or the person wants it no more. */
  discard(place: Place): void {
    const key = keyOf(place);
    if (this.kept.all.peek().has(key)) this.kept.change({ set: [], gone: [key] });
  }

  /** The server has given a task of this window its own id. */
  rename(here: string, task: string): void {
    const old = [...this.kept.all.peek()].filter(([, draft]) => draft.task === here);
    if (old.length === 0) return;
    const set = old.map(([, draft]) => ({ ...draft, task })).map((draft) => [keyOf(draft), draft] as const);
    this.kept.change({ set, gone: old.map(([key]) => key) });
  }
}

/** Keeps a draft for the list of drafts alone, when its field has another one. */
export function aside(draft: Draft): readonly [string, Draft] {
  const moved = { ...draft, field: `${draft.field}/${draft.at}` };
  return [keyOf(moved), moved];
}

/** Unique among places. */
export function keyOf({ project, task, field }: Place): string {
  return [project ?? "", task ?? "", field].join("/");
}
