/** What happened in the project, newest first. */

import { useEffect, useMemo } from "preact/hooks";
import { actorName, describe } from "../state/words";
import { Avatar } from "./avatar";
import { useProject } from "./context";
import { ago, moment } from "./dates";
import { Icon } from "./icons";
import { at } from "./route";
import { ListSkeleton } from "./states";

export function ActivityPanel({ onClose }: { onClose: () => void }) {
  const project = useProject();
  const { feed, board } = project;
  const snapshot = board.visible.value;
  const members = board.members.value;
  const events = feed.events.value;
  const state = feed.state.value;
  const titles = useMemo(() => new Map(snapshot?.tasks.map((task) => [task.id, task.title])), [snapshot?.tasks]);
  const more = () => void feed.more(board.snapshot?.stream.offset ?? 0);
  useEffect(() => {
    if (feed.events.peek().length === 0) more();
  }, [feed]);

  return (
    <aside class="panel activity" aria-label="Activity">
      <header class="panel-head">
        <h2>Activity</h2>
        <span class="spacer" />
        <button type="button" class="ghost icon-only" aria-label="Close activity" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="panel-body">
        <ol class="feed" role="list">
          {events.map((event) => {
            const said = describe(event, members, titles);
            const actor = actorName(event, members, board.userId);
            const shownName = members.get(event.actor_id ?? "")?.name ?? actor;
            const exists = said.task && titles.has(said.task);
            return (
              <li key={event.offset}>
                <Avatar id={event.actor_id ?? ""} name={shownName} />
                <p>
                  <b>{actor}</b> {said.before}{" "}
                  {said.subject &&
                    (exists ? (
                      <a href={at.task(project.id, said.task!)} dir="auto">
                        {said.subject}
                      </a>
                    ) : (
                      <span class="subject" dir="auto">
                        {said.subject}
                      </span>
                    ))}{" "}
                  {said.after}
                  <time dateTime={event.at} title={moment(event.at)}>
                    {ago(event.at)}
                  </time>
                </p>
              </li>
            );
          })}
        </ol>
        {state === "loading" && <ListSkeleton rows={events.length > 0 ? 1 : 5} />}
        {state === "failed" && (
          <p class="feed-end" role="alert">
            The history could not be loaded.{" "}
            <button type="button" class="plain small" onClick={more}>
              Try again
            </button>
          </p>
        )}
        {state === "expired" && <p class="feed-end">What happened before is no longer kept.</p>}
        {state === "complete" && <p class="feed-end">This is where it began.</p>}
        {state === "idle" && events.length > 0 && (
          <button type="button" class="plain feed-more" onClick={more}>
            Show earlier
          </button>
        )}
      </div>
    </aside>
  );
}
