/** Runs inside the page, before its script has come: the colours, which outline to show, and the request that takes longest. */

interface Kept {
  access_token: string;
  expires_at: number;
}

/** A token that lasts for less is renewed first, by the session. */
const LEAST_MS = 60_000;
const DEADLINE_MS = 15_000;

const { dataset } = document.documentElement;
try {
  const theme = localStorage.getItem("roomful.theme");
  if (theme === "light" || theme === "dark") dataset.theme = theme;
  const kept = JSON.parse(localStorage.getItem("roomful.session") ?? "null") as Kept | null;
  const project = /^#\/projects\/([0-9a-f-]{36})(\/|\?|$)/.exec(location.hash)?.[1];
  dataset.outline = !kept ? "entrance" : project ? "board" : "page";
  if (kept && project && dataset.nowhere === undefined && kept.expires_at - Date.now() > LEAST_MS) {
    const path = `projects/${project}/snapshot`;
    const headers = { Accept: "application/json", Authorization: `Bearer ${kept.access_token}` };
    const address = new URL(`api/v1/${path}`, document.baseURI);
    const response = fetch(address, { headers, signal: AbortSignal.timeout(DEADLINE_MS) });
    response.catch(() => undefined); // whoever takes it is told
    window.roomfulEarly = { path, token: kept.access_token, response };
  }
} catch {
  // A browser that stores nothing, or a sign-in that nobody can read: the script says so.
}
