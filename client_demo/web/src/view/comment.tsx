/** One comment: what it says, who reacted, and what the reader may do with it. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Comment } from "../api/shapes";
import { Prose } from "../markdown/prose";
import * as texts from "../texts/comments";
import * as common from "../texts/common";
import { Avatar } from "./avatar";
import { Composer, useCommentDraft } from "./composer";
import { useIsOutside } from "./connection";
import { useProject } from "./context";
import { ago, moment } from "./dates";
import { commentField } from "./places";
import { Reactions } from "./reactions";

interface CommentProps {
  comment: Comment;
  canEdit: boolean;
  /** Null where there is nothing to reply to. */
  onReply: (() => void) | null;
}

export function CommentView({ comment, canEdit, onReply }: CommentProps) {
  const project = useProject();
  const { board } = project;
  const members = board.members.value;
  const nameOf = (id: string) => members.get(id)?.name ?? null;
  const name = nameOf(comment.author_id) ?? common.aFormerMember;
  const isWaiting = comment.version === 0;
  const isMine = comment.author_id === board.userId;
  const [isOpen, setOpen] = useState(false);
  const field = commentField({ do: "edit", body: "" }, comment.id);
  const isEditing = useCommentDraft(comment.task_id, field, comment.body).draft !== undefined || isOpen;
  const editButton = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(isEditing);
  useLayoutEffect(() => {
    if (wasEditing.current && document.activeElement === document.body) editButton.current?.focus();
    wasEditing.current = isEditing;
  }, [isEditing]);
  const isOutside = useIsOutside();
  if (comment.deleted_at) return <p class="comment deleted quiet">{texts.wasDeleted}</p>;
  const edit = (body: string) => {
    setOpen(false);
    if (body !== comment.body) project.changeComment(comment, { do: "edit", body });
  };
  return (
    <div class="comment">
      <Avatar id={comment.author_id} name={name} size="small" />
      <div class="comment-main">
        <p class="comment-head">
          <b>{name}</b>{" "}
          <time dateTime={comment.created_at} title={moment(comment.created_at)}>
            {ago(comment.created_at)}
          </time>
          {comment.edited_at && <span title={moment(comment.edited_at)}> {texts.edited}</span>}
          {isWaiting && isOutside && <span class="waiting"> {texts.notSentYet}</span>}
        </p>
        {isEditing ? (
          <Composer
            task={comment.task_id}
            field={field}
            label={texts.editIt}
            action={common.save}
            saved={comment.body}
            isFocused
            onSend={edit}
            onCancel={() => setOpen(false)}
          />
        ) : (
          <Prose text={comment.body} nameOf={nameOf} />
        )}
        {!isWaiting && !isEditing && (
          <div class="comment-foot">
            <Reactions comment={comment} />
            {onReply && (
              <button type="button" class="link" aria-label={texts.replyTo(name)} onClick={onReply}>
                {texts.reply}
              </button>
            )}
            {canEdit && comment.parent_id === null && <Resolve comment={comment} name={name} />}
            {canEdit && isMine && (
              <button
                ref={editButton}
                type="button"
                class="link"
                aria-label={texts.editIt}
                onClick={() => setOpen(true)}
              >
                {texts.edit}
              </button>
            )}
            <Delete comment={comment} isMine={isMine} />
          </div>
        )}
      </div>
    </div>
  );
}

function Resolve({ comment, name }: { comment: Comment; name: string }) {
  const project = useProject();
  const isResolved = comment.resolved_at !== null;
  return (
    <button
      type="button"
      class="link"
      aria-label={isResolved ? texts.reopenOf(name) : texts.resolveOf(name)}
      onClick={() => project.changeComment(comment, { do: "resolve", resolved: !isResolved })}
    >
      {isResolved ? texts.reopen : texts.resolve}
    </button>
  );
}

/** Its author deletes a comment, in any role, and the project's owner; the notice offers to undo it. */
function Delete({ comment, isMine }: { comment: Comment; isMine: boolean }) {
  const project = useProject();
  const { board } = project;
  const button = useRef<HTMLButtonElement>(null);
  const isActive = board.visible.value?.project.status === "active";
  if (!isActive || !(isMine || board.role.value === "owner")) return null;
  const remove = () => {
    const heading = button.current?.closest(".discussion")?.querySelector("h2");
    project.changeComment(comment, { do: "delete", was: comment });
    heading?.focus();
  };
  return (
    <button ref={button} type="button" class="link" aria-label={texts.deleteIt} onClick={remove}>
      {texts.deleteShort}
    </button>
  );
}
