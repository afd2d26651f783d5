/** Offers to undo what this window has just done to the board: by a notice, and by Ctrl+Z. */

import { useEffect } from "preact/hooks";
import type { OpenProject } from "../live/open_project";
import { wordsOf, wordsOfBulk } from "../state/undo";
import * as common from "../texts/common";
import { notify, offer, withdrawOffer } from "./notice";
import { useUndoKeys } from "./undo_keys";

/** `isShown`: whether the person can see what a key would undo. */
export function useUndo(project: OpenProject, isShown: boolean): void {
  const undo = (mutation?: string) => {
    withdrawOffer();
    notify(project.undo(mutation));
  };
  useEffect(
    () =>
      project.onDone((changes, title) => {
        const [first] = changes;
        const columns = project.board.visible.peek()?.columns ?? [];
        const words = changes.length > 1 ? wordsOfBulk(changes, columns) : wordsOf(first!, title, columns);
        if (words) offer(words, { label: common.undo, act: () => undo(first!.mutation), of: first!.mutation });
      }),
    [project],
  );
  useUndoKeys(() => {
    if (isShown) undo();
  });
}
