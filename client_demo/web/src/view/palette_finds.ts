/** What the palette finds for some words: on this page at once, and by the server. */

import type { Project, Task } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import { hasAll, plain, textOf, wordsOf } from "../state/filter";
import type { Action } from "./actions";
import { goToTask } from "./finding";
import type { IconName } from "./icons";
import { at, go } from "./route";
import { numberOf } from "./task_name";

/** One line of the palette. */
export interface Find {
  /** Unique among all finds. */
  id: string;
  icon: IconName;
  title: string;
  /** Where it is. */
  detail: string;
  /** Found for the words before: it stays until the answer comes, and is chosen only by hand. */
  isOld?: boolean;
  run: () => void;
}

export interface Section {
  name: string;
  finds: Find[];
}

/** An answer of `GET /search`. */
export interface ServerFind {
  type: "project" | "task" | "comment" | "document";
  id: string;
  project_id: string;
  /** For a comment, whose title is the task's. */
  task_id?: string | null;
  title: string;
  snippet: string;
}

const MOST = 7;

export function findActions(actions: readonly Action[], text: string): Find[] {
  const words = wordsOf(text);
  const found = actions.filter(({ name, words: more }) => hasAll(plain(`${name} ${more ?? ""}`), words));
  return found.map(({ name, icon, run }) => ({ id: `action-${name}`, icon, title: name, detail: "", run }));
}

/** Tasks of the project on screen: those with the words in their number or title before those with them elsewhere. */
export function findTasks(project: OpenProject, text: string): Find[] {
  const words = wordsOf(text);
  const snapshot = project.board.visible.peek();
  if (!snapshot || words.length === 0) return [];
  const { key } = snapshot.project;
  const found = snapshot.tasks.filter((task) => hasAll(textOf(task, key), words));
  const number = plain(text.trim());
  const rank = (task: Task) => {
    const title = plain(task.title);
    if (task.number > 0 && [String(task.number), plain(`${key}-${task.number}`)].includes(number)) return 0;
    return title.startsWith(words[0]!) ? 1 : hasAll(title, words) ? 2 : 3;
  };
  const ranked = found.map((task) => ({ task, rank: rank(task) })).sort((a, b) => a.rank - b.rank);
  const columns = new Map(snapshot.columns.map(({ id, name }) => [id, name]));
  return ranked.slice(0, MOST).map(({ task }) => ({
    id: `task-${task.id}`,
    icon: "check",
    title: task.title,
    detail: [numberOf(key, task), columns.get(task.column_id)].filter(Boolean).join(" · "),
    run: () => goToTask(project.id, task.id),
  }));
}

export function findDocuments(project: OpenProject, text: string): Find[] {
  const words = wordsOf(text);
  const snapshot = project.board.visible.peek();
  if (!snapshot || words.length === 0) return [];
  const found = snapshot.documents.filter(({ title }) => hasAll(plain(title), words));
  return found.slice(0, MOST).map(({ id, title }) => ({
    id: `document-${id}`,
    icon: "page",
    title,
    detail: snapshot.project.name,
    run: () => go(at.document(project.id, id)),
  }));
}

export function findProjects(projects: readonly Project[], text: string): Find[] {
  const words = wordsOf(text);
  const found = projects.filter(({ name, key }) => hasAll(plain(`${name} ${key}`), words));
  return found.slice(0, MOST).map(({ id, name, key }) => ({
    id: `project-${id}`,
    icon: "columns",
    title: name,
    detail: key,
    run: () => go(at.project(id)),
  }));
}

/** What the server has found, but for what is found here already. While it looks for `sought`, some of that is old. */
export function fromServer(
  found: readonly ServerFind[],
  projects: readonly Project[],
  known: Set<string>,
  sought: string | null,
): Find[] {
  const names = new Map(projects.map(({ id, name }) => [id, name]));
  const words = wordsOf(sought ?? "");
  const finds = found.map((each): Find => {
    const task = each.type === "comment" ? (each.task_id ?? "") : each.id;
    const [icon, run]: [IconName, () => void] =
      each.type === "project"
        ? ["columns", () => go(at.project(each.id))]
        : each.type === "document"
          ? ["page", () => go(at.document(each.project_id, each.id))]
          : [each.type === "comment" ? "speech" : "check", () => goToTask(each.project_id, task)];
    const detail = [names.get(each.project_id), each.snippet].filter(Boolean).join(" · ");
    const isOld = !hasAll(plain(`${each.title} ${each.snippet}`), words);
    return { id: `${each.type}-${each.id}`, icon, title: each.title, detail, isOld, run };
  });
  return finds.filter(({ id }) => !known.has(id));
}
