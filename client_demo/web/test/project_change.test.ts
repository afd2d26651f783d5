import { expect, test } from "vitest";
import { type Answer, Refused, type RequestOptions } from "../src/api/request";
import type { Project } from "../src/api/shapes";
import { changeProject, Overtaken } from "../src/state/project_change";

const APOLLO = { id: "p", name: "Apollo", description: null, key: "APOLLO", status: "active", version: 1 } as Project;

/** A server with one project, which refuses a stale `If-Match`. */
class Server {
  asked = 0;

  constructor(public project: Project) {}

  readonly send = async (_: string, __: string, { body, headers }: RequestOptions): Promise<Answer<Project>> => {
    this.asked++;
    if (headers?.["If-Match"] !== `"${this.project.version}"`) {
      throw new Refused(412, "PRECONDITION_FAILED", "Somebody changed it.", [this.project]);
    }
    this.project = { ...this.project, ...(body as Partial<Project>), version: this.project.version + 1 };
    return { body: this.project, headers: new Headers() };
  };
}

test("a change of another field meanwhile stays", async () => {
  const server = new Server({ ...APOLLO, key: "MOON", version: 4 });
  const made = await changeProject(server.send, APOLLO, { name: "Gemini" }, { name: "Apollo" });
  expect([made.name, made.key, made.version]).toEqual(["Gemini", "MOON", 5]);
});

test("another name meanwhile is never overwritten", async () => {
  const server = new Server({ ...APOLLO, name: "Mercury", version: 2 });
  await expect(changeProject(server.send, APOLLO, { name: "Gemini" }, { name: "Apollo" })).rejects.toThrow(Overtaken);
  expect(server.project.name).toBe("Mercury");
});

test("an earlier try whose answer was lost has succeeded", async () => {
  const server = new Server({ ...APOLLO, name: "Gemini", version: 2 });
  const made = await changeProject(server.send, APOLLO, { name: "Gemini" }, { name: "Apollo" });
  expect([made.version, server.asked]).toEqual([2, 1]);
});
