/** How each kind of change is asked of the server. */

import type { Answer, RequestOptions } from "../api/request";
import type { Task } from "../api/shapes";
import type { Board } from "./board";
import type { Change } from "./change";

type Send = (method: string, path: string, options: RequestOptions) => Promise<Answer<Task | null>>;

/** Ask for the change; a repeat of it does nothing twice. */
export async function deliver(send: Send, board: Board, projectId: string, change: Change): Promise<Task | null> {
  const tasks = `projects/${projectId}/tasks`;
  const headers: Record<string, string> = { "X-Client-Mutation-ID": change.mutation };
  switch (change.kind) {
    case "create": {
      headers["Idempotency-Key"] = change.mutation;
      return (await send("POST", tasks, { headers, body: { title: change.title, status: change.status } })).body;
    }
    case "edit": {
      headers["If-Match"] = `"${change.version}"`;
      return (await send("PATCH", `${tasks}/${change.task}`, { headers, body: change.fields })).body;
    }
    case "move":
      return (await send("PATCH", `${tasks}/${change.task}`, { headers, body: moveBody(board, change) })).body;
    case "delete":
      await send("DELETE", `${tasks}/${change.task}`, { headers });
      return null;
  }
}

/** Neighbours that went elsewhere since the move was made are left out: the status stands. */
function moveBody(board: Board, change: Change & { kind: "move" }): Record<string, string> {
  const isThere = (id: string | null): id is string =>
    id !== null && board.confirmedTask(id)?.status === change.status && id !== change.task;
  if (isThere(change.after)) return { status: change.status, after: change.after };
  if (isThere(change.before)) return { status: change.status, before: change.before };
  return { status: change.status };
}
