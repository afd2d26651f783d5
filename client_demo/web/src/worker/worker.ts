/**
 * The service worker: it opens the board without a network. Only the page and its files pass through it.
 *
 * The rule (docs/decisions/0054): the page comes from the network whenever that answers, so no worker, however old, can
 * keep a release from anybody. A worker whose own file is gone, or is something else, leaves.
 */

export {}; // names of its own

declare const self: ServiceWorkerGlobalScope;

/** Written by the build: names relative to the page. */
declare const BUILD: {
  version: string;
  /** What the first screen needs: the page, whose name is empty, and its files. */
  shell: string[];
  /** What other screens need. */
  rest: string[];
  /** A file that only a page of this build names. */
  entry: string;
};
/** How the file of this worker begins. */
declare const MARK: string;

const build = BUILD; // once in the file
const page = self.registration.scope;
const own = `roomful.shell:${page}:`;
const current = own + build.version;
const known = new Set([...build.shell, ...build.rest].map((name) => new URL(name, page).href));
/** Pages of the build before this one may still be open, and load their files late. */
const KEPT_BUILDS = 2;
/** What proxies answer while the server is away. */
const AWAY = [502, 503, 504];

self.addEventListener("install", (event) => {
  event.waitUntil(install());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const address = request.url.split(/[?#]/)[0]!;
  if (request.mode === "navigate" && address === page) {
    event.respondWith(answerPage(event));
    event.waitUntil(reconsider());
  } else if (known.has(address) || address.startsWith(`${page}assets/`)) {
    event.respondWith(answerFile(request));
  }
});

/** The page asks for the rest when it has what it needs itself. */
self.addEventListener("message", (event) => {
  if (event.data === "rest") event.waitUntil(keepRest());
});

async function install(): Promise<void> {
  const cache = await caches.open(current);
  const files = build.shell.filter((name) => name !== "");
  await cache.addAll(files.map((name) => new URL(name, page).href));
  const answer = await fetch(page, { cache: "no-cache" });
  const text = await answer.clone().text();
  // During a release another node may answer with another build's page.
  if (!answer.ok || !text.includes(build.entry)) throw new Error("the page is of another build");
  await cache.put(page, answer);
  await self.skipWaiting();
}

async function activate(): Promise<void> {
  await self.registration.navigationPreload?.enable(); // the page's request does not wait for this worker to start
  const others = (await ownCaches()).filter((name) => name !== current);
  for (const name of others.slice(0, -(KEPT_BUILDS - 1))) await caches.delete(name);
}

/** From the network if that answers at all; otherwise this build's. */
async function answerPage(event: FetchEvent): Promise<Response> {
  let answer: Response | undefined;
  try {
    answer = ((await event.preloadResponse) as Response | undefined) ?? (await fetch(event.request));
    if (!AWAY.includes(answer.status)) return answer;
  } catch {
    // no network
  }
  const kept = await (await caches.open(current)).match(page);
  return kept ?? answer ?? Response.error();
}

/** A file never changes under its name, but for a few small ones that come with each build. */
async function answerFile(request: Request): Promise<Response> {
  for (const name of [current, ...(await ownCaches())]) {
    const kept = await (await caches.open(name)).match(request, { ignoreVary: true });
    if (kept) return kept;
  }
  return fetch(request);
}

/** Whatever comes of it: without them only what is opened later lacks something. */
async function keepRest(): Promise<void> {
  const cache = await caches.open(current);
  for (const name of build.rest) {
    const address = new URL(name, page).href;
    if (!(await cache.match(address, { ignoreVary: true }))) await cache.add(address).catch(() => undefined);
  }
}

/** Leave if this worker's file is gone, or has become something else. */
async function reconsider(): Promise<void> {
  const answer = await fetch(self.location.href, { cache: "no-cache" }).catch(() => null);
  if (!answer) return; // no network
  const isGone = answer.status === 404 || answer.status === 410;
  const isGarbage = answer.ok && !(await answer.text()).startsWith(MARK);
  if (!isGone && !isGarbage) return;
  for (const name of await ownCaches()) await caches.delete(name);
  await self.registration.unregister();
}

/** The oldest first. Another installation on this host has its own. */
async function ownCaches(): Promise<string[]> {
  return (await caches.keys()).filter((name) => name.startsWith(own));
}
