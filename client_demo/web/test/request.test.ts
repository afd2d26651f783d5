import { beforeEach, expect, test, vi } from "vitest";
import { nextPage } from "../src/api/request";

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
