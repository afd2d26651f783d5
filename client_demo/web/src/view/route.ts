/** The current screen, kept behind the `#`, so that the server needs only one address. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";

export type Route =
  | { screen: "sign-in"; email: string; password: string }
  | { screen: "register" }
  | { screen: "projects" }
  | { screen: "project"; id: string; shows: "board"; task: string | null; query: string }
  | { screen: "project"; id: string; shows: "documents"; document: string | null }
  | { screen: "project"; id: string; shows: "trash" }
  | { screen: "join"; token: string }
  | { screen: "project"; id: string; shows: "settings" }
  | { screen: "account" }
  | { screen: "inbox" }
  | { screen: "nowhere" };

export type ProjectRoute = Route & { screen: "project" };

/** Set by a demo server only: elsewhere, a link that fills in the form could sign people in to its author's account. */
const isDemo = document.documentElement.dataset.demo !== undefined;

const hash = signal(location.hash);
window.addEventListener("hashchange", () => {
  hash.value = location.hash;
});

export const route: ReadonlySignal<Route> = computed(() => parse(hash.value));

export function go(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  hash.value = location.hash;
}

export const at = {
  projects: "#/",
  account: "#/account",
  inbox: "#/inbox",
  signIn: "#/sign-in",
  register: "#/register",
  /** `query` is what the person looks for there. */
  project: (id: string, query = "") => `#/projects/${encodeURIComponent(id)}${query && `?${query}`}`,
  documents: (id: string) => `#/projects/${encodeURIComponent(id)}/documents`,
  document: (id: string, document: string) =>
    `#/projects/${encodeURIComponent(id)}/documents/${encodeURIComponent(document)}`,
  trash: (id: string) => `#/projects/${encodeURIComponent(id)}/trash`,
  settings: (id: string) => `#/projects/${encodeURIComponent(id)}/settings`,
  task: (id: string, task: string, query = "") =>
    `#/projects/${encodeURIComponent(id)}/tasks/${encodeURIComponent(task)}${query && `?${query}`}`,
};

export function parse(text: string): Route {
  const [path = "", ...rest] = text.replace(/^#\/?/, "").split("?");
  const query = rest.join("?");
  const parts = path.split("/").filter(Boolean).map(decode);
  if (parts.length === 0) return { screen: "projects" };
  if (parts.length === 1) {
    if (parts[0] === "account") return { screen: "account" };
    if (parts[0] === "inbox") return { screen: "inbox" };
    if (parts[0] === "register") return { screen: "register" };
    if (parts[0] === "sign-in") {
      const given = new URLSearchParams(isDemo ? query : "");
      return { screen: "sign-in", email: given.get("email") ?? "", password: given.get("password") ?? "" };
    }
  }
  if (parts[0] === "join" && parts[1] && parts.length === 2) return { screen: "join", token: parts[1] };
  if (parts[0] === "projects" && parts[1]) {
    const [, id, part, name = null] = parts as [string, string, ...string[]];
    if (parts.length === 2) return { screen: "project", id, shows: "board", task: null, query };
    if (parts.length === 4 && part === "tasks") return { screen: "project", id, shows: "board", task: name, query };
    if (parts.length === 3 && (part === "trash" || part === "settings")) return { screen: "project", id, shows: part };
    if (parts.length <= 4 && part === "documents") return { screen: "project", id, shows: "documents", document: name };
  }
  return { screen: "nowhere" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
