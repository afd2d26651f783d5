/** The trash of a project's tasks. */

import { useEffect, useState } from "preact/hooks";
import { nextPage } from "../api/request";
import type { Task, TrashedTask } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import { categoryNames } from "../texts/columns";
import * as common from "../texts/common";
import * as texts from "../texts/trash";
import { useProject } from "./context";
import { ago, moment } from "./dates";
import { Confirm } from "./dialog";
import { messageOf } from "./failure";
import { notify } from "./notice";
import { useOneAtATime } from "./one_at_a_time";
import { useRowFocus } from "./row_focus";
import { Failed, ListSkeleton, State } from "./states";

const PAGE = 100;

interface Found {
  tasks: TrashedTask[];
  /** Where the list goes on. */
  next: string | null;
}

export function Trash() {
  const project = useProject();
  const { board } = project;
  const [found, setFound] = useState<Found | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [asking, setAsking] = useState<TrashedTask | null>(null);
  const rows = useRowFocus<HTMLUListElement>();
  const again = () => setAttempt((count) => count + 1);
  const once = useOneAtATime();
  useEffect(
    () =>
      project.channel.onEvent(({ type }) => {
        if (type === "task.deleted" || type === "task.restored") again();
      }),
    [project],
  );
  useEffect(() => {
    let isCurrent = true;
    load(project, `projects/${project.id}/tasks?deleted=true&limit=${PAGE}`)
      .then((first) => {
        if (!isCurrent) return;
        setFound(first);
        setProblem(null);
      })
      .catch((failure) => isCurrent && setProblem(messageOf(failure)));
    return () => {
      isCurrent = false;
    };
  }, [project, attempt]);

  const more = async (before: Found, next: string) => {
    try {
      const page = await load(project, next);
      // Unless a second press was faster, or the list was loaded again: the page may have what came back since.
      setFound((known) => (known === before ? { tasks: [...known.tasks, ...page.tasks], next: page.next } : known));
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };
  const restore = async ({ id, title }: TrashedTask) => {
    try {
      const { body } = await project.session.request<Task>("POST", `projects/${project.id}/tasks/${id}/restore`);
      setFound((known) => known && { ...known, tasks: known.tasks.filter((task) => task.id !== id) });
      notify(texts.isBackIn(title, columnOf(project, body)));
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
    again();
  };
  const purge = async ({ id, title }: TrashedTask) => {
    try {
      await project.session.request("DELETE", `projects/${project.id}/tasks/${id}?purge=true`);
      notify(texts.purged(title));
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
    again();
  };
  return (
    <section class="place" aria-label={texts.title}>
      <div class="page-head">
        <h2>{texts.title}</h2>
      </div>
      <p class="quiet trash-words">{texts.hint}</p>
      {problem && (
        <Failed title={texts.notLoaded} onRetry={again}>
          {problem}
        </Failed>
      )}
      {!found && !problem && <ListSkeleton />}
      {found?.tasks.length === 0 && <State title={texts.isEmpty} />}
      {found && found.tasks.length > 0 && (
        <ul class="document-list" role="list" {...rows}>
          {found.tasks.map((task) => (
            <li key={task.id}>
              <span class="who">
                <b dir="auto">{task.title}</b>
                <span class="quiet small">
                  {columnOf(project, task)} ·{" "}
                  <time dateTime={task.deleted_at} title={moment(task.deleted_at)}>
                    {texts.deleted(ago(task.deleted_at))}
                  </time>
                </span>
              </span>
              {board.canEdit.value && (
                <button type="button" class="plain small" onClick={() => void once(task.id, () => restore(task))}>
                  {common.restore}
                  <span class="sr"> {task.title}</span>
                </button>
              )}
              {board.canEdit.value && board.role.value === "owner" && (
                <button type="button" class="danger small" onClick={() => setAsking(task)}>
                  <span>
                    {texts.purgeShort}
                    <span class="wide-only"> {texts.purgeRest}</span>
                    <span class="sr"> {task.title}</span>
                  </span>
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {found?.next && (
        <button type="button" class="plain feed-more" onClick={() => void more(found, found.next!)}>
          {common.showEarlier}
        </button>
      )}
      {asking && (
        <Confirm
          title={texts.purgeQuestion}
          action={texts.purge}
          onClose={() => setAsking(null)}
          onConfirm={() => void purge(asking)}
        >
          {texts.purgeHint(asking.title)}
        </Confirm>
      )}
    </section>
  );
}

async function load(project: OpenProject, page: string): Promise<Found> {
  const { body, headers } = await project.session.request<TrashedTask[]>("GET", page);
  return { tasks: body, next: nextPage(page, headers) };
}

/** The name of a task's column. */
function columnOf(project: OpenProject, { column_id, status }: Task): string {
  return project.board.visible.value?.columns.find(({ id }) => id === column_id)?.name ?? categoryNames[status];
}
