import { beforeEach, expect, test, vi } from "vitest";
import { nextPage, Refused, request, Unavailable } from "../src/api/request";

beforeEach(() => {
  vi.stubGlobal("document", { baseURI: "https://board.example/team/#/projects" });
});

const after = (link: string) => nextPage("projects?limit=2", new Headers({ Link: link }));

test("the next page is relative to this one", () => {
  expect(after('<?limit=2&cursor=x>; rel="next"')).toBe("projects?limit=2&cursor=x");
  expect(after('</team/api/v1/projects?cursor=x>; rel="next"')).toBe("projects?cursor=x");
});

test("the last page has no next page, and none lies outside the API", () => {
  expect(nextPage("projects", new Headers())).toBeNull();
  expect(after('<?cursor=x>; rel="prev"')).toBeNull();
  expect(after('<https://evil.example/api/v1/projects>; rel="next"')).toBeNull();
});

/** What one request comes to, if this is answered. */
async function outcome(status: number, body: string): Promise<string> {
  vi.stubGlobal("fetch", async () => new Response(body, { status }));
  try {
    return JSON.stringify((await request("GET", "projects")).body);
  } catch (failure) {
    if (failure instanceof Refused) return `refused: ${failure.code}, ${failure.isOfServer}`;
    return failure instanceof Unavailable ? "unavailable" : String(failure);
  }
}

test.each([
  [200, '{"id":"1"}', '{"id":"1"}'],
  [200, "", "null"],
  [200, "<h1>Sign in to our hotel's network</h1>", "unavailable"],
  [401, '{"error":"Sign in.","code":"UNAUTHENTICATED"}', "refused: UNAUTHENTICATED, true"],
  [404, '{"error":"There is no such task.","code":"NOT_FOUND"}', "refused: NOT_FOUND, true"],
  [500, '{"error":"Something went wrong.","code":"INTERNAL"}', "refused: INTERNAL, true"],
  [503, '{"error":"Busy.","code":"UNAVAILABLE"}', "unavailable"],
  [404, "404 page not found", "unavailable"],
  [404, '{"message":"no Route matched"}', "unavailable"],
  [404, '{"error":"not found","code":404}', "unavailable"],
  [401, "<h1>Authorization required</h1>", "unavailable"],
  [500, "Internal Server Error", "unavailable"],
  [522, "error code: 522", "unavailable"],
  [403, "<h1>Forbidden</h1>", "refused: UNKNOWN, false"],
  [413, "<h1>Request Entity Too Large</h1>", "refused: UNKNOWN, false"],
])("the answer %i %s", async (status, body, expected) => {
  expect(await outcome(status, body)).toBe(expected);
});
