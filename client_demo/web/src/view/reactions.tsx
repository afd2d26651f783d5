/** The reactions to a comment, and a choice of some. */

import { useId, useRef, useState } from "preact/hooks";
import type { Comment } from "../api/shapes";
import * as texts from "../texts/comments";
import * as common from "../texts/common";
import { useProject } from "./context";
import { Icon } from "./icons";

export function Reactions({ comment }: { comment: Comment }) {
  const project = useProject();
  const { board } = project;
  const list = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [isChoosing, setChoosing] = useState(false);
  const canReact = board.role.value !== null && board.visible.value?.project.status === "active";
  const close = () => {
    setChoosing(false);
    button.current?.focus();
  };
  const toggle = (emoji: string) => {
    const people = comment.reactions.find((each) => each.emoji === emoji)?.user_ids ?? [];
    const mine = people.includes(board.userId);
    if (isChoosing || (mine && people.length === 1)) close(); // what was pressed goes away
    project.changeComment(comment, { do: "react", emoji, on: !mine, person: board.userId });
  };
  return (
    <>
      {comment.reactions.map(({ emoji, user_ids }) => (
        <button
          key={emoji}
          type="button"
          class="reaction"
          aria-pressed={user_ids.includes(board.userId)}
          disabled={!canReact}
          title={namesOf(user_ids)}
          onClick={() => toggle(emoji)}
        >
          {emoji} {user_ids.length}
          <span class="sr">: {namesOf(user_ids)}</span>
        </button>
      ))}
      {canReact && (
        <button
          ref={button}
          type="button"
          class="link react"
          aria-label={texts.react}
          aria-expanded={isChoosing}
          aria-controls={isChoosing ? list : undefined}
          onClick={() => setChoosing(!isChoosing)}
        >
          <Icon name="smile" size={17} />
        </button>
      )}
      {isChoosing && (
        <div
          class="emoji-choice"
          id={list}
          role="group"
          aria-label={texts.reactions}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.preventDefault();
            close();
          }}
        >
          {Object.entries(texts.reactionNames).map(([emoji, name]) => (
            <button key={emoji} type="button" aria-label={name} onClick={() => toggle(emoji)}>
              <span aria-hidden="true">{emoji}</span>
            </button>
          ))}
        </div>
      )}
    </>
  );

  function namesOf(ids: readonly string[]): string {
    const names = ids.map((id) =>
      id === board.userId ? common.you : (board.members.value.get(id)?.name ?? common.formerMember),
    );
    return common.list(names);
  }
}
