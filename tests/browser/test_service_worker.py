"""The service worker: it opens the board without a network, and keeps no release from anybody."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Page, expect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from roomful.web import errors, pages
from tests.support.asgi_server import AsgiServer
from tests.support.browsers import Chromium
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTLED_SECONDS = 60
"""The worker starts seconds after the page, and a busy machine is slow."""

BUILD = "document.documentElement.dataset.build"
HAS_WORKER = "async () => (await navigator.serviceWorker.getRegistration())?.active?.state === 'activated'"
HAS_NONE = """async () => !(await navigator.serviceWorker.getRegistration())
  && (await caches.keys()).every((name) => !name.startsWith('roomful.'))"""
CACHED = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) found.push(request.url);
  }
  return found;
}"""
RUNS_BUILD = """async (build) => {
  const { installing, waiting, active, scope } = await navigator.serviceWorker.getRegistration();
  if (installing || waiting || active?.state !== 'activated') return false;
  const name = (await caches.keys()).find((name) => name.endsWith(`:${build}`));
  return !!name && !!(await (await caches.open(name)).match(scope));
}"""


class Site:
    """The board's files on a server of their own, below a path. The test chooses the release and the troubles."""

    def __init__(self, folder: Path, *, prefix: str = "") -> None:
        self.prefix = prefix
        self.worker: Response | None = None
        """In the place of the worker's file."""
        self.page: Response | None = None
        self.requests: list[str] = []
        self.release(folder)

    def release(self, folder: Path) -> None:
        self._app = FastAPI()
        errors.install(self._app)
        pages.install(self._app, folder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"].removeprefix(self.prefix)
        self.requests.append(path)
        answer = {"/sw.js": self.worker, "/": self.page}.get(path)
        await (answer or self._app)({**scope, "root_path": self.prefix}, receive, send)


@pytest.fixture(scope="module")
def builds(_built_client: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two builds of the board, each of which says in the page which one it is."""
    directory = tmp_path_factory.mktemp("builds")
    return build(directory / "a", "a" * 16), build(directory / "b", "b" * 16)


def build(folder: Path, name: str) -> Path:
    """The board as built, under other names and with another content."""
    shutil.copytree(pages.SITE, folder, ignore=shutil.ignore_patterns("*.br", "*.gz"))
    (entry,) = re.findall(r'src="\./assets/([^"]+)\.js"', (folder / "index.html").read_text())
    script = folder / "assets" / f"{entry}.js"
    script.write_text(f'{BUILD}="{name}";{script.read_text()}')
    script.rename(folder / "assets" / f"index-{name}.js")
    for path in (*folder.glob("*.html"), *folder.rglob("*.js")):
        path.write_text(path.read_text().replace(entry, f"index-{name}"))
    worker = folder / "sw.js"
    text, count = re.subn(r"(version:.)[0-9a-f]{16}", rf"\g<1>{name}", worker.read_text())
    assert count == 1
    worker.write_text(text)
    return folder


@pytest_asyncio.fixture(loop_scope="module")
async def site(builds: tuple[Path, Path]) -> AsyncIterator[tuple[Site, AsgiServer]]:
    site = Site(builds[0])
    async with AsgiServer(site) as server:
        yield site, server


async def becomes(page: Page, script: str, arg: object = None) -> None:
    """Wait until what the script promises is true. Playwright takes the promise itself for the answer."""
    async with asyncio.timeout(SETTLED_SECONDS):
        while not await page.evaluate(script, arg):
            await page.wait_for_timeout(50)


async def installed(chromium: Chromium, server: AsgiServer, path: str = "/") -> Page:
    """A page of build A, which its worker has opened."""
    window = await chromium.window("", service_workers="allow")
    page = window.page
    await page.goto(f"http://127.0.0.1:{server.port}{path}")
    await becomes(page, HAS_WORKER)
    await page.reload()
    assert await page.evaluate("() => navigator.serviceWorker.controller !== null")
    return page


async def built_by(page: Page) -> str:
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    return str(await page.evaluate(f"() => {BUILD}"))


async def test_a_release_is_shown_at_the_first_reload_in_spite_of_an_old_worker(
    site: tuple[Site, AsgiServer], builds: tuple[Path, Path], chromium: Chromium
) -> None:
    release, server = site
    page = await installed(chromium, server)
    assert await built_by(page) == "a" * 16
    release.release(builds[1])
    await page.reload()
    assert await built_by(page) == "b" * 16
    # Its worker comes by itself, and from then on a page without a network is the new one, too.
    await becomes(page, RUNS_BUILD, "b" * 16)
    await becomes(page, HAS_WORKER)
    await page.evaluate("async () => (await navigator.serviceWorker.getRegistration()).update()")
    await becomes(page, HAS_WORKER)
    await server.stop()
    await page.reload()
    assert await built_by(page) == "b" * 16


async def test_a_worker_whose_release_nobody_can_install_keeps_nothing_from_anybody(
    site: tuple[Site, AsgiServer], builds: tuple[Path, Path], chromium: Chromium
) -> None:
    """The new worker's file can't be had, so that the old worker stays."""
    release, server = site
    page = await installed(chromium, server)
    release.release(builds[1])
    release.worker = Response("later", 503)
    for _ in range(2):
        await page.reload()
        assert await built_by(page) == "b" * 16
    assert await page.evaluate(HAS_WORKER)


@pytest.mark.parametrize(
    "answer",
    [
        Response("gone", 404),
        Response("gone", 410),
        Response("<!doctype html><title>Sign in to the hotel</title>", media_type="text/html"),
        Response("self.addEventListener('fetch', (event) => 0);", media_type="text/javascript"),
    ],
    ids=["404", "410", "a page", "another script"],
)
async def test_a_worker_whose_file_is_gone_or_garbage_leaves(
    site: tuple[Site, AsgiServer], chromium: Chromium, answer: Response
) -> None:
    release, server = site
    page = await installed(chromium, server)
    release.worker = answer
    await page.reload()
    await built_by(page)
    await becomes(page, HAS_NONE)


async def test_a_server_in_trouble_does_not_send_the_worker_away(
    site: tuple[Site, AsgiServer], chromium: Chromium
) -> None:
    release, server = site
    page = await installed(chromium, server)
    release.worker = release.page = Response("trouble", 503)
    await page.reload()
    assert await built_by(page) == "a" * 16  # from its cache
    release.page = None
    await page.reload()
    await server.stop()
    await page.reload()
    assert await built_by(page) == "a" * 16


async def test_a_page_of_another_build_is_not_kept(
    site: tuple[Site, AsgiServer], builds: tuple[Path, Path], chromium: Chromium
) -> None:
    """While a release is rolled out, the files may come from one node and the page from another."""
    release, server = site
    release.page = Response((builds[1] / "index.html").read_text(), media_type="text/html")
    window = await chromium.window("", service_workers="allow")
    await window.page.goto(f"http://127.0.0.1:{server.port}/docs-of-nobody", wait_until="commit")
    with pytest.raises(Exception, match="ServiceWorker"):
        await window.page.evaluate(
            """async () => {
              const registration = await navigator.serviceWorker.register("/sw.js");
              const worker = registration.installing ?? registration.waiting ?? registration.active;
              await new Promise((resolve, reject) => {
                worker.addEventListener("statechange", () => {
                  if (worker.state === "redundant") reject(new Error("ServiceWorker: not installed"));
                  if (worker.state === "activated") resolve();
                });
              });
            }"""
        )
    chromium.complaints.clear()


async def test_below_a_path_the_app_is_installed_there_and_nowhere_else(
    builds: tuple[Path, Path], chromium: Chromium
) -> None:
    async with AsgiServer(Site(builds[0], prefix="/boards/main")) as server:
        page = await installed(chromium, server, "/boards/main/")
        scope = await page.evaluate("async () => (await navigator.serviceWorker.getRegistration()).scope")
        assert scope == f"http://127.0.0.1:{server.port}/boards/main/"
        manifest = await page.evaluate(
            """async () => {
              const { href } = document.querySelector('link[rel=manifest]');
              const { start_url, scope, icons } = await (await fetch(href)).json();
              const sizes = await Promise.all(icons.map(async ({ src }) => (await fetch(new URL(src, href))).status));
              return { start: new URL(start_url, href).href, scope: new URL(scope, href).href, sizes };
            }"""
        )
        assert manifest == {"start": scope, "scope": scope, "sizes": [200] * 5}
        await server.stop()
        await page.reload()
        assert await built_by(page) == "a" * 16


async def test_only_the_pages_files_pass_through_the_worker(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    await ada.create_task(project, "A secret task")
    window = await chromium.board_of(server.url, ada, project, service_workers="allow")
    page = window.page
    await becomes(page, HAS_WORKER)
    passed: dict[str, bool] = {}
    page.on("response", lambda answer: passed.update({answer.url: answer.from_service_worker}))
    await page.reload()
    await window.is_live()
    assert passed[f"{server.url}/api/v1/projects/{project.id}/snapshot"] is False
    assert [url for url, by_worker in passed.items() if by_worker and "/api/" in url] == []
    assert any(by_worker for url, by_worker in passed.items() if "/assets/" in url)
    # Nothing of a person is in its caches, now or after the sign-out.
    await page.locator(".person-button").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    for url in await page.evaluate(CACHED):
        name = url.removeprefix(f"{server.url}/")
        assert name in ("", "favicon.svg", "manifest.webmanifest") or name.startswith("assets/")
