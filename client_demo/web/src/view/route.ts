/** Where in the client one is. It stands behind the `#`, so that the server needs to know one address only. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";

export type Route =
  | { screen: "sign-in"; email: string; password: string }
  | { screen: "register" }
  | { screen: "projects" }
  | { screen: "project"; id: string; task: string | null }
  | { screen: "account" }
  | { screen: "nowhere" };

/** Set by the server of a demo. Elsewhere a link that fills in the form would sign people in to its author's account. */
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
  signIn: "#/sign-in",
  register: "#/register",
  project: (id: string) => `#/projects/${encodeURIComponent(id)}`,
  task: (id: string, task: string) => `#/projects/${encodeURIComponent(id)}/tasks/${encodeURIComponent(task)}`,
};

export function parse(text: string): Route {
  const [path = "", query = ""] = text.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decode);
  if (parts.length === 0) return { screen: "projects" };
  if (parts.length === 1) {
    if (parts[0] === "account") return { screen: "account" };
    if (parts[0] === "register") return { screen: "register" };
    if (parts[0] === "sign-in") {
      const given = new URLSearchParams(isDemo ? query : "");
      return { screen: "sign-in", email: given.get("email") ?? "", password: given.get("password") ?? "" };
    }
  }
  if (parts[0] === "projects" && parts[1]) {
    if (parts.length === 2) return { screen: "project", id: parts[1], task: null };
    if (parts.length === 4 && parts[2] === "tasks") return { screen: "project", id: parts[1], task: parts[3]! };
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
