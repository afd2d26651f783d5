/** A field whose text is a draft from the first letter until it is saved. */

import { useEffect, useState } from "preact/hooks";
import { type Draft, keyOf, type Mark, type Place } from "../state/drafts";
import * as common from "../texts/common";
import { useProject, useUnsaved } from "./context";

export interface DraftField {
  /** What the field shows: the draft, or else what is saved. */
  text: string;
  draft: Draft | undefined;
  /** Of what is written, until another letter is: a request with it is carried out once, also from another dialog. */
  key: string;
  /** Somebody saved another text since the person began. */
  isOvertaken: boolean;
  write: (text: string, marks?: readonly Mark[]) => void;
  /** Go on from what is saved now. */
  rebase: (text: string) => void;
  /** The server is asked to store this text: until it answers, the person goes on from there. */
  sending: (text: string, answer: Promise<unknown>) => void;
  /** When it is saved at once, or the person wants it no more. */
  discard: () => void;
  /** When the server has stored this text: the field's saved text is `saved` now. What was written since stays. */
  settle: (saved: string) => void;
}

/**
 * The field's draft of the signed-in person. It outlives a reload, a crash and a sign-out, and is there again when the
 * field is shown the next time. `words` name it in the list of drafts; `saved` is the stored text.
 */
export function useDraft(place: Place, words: string, saved = ""): DraftField {
  const { drafts } = useUnsaved();
  const [sent, setSent] = useState<{ text: string } | null>(null);
  const isStored = sent?.text === saved;
  const isPending = sent !== null && !isStored;
  const found = drafts.find(place);
  const draft = found && (found.text !== saved || isPending) ? found : undefined;
  const isSaved = found !== undefined && !draft; // by somebody else, in the same words
  useEffect(() => {
    // Unless the person has written on before this runs.
    if (isSaved && drafts.find(place)?.text === saved) drafts.discard(place);
  }, [isSaved]);
  const write = (text: string, base: string, marks?: readonly Mark[]) => {
    if (text === saved && !isPending) drafts.discard(place);
    else drafts.write(place, { text, base, words, marks });
  };
  useEffect(() => {
    const now = drafts.find(place);
    if (isStored && now) drafts.write(place, { text: now.text, base: saved, words });
  }, [isStored]);
  const text = draft?.text ?? saved;
  return {
    text,
    draft,
    key: `${keyOf(place)}/${draft?.at}`,
    isOvertaken: draft !== undefined && draft.base !== saved && !isStored,
    write: (text, marks) => write(text, draft?.base ?? saved, marks),
    rebase: (text) => write(text, saved),
    sending: (text, answer) => {
      const now = { text };
      const end = () => setSent((last) => (last === now ? null : last));
      setSent(now);
      answer.then(end, end);
    },
    discard: () => drafts.discard(place),
    settle: (saved) => {
      const now = drafts.find(place);
      if (now && now.text !== text) drafts.write(place, { text: now.text, base: saved, words });
      else drafts.discard(place);
    },
  };
}

/** A field of the open project, or of one of its tasks. */
export function useProjectDraft(task: string | null, field: string, words: string, saved = ""): DraftField {
  const project = useProject();
  const name = project.board.visible.value?.project.name;
  const place = { project: project.id, task: task && project.board.realId(task), field };
  return useDraft(place, name ? common.draftIn(words, name) : words, saved);
}
