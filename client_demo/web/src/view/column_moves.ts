/** Moving a column, and what is said of it. */

import type { Column } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import { byPosition } from "../state/columns";
import * as texts from "../texts/columns";
import { messageOf } from "./failure";
import { notify, say } from "./notice";

interface Moves {
  /** They are made one after the other. */
  last: Promise<unknown>;
  /** Columns as the server has answered. Their events may come later. */
  made: Map<string, Column>;
}

const moves = new WeakMap<OpenProject, Moves>();

/** Ask the server to put a column at an index among all columns. Whether it did; otherwise the person is told why. */
export function moveColumn(
  project: OpenProject,
  order: readonly Column[],
  id: string,
  index: number,
): Promise<boolean> {
  return inTurn(project, ({ made }) => move(project, made, order, id, index));
}

/** Ask the server to put a column one place further, from where the moves before have put it. */
export async function stepColumn(project: OpenProject, id: string, step: 1 | -1): Promise<void> {
  await inTurn(project, async ({ made }) => {
    const newest = (column: Column) => {
      const answered = made.get(column.id);
      return answered && answered.version > column.version ? answered : column;
    };
    const order = (project.board.visible.peek()?.columns ?? []).map(newest).sort(byPosition);
    const index = order.findIndex((column) => column.id === id) + step;
    if (order[index]) await move(project, made, order, id, index);
  });
}

function inTurn<T>(project: OpenProject, run: (moves: Moves) => Promise<T>): Promise<T> {
  const own = moves.get(project) ?? { last: Promise.resolve(), made: new Map() };
  moves.set(project, own);
  const turn = own.last.then(() => run(own));
  own.last = turn.catch(() => undefined);
  return turn;
}

async function move(
  project: OpenProject,
  made: Map<string, Column>,
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
    const path = `projects/${project.id}/columns/${id}`;
    made.set(id, (await project.session.request<Column>("PATCH", path, { body })).body);
    say(texts.moved(column.name, index + 1, order.length));
    return true;
  } catch (failure) {
    notify(messageOf(failure), "bad");
    return false;
  }
}
