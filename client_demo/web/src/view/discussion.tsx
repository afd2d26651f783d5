/** The comments of a task, in its panel. */

import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type { Task } from "../api/shapes";
import type { Thread } from "../state/discussion";
import * as texts from "../texts/comments";
import * as common from "../texts/common";
import { hueOf } from "./avatar";
import { CommentView } from "./comment";
import { Composer, useCommentDraft } from "./composer";
import { useProject, useUnsaved } from "./context";
import { commentField, NEW_COMMENT } from "./places";
import { useRowFocus } from "./row_focus";
import { ListSkeleton } from "./states";

export function DiscussionView({ task }: { task: Task }) {
  const project = useProject();
  const heading = useId();
  const { board, presence } = project;
  const discussion = useMemo(() => project.discuss(task.id), [project, task.id]);
  const isStored = task.version > 0;
  const loads = board.loads.value;
  useEffect(() => {
    if (isStored) void discussion.load(); // also again, after events were missed
  }, [discussion, isStored, loads]);

  const rows = useRowFocus<HTMLOListElement>(); // one that is resolved is drawn anew
  const threads = discussion.threads.value;
  const state = isStored ? discussion.state.value : "ready";
  const canEdit = board.canEdit.value;
  const writer = presence.writers.value.get(task.id);
  const count = task.comment_count ?? 0;
  return (
    <section class="discussion" aria-labelledby={heading}>
      <h2 id={heading} tabIndex={-1}>
        {texts.title}
        {count > 0 && <span class="count"> {count}</span>}
      </h2>
      {discussion.hasEarlier.value && (
        <button type="button" class="plain small" disabled={state === "loading"} onClick={() => void discussion.more()}>
          {texts.earlier}
        </button>
      )}
      {threads.length > 0 && (
        <ol class="threads" role="list" {...rows}>
          {threads.map((thread) => (
            <ThreadView key={board.lastingId(thread.id)} thread={thread} task={task} canEdit={canEdit} />
          ))}
        </ol>
      )}
      {state === "loading" && threads.length === 0 && <ListSkeleton rows={Math.min(3, Math.max(1, count))} />}
      {(state === "failed" || state === "broken") && (
        <p class="quiet small" role="alert">
          {state === "failed" ? texts.notLoaded : common.somethingWentWrong}{" "}
          <button type="button" class="plain small" onClick={() => void discussion.load()}>
            {common.tryAgain}
          </button>
        </p>
      )}
      {state === "ready" && threads.length === 0 && !canEdit && <p class="quiet">{texts.none}</p>}
      {writer?.field === "comment" && writer.user !== board.userId && (
        <p class={`editing ${hueOf(writer.user)}`}>{texts.isWriting(writer.name)}</p>
      )}
      {canEdit && state === "ready" && !discussion.hasEarlier.value && <Homeless task={task} threads={threads} />}
      {canEdit && (
        <Composer
          task={task.id}
          field={NEW_COMMENT}
          label={texts.add}
          action={texts.send}
          onSend={(body) => project.comment(task.id, body, null)}
        />
      )}
    </section>
  );
}

interface ThreadProps {
  thread: Thread;
  task: Task;
  canEdit: boolean;
}

/** One that is resolved is folded, unless that happens before the reader's eyes. */
function ThreadView({ thread, task, canEdit }: ThreadProps) {
  const project = useProject();
  const { board } = project;
  const [isOpen, setOpen] = useState(false);
  const field = replyField(thread.id);
  const isReplying = useCommentDraft(task.id, field).draft !== undefined || isOpen;
  const isResolved = thread.first?.resolved_at != null;
  const wasResolved = useRef(isResolved);
  const author = board.members.value.get(thread.first?.author_id ?? "")?.name ?? common.formerMember;
  const whole = (
    <>
      {thread.first && (
        <CommentView comment={thread.first} canEdit={canEdit} onReply={canEdit ? () => setOpen(true) : null} />
      )}
      {thread.replies.length > 0 && (
        <ol class="replies" role="list" aria-label={texts.repliesTo(author)}>
          {thread.replies.map((reply) => (
            <li key={board.lastingId(reply.id)}>
              <CommentView comment={reply} canEdit={canEdit} onReply={null} />
            </li>
          ))}
        </ol>
      )}
      {canEdit && isReplying && (
        <Composer
          task={task.id}
          field={field}
          label={texts.replyTo(author)}
          action={texts.reply}
          isFocused
          onSend={(body) => {
            setOpen(false);
            project.comment(task.id, body, thread.id);
          }}
          onCancel={() => setOpen(false)}
        />
      )}
    </>
  );
  if (!isResolved) return <li class="thread">{whole}</li>;
  return (
    <li class="thread resolved">
      <details open={!wasResolved.current}>
        <summary>{texts.resolved(author, thread.replies.length)}</summary>
        {whole}
      </details>
    </li>
  );
}

/** Drafts of replies to comments that are gone, and of their texts: they can be sent as comments of their own. */
function Homeless({ task, threads }: { task: Task; threads: readonly Thread[] }) {
  const project = useProject();
  const homes = new Set([NEW_COMMENT, ...threads.map(({ id }) => replyField(id))]);
  for (const { first, replies } of threads) {
    for (const comment of first ? [first, ...replies] : replies) {
      if (!comment.deleted_at) homes.add(commentField({ do: "edit", body: "" }, comment.id));
    }
  }
  const isOfComment = ({ field }: { field: string }) => /^(reply|comment-text):/.test(field);
  const drafts = useUnsaved().drafts.all.value.filter(
    (draft) => draft.project === project.id && draft.task === task.id && isOfComment(draft) && !homes.has(draft.field),
  );
  return (
    <>
      {drafts.map(({ field }) => (
        <div class="note stack" key={field}>
          <p>{texts.isHomeless}</p>
          <Composer
            task={task.id}
            field={field}
            label={texts.homeless}
            action={texts.send}
            onSend={(body) => project.comment(task.id, body, null)}
            onCancel={() => undefined}
          />
        </div>
      ))}
    </>
  );
}

function replyField(thread: string): string {
  return commentField({ do: "add", body: "", parent: thread, author: "" }, "");
}
