/** Moving a column, and what is said of it. */

import type { Column } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import * as texts from "../texts/columns";
import { messageOf } from "./failure";
import { notify, say } from "./notice";

/** Ask the server to put a column at an index among all columns. Whether it did; otherwise the person is told why. */
export async function moveColumn(
  project: OpenProject,
  order: readonly Column[],
  id: string,
  index: number,
): Promise<boolean> {
  const column = order.find((each) => each.id === id);
  const others = order.filter((each) => each.id !== id);
  const next = others[index];
  const last = others.at(-1);
  if (!column || !last) return false;
  const body = next ? { before: next.id } : { after: last.id };
  try {
    await project.session.request("PATCH", `projects/${project.id}/columns/${id}`, { body });
    say(texts.moved(column.name, index + 1, order.length));
    return true;
  } catch (failure) {
    notify(messageOf(failure), "bad");
    return false;
  }
}
