import { expect, test } from "vitest";
import { Refused } from "../src/api/request";
import type { Column } from "../src/api/shapes";
import type { OpenProject } from "../src/live/open_project";
import { stepColumn } from "../src/view/column_moves";

function column(id: string, position: string, version = 1): Column {
  return { id, position, version, name: id } as Column;
}

/** A project whose events are late: its board stays as it is. The server answers when it is told to. */
function scene() {
  const sent: { path: string; body: unknown; answer: (column: Column) => void; refuse: () => void }[] = [];
  const columns = [column("a", "1"), column("b", "2"), column("c", "3"), column("d", "4")];
  const request = (_: string, path: string, { body }: { body: unknown }) =>
    new Promise((resolve, reject) => {
      const answer = (column: Column) => resolve({ body: column });
      sent.push({ path, body, answer, refuse: () => reject(new Refused(409, "CONFLICT", "refused")) });
    });
  const project = { id: "p", board: { visible: { peek: () => ({ columns }) } }, session: { request } };
  return { sent, project: project as unknown as OpenProject };
}

test("each step begins where the one before has led, though its event is late", async () => {
  const { sent, project } = scene();
  void stepColumn(project, "a", 1);
  void stepColumn(project, "a", 1);
  const done = stepColumn(project, "b", 1);
  await expect.poll(() => sent.length).toBe(1);
  expect(sent[0]!.body).toEqual({ before: "c" });
  sent[0]!.answer(column("a", "21", 2));
  await expect.poll(() => sent.length).toBe(2);
  expect(sent[1]!.body).toEqual({ before: "d" });
  sent[1]!.answer(column("a", "31", 3));
  await expect.poll(() => sent.length).toBe(3);
  expect(sent[2]).toMatchObject({ path: "projects/p/columns/b", body: { before: "a" } }); // b c a d
  sent[2]!.answer(column("b", "301", 2));
  await done;
});

test("a refused step stops no other, and none leads beyond the last place", async () => {
  const { sent, project } = scene();
  void stepColumn(project, "c", 1);
  void stepColumn(project, "c", 1);
  const done = stepColumn(project, "c", 1);
  await expect.poll(() => sent.length).toBe(1);
  sent[0]!.refuse();
  await expect.poll(() => sent.length).toBe(2);
  expect(sent[1]!.body).toEqual({ after: "d" });
  sent[1]!.answer(column("c", "5", 2));
  await done;
  expect(sent.length).toBe(2);
});
