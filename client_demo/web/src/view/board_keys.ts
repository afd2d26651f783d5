/** The shortcuts of the board and the list: to cards, the focused one and new ones. */

import type { Task } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import type { Grip } from "../state/grip";
import * as texts from "../texts/board";
import { useProject } from "./context";
import { type Finding, useFinding } from "./finding";
import { focusedName } from "./focused_task";
import { slotOf, type TaskPlaces } from "./open_task";
import { route } from "./route";
import { toggleSelected } from "./selecting";
import { type Shortcut, useShortcuts } from "./shortcuts";

/** A panel may have to be loaded first. */
const MOST_FRAMES = 180;

const BROWSING: Shortcut[] = [
  listed(texts.arrowKeys, texts.goToCards),
  listed("Home", texts.goToFirst),
  listed("End", texts.goToLast),
  listed("Enter", texts.openTask),
];

const BROWSING_LIST: Shortcut[] = [
  listed(texts.arrowKeys, texts.goToTasks),
  listed("Home", texts.goToFirstTask),
  listed("End", texts.goToLastTask),
  listed("Enter", texts.openTask),
];

/** A key that the focused card handles itself. */
function listed(keys: string, description: string): Shortcut {
  return { group: texts.onCard, keys, description, isListed: true, run: () => undefined };
}

interface BoardKeys {
  grip: Grip;
  places: { current: TaskPlaces | null };
  isList: boolean;
  /** Leads to the field for a new task. */
  onNew: () => void;
}

export function useBoardKeys({ grip, places, isList, onNew }: BoardKeys): void {
  const project = useProject();
  const finding = useFinding();
  const browsing = isList ? BROWSING_LIST : BROWSING;
  const changing: Shortcut[] = [
    ...(isList ? [] : [listed("Space", texts.carryCard)]),
    { group: texts.onCard, keys: "x", description: texts.selectCard, run: () => toggleFocused(project) },
    listed(texts.shiftArrow, texts.selectNext),
    ...["n", "c"].map((keys) => ({ group: texts.ofTasks, keys, description: texts.writeTask, run: onNew })),
    { group: texts.ofTasks, keys: "e", description: texts.changeTitle, run: () => edit(project, finding, TITLE) },
    { group: texts.ofTasks, keys: "m", description: texts.moveTask, run: () => edit(project, finding, fact(1)) },
    { group: texts.ofTasks, keys: "a", description: texts.assignTask, run: () => edit(project, finding, fact(2)) },
    { group: texts.ofTasks, keys: "l", description: texts.labelTask, run: () => edit(project, finding, LABELS) },
    { group: texts.ofTasks, keys: "d", description: texts.setDueDate, run: () => edit(project, finding, DUE) },
    {
      group: texts.ofTasks,
      keys: "Delete",
      description: texts.trashTask,
      run: () => remove(project, finding, grip, places),
    },
  ];
  useShortcuts(project.board.canEdit.value ? [...browsing, ...changing] : browsing);
}

/** A field of the panel that is chosen from a list. */
const fact = (place: number) => `.task-panel .facts .fact:nth-child(${place}) input`;
const LABELS = ".task-panel .labels-field input";
const TITLE = ".task-panel .writing.title textarea";
const DUE = '.task-panel input[type="date"]';

/** The task that a key is for: that of the focused card, or else the open one. */
function aimedTask({ board }: OpenProject): Task | null {
  return board.find(focusedName() ?? openName());
}

function openName(): string | null {
  const where = route.peek();
  return where.screen === "project" && where.shows === "board" ? where.task : null;
}

function toggleFocused(project: OpenProject): void {
  const name = focusedName();
  if (name) toggleSelected(project, name);
}

/** In the column of the focused card, or in the first one, once the board is drawn. */
export function writeNew(frames = MOST_FRAMES): void {
  const here = document.activeElement?.closest(".column")?.querySelector<HTMLElement>(".quick-add textarea");
  const field = here ?? document.querySelector<HTMLElement>(".board .quick-add textarea");
  field?.focus();
  field?.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (!field && frames > 0) requestAnimationFrame(() => writeNew(frames - 1));
}

function edit(project: OpenProject, finding: Finding, field: string): void {
  const task = aimedTask(project);
  if (!task) return;
  if (openName() !== task.id) finding.goTo(task.id);
  // As soon as the panel is drawn, before the next key: that is text.
  queueMicrotask(() => focusSoon(field, location.hash, MOST_FRAMES));
}

/** Focus the field of the panel once it is there, unless the person has gone elsewhere. */
function focusSoon(field: string, address: string, frames: number): void {
  const found = document.querySelector<HTMLInputElement>(field);
  if (found) {
    found.focus();
    if (found.matches("textarea")) found.select();
  } else if (frames > 0 && location.hash === address) {
    requestAnimationFrame(() => focusSoon(field, address, frames - 1));
  }
}

function remove(project: OpenProject, finding: Finding, grip: Grip, places: { current: TaskPlaces | null }): void {
  const task = aimedTask(project);
  if (!task) return;
  const place = slotOf(grip, task);
  if (openName()) finding.goTo(null, { replace: true });
  project.delete(task.id);
  requestAnimationFrame(() => places.current?.focusNear(place, project.board.lastingId(task.id)));
}
