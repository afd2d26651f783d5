/** What is on screen while a project is open: its board or documents, and a panel beside it. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { OpenProject } from "../live/open_project";
import { Grip } from "../state/grip";
import { ActivityPanel } from "./activity_panel";
import { useAssignKey } from "./assign_key";
import { BoardChoices, BoardChoicesContext } from "./board_choices";
import { BoardScreen } from "./board_screen";
import { Banner } from "./connection";
import { useProject } from "./context";
import { useCopyLinkKey } from "./copy_link";
import { Cursors } from "./cursors";
import { DocumentScreen } from "./document_screen";
import { Documents } from "./documents";
import { Finding, FindingContext, findingOnScreen, keepLook } from "./finding";
import { lazy } from "./lazy";
import { type TaskPlaces, useOpenTask } from "./open_task";
import { ProjectBar } from "./project_bar";
import { ProjectDialogs } from "./project_dialogs";
import { Ribbons } from "./ribbons";
import { at, go, type ProjectRoute } from "./route";
import { TaskPanel } from "./task_panel";
import { Trash } from "./trash";
import { useUndo } from "./undo";

const Settings = lazy(() => import("./settings/settings_screen").then(({ SettingsScreen }) => SettingsScreen));

export function Desk({ where }: { where: ProjectRoute }) {
  const project = useProject();
  const { board, presence } = project;
  const [isActivityWanted, setActivityWanted] = useState(false);
  const places = useRef<TaskPlaces | null>(null);
  const finding = useFindingOf(project, where);
  const choices = useMemo(() => new BoardChoices(board.userId, project.id), [project]);
  const grip = useMemo(() => new Grip(board.visible, finding.matches, choices.arrangement), [board]);
  const { task, leave } = useOpenTask(where, finding, grip, places);
  useAssignKey(project, task);
  useUndo(project, where.shows === "board");
  useCopyLinkKey(task);
  const hasTaskInAddress = where.shows === "board" && where.task !== null;
  const toggleActivity = () => {
    if (hasTaskInAddress) finding.goTo(null, { replace: true });
    setActivityWanted(hasTaskInAddress || !isActivityWanted);
  };
  const closeOnEscape = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    if (!task && !isActivityWanted) return;
    event.preventDefault(); // the selection stays
    if (task) leave();
    else setActivityWanted(false);
  };
  return (
    <FindingContext.Provider value={finding}>
      <BoardChoicesContext.Provider value={choices}>
        <div class="filled">
          <ProjectBar shows={where.shows} isActivityShown={isActivityWanted} onActivity={toggleActivity} />
          <Ribbons />
          <main
            class={task || isActivityWanted ? "desk beside" : "desk"}
            onKeyDown={closeOnEscape}
            onClick={(event) => keepLook(event, finding, where)}
          >
            {where.shows === "documents" ? (
              where.document ? (
                <DocumentScreen key={where.document} id={where.document} />
              ) : (
                <Documents />
              )
            ) : where.shows === "trash" ? (
              <Trash />
            ) : where.shows === "settings" ? (
              <Settings onClose={() => go(at.project(project.id))} />
            ) : (
              <BoardScreen grip={grip} places={places} />
            )}
            {task ? (
              <TaskPanel key={board.lastingId(task.id)} task={task} onClose={leave} />
            ) : (
              isActivityWanted && <ActivityPanel onClose={() => setActivityWanted(false)} />
            )}
          </main>
          <Banner />
          {where.shows === "board" && <Cursors presence={presence} grip={grip} />}
          <ProjectDialogs />
        </div>
      </BoardChoicesContext.Provider>
    </FindingContext.Provider>
  );
}

/** What the address says is shown with the first drawing already. */
function useFindingOf(project: OpenProject, where: ProjectRoute): Finding {
  const finding = useMemo(() => new Finding(project), [project]);
  const query = where.shows === "board" ? where.query : null;
  useMemo(() => query !== null && finding.hear(query), [finding, query]);
  useEffect(() => {
    findingOnScreen.value = finding;
    return () => {
      if (findingOnScreen.peek() === finding) findingOnScreen.value = null;
      finding.close();
    };
  }, [finding]);
  return finding;
}
