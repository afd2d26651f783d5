/** The inbox: what concerns the person, in all their projects. */

import { useEffect, useState } from "preact/hooks";
import { reportFault } from "../account/fault";
import type { Notification, Project } from "../api/shapes";
import type { Filter, Shelf } from "../state/inbox";
import * as common from "../texts/common";
import * as texts from "../texts/inbox";
import { Avatar } from "./avatar";
import { useInbox, useSession } from "./context";
import { ago, moment } from "./dates";
import { messageOf } from "./failure";
import { Icon, IconButton } from "./icons";
import { notify } from "./notice";
import { at } from "./route";
import { useRowFocus } from "./row_focus";
import { Snooze } from "./snooze";
import { Failed, ListSkeleton, State } from "./states";
import { TopBar } from "./top_bar";

const SHELVES: [Shelf, string][] = [
  ["inbox", texts.all],
  ["unread", texts.unread],
  ["snoozed", texts.snoozed],
  ["archived", texts.archived],
];

export function InboxScreen() {
  const inbox = useInbox()!;
  const [filter, setFilter] = useState<Filter>({ shelf: "inbox", project: null });
  const entries = inbox.entries.value;
  const state = inbox.state.value;
  const rows = useRowFocus<HTMLUListElement>();
  useEffect(() => {
    document.title = common.pageTitle(texts.title);
    return () => inbox.close();
  }, [inbox]);
  useEffect(() => inbox.show(filter), [inbox, filter.shelf, filter.project]);

  const readAll = () => inbox.readAll().catch((failure) => notify(messageOf(failure), "bad"));
  return (
    <>
      <TopBar />
      <main class="page narrow inbox">
        <div class="page-head">
          <h1>{texts.title}</h1>
          <span class="spacer" />
          <button type="button" class="plain" disabled={inbox.unread.value === 0} onClick={() => void readAll()}>
            <Icon name="check" />
            {texts.readAll}
          </button>
        </div>
        <div class="page-tools">
          <div class="segments" role="group" aria-label={texts.shelves}>
            {SHELVES.map(([shelf, name]) => (
              <button
                type="button"
                key={shelf}
                aria-pressed={filter.shelf === shelf}
                onClick={() => setFilter({ ...filter, shelf })}
              >
                {name}
              </button>
            ))}
          </div>
          <ProjectChoice value={filter.project} onChange={(project) => setFilter({ ...filter, project })} />
        </div>
        {/* Read out when the list changes by itself, too. */}
        <p class="sr" role="status">
          {state === "ready" && (inbox.hasMore ? texts.moreShown : texts.shown)(entries.length, inbox.unread.value)}
        </p>
        {state === "loading" && <ListSkeleton />}
        {state === "failed" && <Failed title={texts.notLoaded} onRetry={() => inbox.reload()} />}
        {state === "broken" && <Failed title={common.somethingWentWrong} onRetry={() => inbox.reload()} />}
        {state === "ready" && entries.length === 0 && (
          <State title={filter.shelf === "unread" ? texts.allRead : texts.nothing}>
            {texts.whatComes[filter.shelf]}
          </State>
        )}
        {entries.length > 0 && (
          <ul class="inbox-list" role="list" aria-label={texts.notifications} {...rows}>
            {entries.map((entry) => (
              <Entry key={entry.id} entry={entry} />
            ))}
          </ul>
        )}
        {inbox.hasMore && (state === "ready" || state === "more") && (
          <button type="button" class="plain feed-more" disabled={state === "more"} onClick={() => void inbox.more()}>
            {common.showEarlier}
          </button>
        )}
      </main>
    </>
  );
}

function Entry({ entry }: { entry: Notification }) {
  const inbox = useInbox()!;
  const { subject } = entry;
  const isUnread = entry.read_at === null;
  const { title } = subject;
  const change = (values: Record<string, unknown>) =>
    inbox.change(entry, values).catch((failure) => notify(messageOf(failure), "bad"));
  const open = () => {
    if (isUnread) void change({ read: true });
  };
  const address = subject.type === "task" ? at.task(entry.project_id, subject.id) : at.project(entry.project_id);
  return (
    <li class={isUnread ? "inbox-entry unread" : "inbox-entry"}>
      <a href={address} onClick={open}>
        <Avatar id={entry.actor_id ?? ""} name={entry.actor_name ?? "?"} />
        <span class="who">
          <b dir="auto">{subject.title}</b>
          {isUnread && <span class="sr">{texts.isUnread}</span>}
          <span>
            {texts.sentence(entry.actor_name ?? common.somebody, entry.reason)}{" "}
            {entry.count > 1 && <span class="tag">{texts.events(entry.count)}</span>}
          </span>
          <span class="quiet small">
            {subject.type === "task" && (
              <>
                <span dir="auto">{entry.project_name}</span> ·{" "}
              </>
            )}
            <time dateTime={entry.updated_at} title={moment(entry.updated_at)}>
              {ago(entry.updated_at)}
            </time>
            {entry.snoozed_until && <> {texts.back(moment(entry.snoozed_until))}</>}
          </span>
        </span>
      </a>
      <span class="inbox-actions">
        <IconButton
          icon={isUnread ? "check" : "dot"}
          label={isUnread ? texts.markRead(title) : texts.markUnread(title)}
          onClick={() => void change({ read: isUnread })}
        />
        {!entry.archived_at && <Snooze entry={entry} change={change} />}
        <IconButton
          icon={entry.archived_at ? "restore" : "archive"}
          label={entry.archived_at ? texts.unarchive(title) : texts.archive(title)}
          onClick={() => void change({ archived: !entry.archived_at })}
        />
      </span>
    </li>
  );
}

function ProjectChoice({ value, onChange }: { value: string | null; onChange: (project: string | null) => void }) {
  const session = useSession();
  const [projects, setProjects] = useState<Project[]>([]);
  useEffect(() => {
    session
      .request<Project[]>("GET", "projects?limit=200")
      .then((answer) => setProjects(answer.body))
      .catch(reportFault); // the list works without the choice
  }, [session]);
  return (
    <select
      class="inbox-project"
      aria-label={texts.project}
      value={value ?? ""}
      onChange={(event) => onChange(event.currentTarget.value || null)}
    >
      <option value="">{texts.allProjects}</option>
      {projects.map((project) => (
        <option key={project.id} value={project.id}>
          {project.name}
        </option>
      ))}
    </select>
  );
}
