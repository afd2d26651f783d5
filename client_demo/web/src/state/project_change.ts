/** Changing a project's own fields, so that nobody's change is overwritten unseen. */

import { type Answer, Refused, type RequestOptions } from "../api/request";
import type { Project } from "../api/shapes";
import * as common from "../texts/common";

export type ProjectFields = Pick<Project, "name" | "description" | "key" | "status">;

type Send = (method: string, path: string, options: RequestOptions) => Promise<Answer<Project>>;

const MOST_REBASES = 5;

/** Somebody has changed one of the same fields since. */
export class Overtaken extends Error {}

/**
 * Change these fields; `base` holds what the person saw in them. Others' changes of other fields stay.
 *
 * Raises Overtaken, and what the request raises.
 */
export async function changeProject(
  send: Send,
  project: Pick<Project, "id" | "version">,
  fields: Partial<ProjectFields>,
  base: Partial<ProjectFields>,
): Promise<Project> {
  let { version } = project;
  for (let rebases = 0; ; rebases++) {
    try {
      const headers = { "If-Match": `"${version}"` };
      return (await send("PATCH", `projects/${project.id}`, { body: fields, headers })).body;
    } catch (failure) {
      const isStale = failure instanceof Refused && failure.status === 412;
      const current = isStale ? (failure.details[0] as Project | undefined) : undefined;
      if (!current || rebases >= MOST_REBASES) throw failure;
      if (has(current, fields)) return current; // an earlier try succeeded, but its answer was lost
      if (!has(current, base)) throw new Overtaken(common.changedFirst);
      version = current.version;
    }
  }
}

function has(project: Project, fields: Partial<ProjectFields>): boolean {
  return Object.entries(fields).every(([name, value]) => project[name as keyof ProjectFields] === value);
}
