/** The list of people that opens after an @. */

import type { MentionNodeAttrs, MentionOptions } from "@tiptap/extension-mention";
import type { Member } from "../api/shapes";
import * as texts from "../texts/editor";
import { caretList, hasWord } from "./caret_list";

const MOST = 6;

export function mentionSuggestion(members: () => Iterable<Member>): MentionOptions<MentionNodeAttrs>["suggestion"] {
  return {
    items: ({ query }) => matching(members(), query).map(({ user_id: id, name: label }) => ({ id, label })),
    command: ({ editor, range, props: attrs }) => {
      editor
        .chain()
        .focus()
        .insertContentAt(range, [
          { type: "mention", attrs },
          { type: "text", text: " " },
        ])
        .run();
    },
    render: caretList<MentionNodeAttrs>({ label: texts.people, nameOf: ({ label }) => label ?? "" }),
  };
}

/** The members with a word that begins with the query. */
export function matching(members: Iterable<Member>, query: string): Member[] {
  return [...members].filter(({ name }) => hasWord(name, query)).slice(0, MOST);
}
