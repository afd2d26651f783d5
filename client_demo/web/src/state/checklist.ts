/** How far a task's check list is done, as its description says in Markdown. */

export interface Progress {
  done: number;
  total: number;
}

const BOX = /^[ \t]*(?:[-*+]|\d+[.)])[ \t]+\[([ xX])\][ \t]/;
const FENCE = /^[ \t]*(```|~~~)/;

/** The ticked and all boxes of the description, but those in code; null without any. */
export function progressOf(description: string | null): Progress | null {
  if (!description?.includes("[")) return null;
  const progress = { done: 0, total: 0 };
  let fence: string | null = null;
  for (const line of description.split("\n")) {
    const mark = FENCE.exec(line)?.[1];
    if (mark && (fence === null || fence === mark)) fence = fence === null ? mark : null;
    const box = fence === null ? BOX.exec(`${line} `)?.[1] : undefined;
    if (box === undefined) continue;
    progress.total += 1;
    if (box !== " ") progress.done += 1;
  }
  return progress.total > 0 ? progress : null;
}
