/** An open project: the board with everything around it, or why it can't be shown. */

import { computed } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { User } from "../api/shapes";
import { OpenProject } from "../live/open_project";
import { Grip } from "../state/grip";
import type { Refusal } from "../state/outbox";
import { ActivityPanel } from "./activity_panel";
import { Faces } from "./avatar";
import { Board } from "./board";
import { Connection } from "./connection";
import { ProjectContext, useLink, useProject, useSession } from "./context";
import { Cursors } from "./cursors";
import { Icon } from "./icons";
import { MembersDialog } from "./members_dialog";
import { notify } from "./notice";
import { at, go } from "./route";
import { BoardSkeleton, State } from "./states";
import { TaskPanel } from "./task_panel";
import { TopBar } from "./top_bar";

interface ProjectScreenProps {
  id: string;
  task: string | null;
  user: User;
}

export function ProjectScreen({ id, task, user }: ProjectScreenProps) {
  const session = useSession();
  const link = useLink();
  const [project, setProject] = useState<OpenProject | null>(null);
  useEffect(() => {
    const opened = new OpenProject(id, user, session, link, tellRefusal);
    setProject(opened);
    return () => opened.close();
  }, [id, user.id]);
  if (!project || project.id !== id) {
    return (
      <div class="filled">
        <TopBar title="" />
        <BoardSkeleton />
      </div>
    );
  }
  return (
    <ProjectContext.Provider value={project}>
      <Access task={task} />
    </ProjectContext.Provider>
  );
}

function Access({ task }: { task: string | null }) {
  const project = useProject();
  const name = project.board.visible.value?.project.name ?? "";
  const access = project.channel.access.value;
  useEffect(() => {
    document.title = name ? `${name} · Roomful` : "Roomful";
  }, [name]);
  const home = (
    <a class="button primary" href={at.projects}>
      Go to your projects
    </a>
  );
  switch (access) {
    case "opening":
      return (
        <div class="filled">
          <TopBar title={name} />
          <BoardSkeleton />
        </div>
      );
    case "open":
      return <Desk task={task} />;
    case "gone":
      return (
        <Instead title="There is no such project" action={home}>
          Or it is not shared with you. Whoever owns it can invite you by your address.
        </Instead>
      );
    case "removed":
      return (
        <Instead title={`You no longer have access to “${name}”`} action={home}>
          Somebody took you off this project a moment ago. Nothing more of it is shown here.
        </Instead>
      );
    case "deleted":
      return (
        <Instead title={`“${name}” was deleted`} action={home}>
          Its owner deleted it, for everybody.
        </Instead>
      );
    case "failed":
      return (
        <Instead
          title="The board could not be loaded"
          action={
            <button type="button" class="primary" onClick={() => project.channel.retry()}>
              Try again
            </button>
          }
        >
          The server can't be reached at the moment. This page goes on trying by itself.
        </Instead>
      );
  }
}

function Instead({ title, action, children }: { title: string; action: preact.ComponentChildren; children: string }) {
  return (
    <>
      <TopBar />
      <main class="page">
        <State alert title={title} action={action}>
          {children}
        </State>
      </main>
    </>
  );
}

type Beside = "activity" | null;

function Desk({ task: taskName }: { task: string | null }) {
  const project = useProject();
  const { board, company } = project;
  const [beside, setBeside] = useState<Beside>(null);
  const [isShowingMembers, setShowingMembers] = useState(false);
  const boardHandle = useRef<Board | null>(null);
  const grip = useMemo(() => new Grip(computed(() => board.visible.value?.tasks ?? [])), [board]);
  const day = useDay();
  const snapshot = board.visible.value!;
  const task = taskName
    ? snapshot.tasks.find((each) => each.id === board.realId(taskName) || each.id === taskName)
    : null;
  const wasOpen = useRef<string | null>(null);

  // A task that is deleted while it is open closes; one that never was is no page of its own either.
  useEffect(() => {
    if (task) wasOpen.current = task.id;
    else if (taskName) {
      if (wasOpen.current) notify("The task is gone: it was deleted.");
      else notify("There is no such task here.", "bad");
      go(at.project(project.id), { replace: true });
    } else wasOpen.current = null;
  }, [task?.id, taskName]);

  // A task made here is opened under a name of this window's own; its address is good for others once it has the server's.
  useEffect(() => {
    if (task && task.id !== taskName) go(at.task(project.id, task.id), { replace: true });
  }, [task?.id, taskName]);

  const closeTask = () => {
    go(at.project(project.id));
    if (task) requestAnimationFrame(() => boardHandle.current?.focus(board.lastingId(task.id)));
  };
  const closeOnEscape = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    if (task) closeTask();
    else setBeside(null);
  };
  const role = board.role.value;
  const isArchived = snapshot.project.status === "archived";
  return (
    <div class="filled">
      <TopBar title={snapshot.project.name}>
        <Connection />
        <Faces people={company.people.value} />
        <button type="button" class="ghost" onClick={() => setShowingMembers(true)}>
          <Icon name="people" />
          <span class="wide-only">Members</span>
          <span class="sr narrow-only">Members</span>
        </button>
        <button
          type="button"
          class="ghost"
          aria-pressed={beside === "activity"}
          onClick={() => {
            if (taskName) go(at.project(project.id));
            setBeside(beside === "activity" && !taskName ? null : "activity");
          }}
        >
          <Icon name="pulse" />
          <span class="wide-only">Activity</span>
          <span class="sr narrow-only">Activity</span>
        </button>
      </TopBar>
      {isArchived && <p class="ribbon">This project is archived: it can be read, not changed.</p>}
      {!isArchived && role === "viewer" && (
        <p class="ribbon">You are a viewer here: you see everything and change nothing.</p>
      )}
      <main class="desk" onKeyDown={closeOnEscape}>
        <h2 class="sr">Board</h2>
        <Board
          handle={boardHandle}
          project={project}
          grip={grip}
          columns={grip.shown.value}
          held={grip.held.value}
          members={board.members.value}
          canEdit={board.canEdit.value}
          day={day}
        />
        {task ? (
          <TaskPanel key={board.lastingId(task.id)} task={task} onClose={closeTask} />
        ) : (
          beside === "activity" && <ActivityPanel onClose={() => setBeside(null)} />
        )}
      </main>
      <Cursors company={company} columns={grip.shown.value} />
      {isShowingMembers && <MembersDialog onClose={() => setShowingMembers(false)} />}
    </div>
  );
}

/** Say what was taken back, and why. */
function tellRefusal({ change, message, conflicting }: Refusal): void {
  const words = {
    create: `“${change.kind === "create" ? change.title : ""}” was not added.`,
    edit: "Your edit was taken back.",
    move: "The card went back.",
    delete: "The task was not deleted.",
  };
  const reason =
    conflicting.length > 0
      ? `Somebody changed the ${conflicting.join(" and the ").replace(/_/g, " ")} first.`
      : message;
  notify(`${words[change.kind]} ${reason}`, "bad");
}

/** Today, as a value that changes at midnight: due dates are told from it. */
function useDay(): string {
  const [day, setDay] = useState(() => new Date().toDateString());
  useEffect(() => {
    const timer = setInterval(() => setDay(new Date().toDateString()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return day;
}
