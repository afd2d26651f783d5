/** The request for each kind of change. */

import { type Answer, Refused, type RequestOptions } from "../api/request";
import type { Task } from "../api/shapes";
import type { Change, Goal } from "./change";
import type { CommentChange } from "./comment_change";

export type Send = (method: string, path: string, options: RequestOptions) => Promise<Answer<Task | null>>;
type Place = Record<string, string>;

interface Neighbours {
  after: string | null;
  before?: string | null;
}

/** Send the change. Idempotent. */
export async function deliver(send: Send, projectId: string, change: Change): Promise<Task | null> {
  const tasks = `projects/${projectId}/tasks`;
  const task = `${tasks}/${change.task}`;
  const headers: Record<string, string> = { "X-Client-Mutation-ID": change.mutation };
  if ("version" in change && change.version !== undefined) headers["If-Match"] = `"${change.version}"`;
  switch (change.kind) {
    case "create": {
      headers["Idempotency-Key"] = change.mutation;
      const { title, labels, assignee_id, due_on } = change;
      const post = (goal: Place) =>
        send("POST", tasks, { headers, body: { title, labels, assignee_id, due_on, ...goal } });
      return firstTaken(placesOf({ after: null, before: null, ...change }), post);
    }
    case "edit":
      return (await send("PATCH", task, { headers, body: change.fields })).body;
    case "labels": {
      const body = { labels_add: change.add, labels_remove: change.remove };
      return (await send("PATCH", task, { headers, body })).body;
    }
    case "move":
      return firstTaken(placesOf(change), (body) => send("PATCH", task, { headers, body }));
    case "delete":
      await send("DELETE", task, { headers });
      return null;
    case "restore":
      headers["Idempotency-Key"] = change.mutation;
      return (await send("POST", `${task}/restore`, { headers })).body;
    case "comment":
      await deliverComment(send, `${task}/comments`, change, headers);
      return null;
  }
}

async function deliverComment(
  send: Send,
  comments: string,
  { mutation, comment, deed }: Change & CommentChange,
  headers: Record<string, string>,
): Promise<void> {
  const one = `${comments}/${comment}`;
  switch (deed.do) {
    case "add": {
      const body = { body: deed.body, parent_id: deed.parent };
      await send("POST", comments, { headers: { ...headers, "Idempotency-Key": mutation }, body });
      break;
    }
    case "edit":
      await send("PATCH", one, { headers, body: { body: deed.body } });
      break;
    case "resolve":
      await send("PATCH", one, { headers, body: { resolved: deed.resolved } });
      break;
    case "react":
      await send(deed.on ? "PUT" : "DELETE", `${one}/reactions/${encodeURIComponent(deed.emoji)}`, { headers });
      break;
    case "delete":
      await send("DELETE", one, { headers });
      break;
    case "restore":
      await send("POST", `${one}/restore`, { headers: { ...headers, "Idempotency-Key": mutation } });
  }
}

/** The column, and its category for a column that somebody has deleted: the server takes the first of that. */
function goalsOf({ column, status }: Goal): Place[] {
  return column ? [{ column_id: column }, { status }] : [{ status }];
}

/** A neighbour may have moved elsewhere since: then beside the other one, or else at the column's end. */
function placesOf({ task, after, before, ...goal }: Goal & { task: string } & Neighbours): Place[] {
  const [first, ...others] = goalsOf(goal);
  const places: Place[] = [];
  if (after && after !== task) places.push({ ...first, after });
  if (before && before !== task) places.push({ ...first, before });
  return [...places, first!, ...others];
}

/** The answer to the first body whose place the server finds. */
async function firstTaken(bodies: Place[], send: (body: Place) => Promise<Answer<Task | null>>): Promise<Task | null> {
  const [body, ...others] = bodies;
  try {
    return (await send(body!)).body;
  } catch (failure) {
    const isElsewhere = failure instanceof Refused && [409, 422].includes(failure.status);
    if (!isElsewhere || others.length === 0) throw failure;
    return firstTaken(others, send);
  }
}
