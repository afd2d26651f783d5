/** What a task was before a change of it, as its event tells. */

import type { TaskMoved, TaskUpdated } from "../api/events";
import type { Member, ProjectEvent, Task } from "../api/shapes";
import * as texts from "../texts/activity";
import * as common from "../texts/common";

export interface FieldChange {
  field: string;
  before: string;
  after: string;
}

interface Show {
  members: ReadonlyMap<string, Member>;
  /** The names of columns. */
  columns: ReadonlyMap<string, string>;
  day: (day: string) => string;
}

/** The fields of which the event says the old value, in words. Older events say none, and descriptions have versions. */
export function changesOf(event: ProjectEvent, show: Show): FieldChange[] {
  if (event.type !== "task.updated" && event.type !== "task.moved") return [];
  const { task, changed, previous = {} }: TaskUpdated | TaskMoved = event.data;
  return changed.flatMap((field) => {
    if (!(field in previous) || field === "position" || !(field in WORDS)) return [];
    const words = WORDS[field as keyof typeof WORDS] as (value: unknown, show: Show) => string;
    const before = words(previous[field as keyof typeof previous], show);
    return [{ field, before, after: words(task[field as keyof Task], show) }];
  });
}

const WORDS = {
  title: (value: string) => value,
  column_id: (value: string, { columns }: Show) => columns.get(value) ?? texts.goneColumn,
  assignee_id: (value: string | null, { members }: Show) =>
    value === null ? texts.nobody : (members.get(value)?.name ?? common.formerMember),
  due_on: (value: string | null, { day }: Show) => (value === null ? texts.none : day(value)),
  labels: (value: string[]) => value.join(", ") || texts.none,
};
