/** The project's activity, newest first. */

import { Component } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { namesIn } from "../state/feed";
import * as texts from "../texts/activity";
import * as common from "../texts/common";
import { actorName, describe, faceOf } from "../texts/events";
import { Avatar } from "./avatar";
import { useLink, useProject } from "./context";
import { ago, moment } from "./dates";
import { Icon } from "./icons";
import { at } from "./route";
import { ListSkeleton } from "./states";

/** With fewer, the panel loads more by itself. */
const FEW = 20;

export function ActivityPanel({ onClose }: { onClose: () => void }) {
  const project = useProject();
  const { feed, board } = project;
  const snapshot = board.visible.value;
  const members = board.members.value;
  const events = feed.events.value;
  const state = feed.state.value;
  const isLive = useLink().state.value.kind === "live";
  const present = useMemo(() => new Map(snapshot?.tasks.map((task) => [task.id, task.title])), [snapshot?.tasks]);
  const titles = useMemo(() => {
    const columns = snapshot?.columns.map(({ id, name }) => [id, name] as const) ?? [];
    return new Map([...namesIn(events), ...present, ...columns]);
  }, [events, present, snapshot?.columns]);
  const more = () => void feed.more(board.snapshot?.stream.offset ?? 0);
  const isShort = events.length < FEW;
  useEffect(() => {
    if (state === "idle" && isShort) more();
  }, [feed, state, isShort]);
  useEffect(() => {
    if (isLive && state === "failed") more();
  }, [isLive]);

  return (
    <aside class="panel activity" aria-label={texts.title}>
      <header class="panel-head">
        <h2>{texts.title}</h2>
        <span class="spacer" />
        <a class="ghost" href={at.trash(project.id)} onClick={onClose}>
          <Icon name="trash" />
          {texts.trash}
        </a>
        <button type="button" class="ghost icon-only" aria-label={texts.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="panel-body">
        <ol class="feed" role="list">
          {events.map((event) => {
            const said = describe(event, members, titles);
            const actor = actorName(event, members, board.userId);
            return (
              <Row
                key={event.offset}
                id={faceOf(event)}
                face={members.get(faceOf(event))?.name ?? actor}
                actor={actor}
                before={said.before}
                subject={said.subject}
                after={said.after}
                address={said.task && present.has(said.task) ? at.task(project.id, said.task) : null}
                time={event.at}
              />
            );
          })}
        </ol>
        {state === "loading" && <ListSkeleton rows={events.length > 0 ? 1 : 5} />}
        {(state === "failed" || state === "broken") && (
          <p class="feed-end" role="alert">
            {state === "failed" ? texts.notLoaded : common.somethingWentWrong}{" "}
            <button type="button" class="plain small" onClick={more}>
              {common.tryAgain}
            </button>
          </p>
        )}
        {state === "expired" && <p class="feed-end">{texts.noLongerKept}</p>}
        {state === "complete" && <p class="feed-end">{texts.beginning}</p>}
        {state === "idle" && events.length > 0 && (
          <button type="button" class="plain feed-more" onClick={more}>
            {common.showEarlier}
          </button>
        )}
      </div>
    </aside>
  );
}

interface RowProps {
  id: string;
  face: string;
  actor: string;
  before: string;
  subject: string;
  after: string;
  address: string | null;
  time: string;
}

/** An event. It is drawn once: a burst draws its own rows, not the two hundred below. */
class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return (Object.keys(next) as (keyof RowProps)[]).some((key) => next[key] !== now[key]);
  }

  render({ id, face, actor, before, subject, after, address, time }: RowProps) {
    return (
      <li>
        <Avatar id={id} name={face} />
        <p>
          <b>{actor}</b> {before}{" "}
          {subject &&
            (address ? (
              <a href={address} dir="auto">
                {subject}
              </a>
            ) : (
              <span class="subject" dir="auto">
                {subject}
              </span>
            ))}{" "}
          {after}
          <Ago time={time} />
        </p>
      </li>
    );
  }
}

/** By itself, since it is drawn again as it ages. */
function Ago({ time }: { time: string }) {
  return (
    <time dateTime={time} title={moment(time)}>
      {ago(time)}
    </time>
  );
}
