/** Check lists as people write them in Markdown. */

import { Extension, InputRule } from "@tiptap/core";

/** Makes a bullet that begins with `[ ]` or `[x]` an entry of a check list: its `-` alone has made the bullet before. */
export const BulletToCheckList = Extension.create({
  name: "bulletToCheckList",
  addInputRules: () => [
    new InputRule({
      find: /^\[([ x]?)\]\s$/,
      handler: ({ state, range, match, chain }) => {
        const { $from } = state.selection;
        const isBullet = $from.depth === 3 && $from.node(2).type.name === "listItem";
        if (!isBullet) return null;
        chain()
          .deleteRange(range)
          .toggleTaskList()
          .updateAttributes("taskItem", { checked: match[1] === "x" })
          .run();
        return undefined;
      },
    }),
  ],
});
