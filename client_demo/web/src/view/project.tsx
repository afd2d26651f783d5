/** An open project: its board or its documents, or the reason why it can't be shown. */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { User } from "../api/shapes";
import { OpenProject } from "../live/open_project";
import * as common from "../texts/common";
import * as texts from "../texts/project";
import * as unsavedTexts from "../texts/unsaved";
import { ProjectContext, useLink, useOutbox, useProject, useSession, useUnsaved } from "./context";
import { Desk } from "./desk";
import { DraftList } from "./drafts_list";
import { projectOnScreen } from "./palette_host";
import { at, type ProjectRoute } from "./route";
import { BoardSkeleton, State } from "./states";
import { numberOf } from "./task_name";
import { TopBar } from "./top_bar";

interface ProjectScreenProps {
  where: ProjectRoute;
  user: User;
}

export function ProjectScreen({ where, user }: ProjectScreenProps) {
  const { id } = where;
  const session = useSession();
  const link = useLink();
  const outbox = useOutbox();
  const [project, setProject] = useState<OpenProject | null>(null);
  useEffect(() => {
    const opened = new OpenProject(id, user, session, link, outbox);
    setProject(opened);
    projectOnScreen.value = opened;
    return () => {
      if (projectOnScreen.peek() === opened) projectOnScreen.value = null;
      opened.close();
    };
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
      <Access where={where} />
    </ProjectContext.Provider>
  );
}

function Access({ where }: { where: ProjectRoute }) {
  const project = useProject();
  const name = project.board.visible.value?.project.name ?? "";
  const access = project.channel.access.value;
  const { isRead } = useUnsaved();
  const title = useTitle(where, name);
  useEffect(() => {
    document.title = title;
  }, [title]);
  const home = (
    <a class="button primary" href={at.projects}>
      {common.goToProjects}
    </a>
  );
  const waiting = (
    <div class="filled">
      <TopBar title={name} />
      <BoardSkeleton />
    </div>
  );
  switch (access) {
    case "opening":
      return waiting;
    case "open":
      return isRead.value ? <Desk where={where} /> : waiting;
    case "gone":
      return (
        <Instead title={texts.notFound} action={home}>
          {texts.notFoundHint}
        </Instead>
      );
    case "removed":
      return (
        <Instead title={texts.noAccess(name)} action={home}>
          {texts.wasRemoved}
        </Instead>
      );
    case "deleted":
      return (
        <Instead title={texts.wasDeleted(name)} action={home}>
          {texts.wasDeletedHint}
        </Instead>
      );
    case "failed":
      return (
        <Instead
          title={texts.notLoaded}
          action={
            <button type="button" class="primary" onClick={() => project.channel.retry()}>
              {common.tryAgain}
            </button>
          }
        >
          {texts.keepsTrying}
        </Instead>
      );
  }
}

/** What the browser's tab says: the open task, or the project. */
function useTitle(where: ProjectRoute, name: string): string {
  const { board } = useProject();
  const snapshot = board.visible.value;
  if (!name || !snapshot) return common.appName;
  const taskName = where.shows === "board" ? where.task : null;
  const task = board.find(taskName);
  if (where.shows === "settings") return texts.settingsTitle(name);
  if (!task) return common.pageTitle(name);
  const number = numberOf(snapshot.project.key, task);
  return texts.taskTitle(number ? `${number} ${task.title}` : task.title, name);
}

function Instead({ title, action, children }: { title: string; action: ComponentChildren; children: string }) {
  const project = useProject();
  const drafts = useUnsaved().drafts.all.value.filter((draft) => draft.project === project.id);
  return (
    <>
      <TopBar />
      <main class="page">
        <State alert title={title} action={action}>
          {children}
        </State>
        {drafts.length > 0 && (
          <section class="sheet stack">
            <h2>{unsavedTexts.notSavedHere}</h2>
            <p class="quiet">{unsavedTexts.onlyYou}</p>
            <DraftList project={project.id} />
          </section>
        )}
      </main>
    </>
  );
}
