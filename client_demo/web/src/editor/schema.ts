/** What a document can hold: the editor's nodes and marks. The server checks content against the same schema. */

import { type AnyExtension, getSchema } from "@tiptap/core";
import { TaskItem, TaskList } from "@tiptap/extension-list";
import { Mention, type MentionOptions } from "@tiptap/extension-mention";
import { TableKit } from "@tiptap/extension-table";
import StarterKit from "@tiptap/starter-kit";
import { RemoteImage } from "./image";

/** The extensions that make the schema. `mention` offers people after an @. */
export function contentExtensions(mention: Partial<MentionOptions> = {}): AnyExtension[] {
  return [
    StarterKit.configure({
      undoRedo: false, // Collaboration undoes a person's own changes only
      trailingNode: false, // would change a document by opening it
      heading: { levels: [1, 2, 3] },
      link: { openOnClick: false, autolink: true, defaultProtocol: "https" },
      dropcursor: { class: "drop-cursor", color: false },
    }),
    TaskList,
    TaskItem.configure({ nested: true }),
    TableKit.configure({ table: { resizable: false } }),
    RemoteImage,
    Mention.configure({ HTMLAttributes: { class: "mention" }, ...mention }),
  ];
}

export const SCHEMA = getSchema(contentExtensions());
