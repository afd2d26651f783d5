import { expect, test } from "vitest";
import { Refused, type RequestOptions } from "../src/api/request";
import type { Task } from "../src/api/shapes";
import type { Change } from "../src/state/change";
import { deliver } from "../src/state/delivery";
import { AT, task } from "./samples";

const MOVE: Change = { kind: "move", mutation: "m", task: "1", made_at: AT, status: "done", after: "a", before: "b" };

/** A server that refuses these neighbours. */
function server(refused: string[], status = 409) {
  const bodies: unknown[] = [];
  const send = async (_: string, __: string, { body }: RequestOptions) => {
    bodies.push(body);
    const { after, before } = body as { after?: string; before?: string };
    if (refused.includes(after ?? before ?? "")) throw new Refused(status, "CONFLICT", "It is elsewhere.");
    return { body: task("1") as Task | null, headers: new Headers() };
  };
  return { send, bodies };
}

test.each([
  [[], [{ status: "done", after: "a" }]],
  [
    ["a"],
    [
      { status: "done", after: "a" },
      { status: "done", before: "b" },
    ],
  ],
  [
    ["a", "b"],
    [{ status: "done", after: "a" }, { status: "done", before: "b" }, { status: "done" }],
  ],
])("a card goes beside a neighbour that is still there (%j are not)", async (refused, expected) => {
  const { send, bodies } = server(refused);
  expect(await deliver(send, "p", MOVE)).toMatchObject({ id: "1" });
  expect(bodies).toEqual(expected);
});

test("a refusal that has nothing to do with neighbours is final", async () => {
  const { send, bodies } = server(["a"], 403);
  await expect(deliver(send, "p", MOVE)).rejects.toThrow("It is elsewhere.");
  expect(bodies).toHaveLength(1);
});
