/** A task's history, newest first: what happened to it, and what it was before. */

import { useEffect, useRef, useState } from "preact/hooks";
import { nextPage } from "../api/request";
import type { ProjectEvent, Task } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import { compare, type Stretch } from "../state/difference";
import { changesOf, type FieldChange } from "../state/previous";
import * as texts from "../texts/activity";
import * as common from "../texts/common";
import { actorName, describeInHistory, faceOf } from "../texts/events";
import { nameFirst } from "../texts/fields";
import { Avatar } from "./avatar";
import { useProject } from "./context";
import { ago, dayOf, moment } from "./dates";
import { messageOf } from "./failure";
import { Icon } from "./icons";
import { notify } from "./notice";
import { ListSkeleton } from "./states";

const PAGE = 50;

export function TaskHistory({ task }: { task: Task }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <section class="history" aria-label={texts.history}>
      <button type="button" class="ghost" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name="history" />
        {texts.history}
      </button>
      {isOpen && <Events key={task.id} id={task.id} />}
    </section>
  );
}

interface Found {
  events: ProjectEvent[];
  /** Where it goes on. */
  next: string | null;
}

function Events({ id }: { id: string }) {
  const project = useProject();
  const [found, setFound] = useState<Found | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const isLive = project.channel.isLive.value;
  /** Live events, newest first: some may come while the page is on its way. */
  const heard = useRef<ProjectEvent[]>([]);
  useEffect(
    () =>
      project.channel.onEvent((event) => {
        if (subjectOf(event) !== id) return;
        heard.current = withNewest(heard.current, event).slice(0, PAGE);
        setFound((known) => known && { ...known, events: withNewest(known.events, event) });
      }),
    [project, id],
  );
  useEffect(() => {
    let isCurrent = true;
    const newest = (project.board.snapshot?.stream.offset ?? 0) + 1;
    load(project, `projects/${project.id}/tasks/${id}/events?before=${newest}&limit=${PAGE}`)
      .then((first) => {
        if (!isCurrent) return;
        setFound({ ...first, events: heard.current.reduceRight(withNewest, first.events) });
        setProblem(null);
      })
      .catch((failure) => isCurrent && setProblem(messageOf(failure)));
    return () => {
      isCurrent = false;
    };
  }, [project, id, attempt, isLive]);

  const more = async (next: string) => {
    try {
      const page = await load(project, next);
      // Unless a second press was faster.
      setFound((known) =>
        known?.next === next ? { events: [...known.events, ...page.events], next: page.next } : known,
      );
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };
  if (problem && !found) {
    return (
      <p class="feed-end" role="alert">
        {problem}{" "}
        <button type="button" class="plain small" onClick={() => setAttempt(attempt + 1)}>
          {common.tryAgain}
        </button>
      </p>
    );
  }
  if (!found) return <ListSkeleton rows={2} />;
  return (
    <>
      <ol class="feed" role="list">
        {found.events.map((event) => (
          <Row key={event.offset} event={event} />
        ))}
      </ol>
      {found.events.length === 0 && <p class="feed-end">{texts.historyNotKept}</p>}
      {found.next && (
        <button type="button" class="plain feed-more" onClick={() => void more(found.next!)}>
          {common.showEarlier}
        </button>
      )}
    </>
  );
}

function Row({ event }: { event: ProjectEvent }) {
  const { board } = useProject();
  const members = board.members.value;
  const actor = actorName(event, members, board.userId);
  const face = members.get(faceOf(event))?.name ?? actor;
  const columns = new Map(board.visible.value?.columns.map(({ id, name }) => [id, name]));
  const changes = changesOf(event, { members, columns, day: dayOf });
  return (
    <li>
      <Avatar id={faceOf(event)} name={face} />
      <div class="what">
        <p>
          <b>{actor}</b> {describeInHistory(event, members, columns)}
          <time dateTime={event.at} title={moment(event.at)}>
            {ago(event.at)}
          </time>
        </p>
        {changes.map((change) => (
          <Change key={change.field} change={change} />
        ))}
      </div>
    </li>
  );
}

function Change({ change: { field, before, after } }: { change: FieldChange }) {
  const words = compare(before, after);
  return (
    <p class="was" dir="auto">
      <span class="quiet">{nameFirst(field)}: </span>
      <span class="sr">{texts.before}</span>
      <del>{marked(words.left)}</del> <span aria-hidden="true">→</span> <span class="sr">{texts.after}</span>
      <ins>{marked(words.right)}</ins>
    </p>
  );
}

/** The words that the other text lacks stand out. */
function marked(stretches: readonly Stretch[]) {
  return stretches.map(({ text, isOwn }, index) => (isOwn ? <mark key={index}>{text}</mark> : text));
}

async function load(project: OpenProject, page: string): Promise<Found> {
  const { body, headers } = await project.session.request<ProjectEvent[]>("GET", page);
  return { events: body, next: nextPage(page, headers) };
}

/** The task whose history the event belongs to. */
function subjectOf({ data }: ProjectEvent): string | null {
  if ("task" in data) return data.task.id;
  if ("comment" in data) return data.comment.task_id;
  return null;
}

function withNewest(newestFirst: ProjectEvent[], event: ProjectEvent): ProjectEvent[] {
  const newest = newestFirst[0];
  return newest && event.offset <= newest.offset ? newestFirst : [event, ...newestFirst];
}
