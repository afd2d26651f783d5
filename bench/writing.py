"""Writing in short and long documents: from a key to its letter on both screens, with Roomful and with Hocuspocus."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from playwright.async_api import Page

from bench.contenders import NotInstalled
from bench.document_clients import Address, Clients
from bench.document_servers import DocumentServer, hocuspocus
from bench.figures import Table, milliseconds, percentile
from bench.grounds import Ground, roomful
from tests.support.api import Person, Project
from tests.support.browsers import Chromium, Window, build_client, run_browser
from tests.support.server import Server

WARM_UP = 10
PAUSE_MS = 60.0
WORDS = "Some words that fill a line of the flight plan, some of them **bold**, others not so much at all, as it goes."
DOCUMENTS: Mapping[str, int] = {"one paragraph": 0, "100 kB": 1_000}
"""The documents, with the paragraphs in front of the one that is typed in and behind it, together."""

METHOD = f"""\
Two people have one document open, each in a Chromium process; one types a letter every {PAUSE_MS:g} ms in the middle
of it. *Own frame* is the time from the key to the first frame that has been drawn after it, *other frame* to the one in
which the other browser has drawn the letter; a frame is drawn every 16.7 ms. A *task* is what the browser's own
observer of long tasks reports for either of them, from 50 ms on. Both browsers and the server share the machine.

The rows of Hocuspocus are of the same board and editor, whose sockets for documents lead to it instead."""

OURS = "Roomful"

_AFTER_FRAME = """(then) => requestAnimationFrame(() => {
  const drawn = new MessageChannel();
  drawn.port1.onmessage = () => then(performance.timeOrigin + performance.now());
  drawn.port2.postMessage(null);
})"""
_WATCH = f"""() => {{
  window.ownFrames = [];
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((each) => each.duration)))
    .observe({{ type: 'longtask' }});
  document.querySelector('.ProseMirror').addEventListener('keydown', (event) => {{
    const pressed = performance.timeOrigin + event.timeStamp;
    window.pressedAt = pressed;
    ({_AFTER_FRAME})((drawn) => window.ownFrames.push(drawn - pressed));
  }}, true);
}}"""
_LEAD_TO = """(() => {
  const Stock = window.WebSocket;
  window.WebSocket = class extends Stock {
    constructor(url, ...others) { super(url.endsWith('/hocuspocus') ? 'ws://127.0.0.1:%d/' : url, ...others); }
  };
})()"""
_NEXT_CHANGE = f"""() => ({{ at: new Promise((seen) => {{
  const watch = new MutationObserver((records) => {{
    if (!records.some((each) => each.type === 'characterData' || each.addedNodes.length > 0)) return;
    watch.disconnect();
    ({_AFTER_FRAME})(seen);
  }});
  watch.observe(document.querySelector('.ProseMirror'), {{ childList: true, subtree: true, characterData: true }});
}}) }})"""


@dataclass(slots=True)
class Figures:
    """Milliseconds of each letter, and the long tasks."""

    own: list[float] = field(default_factory=list)
    other: list[float] = field(default_factory=list)
    tasks: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Writing:
    """Two people of a project on one server."""

    server: Server
    ada: Person
    bob: Person
    project: Project

    async def document(self, paragraphs: int) -> str:
        """Make one with so many paragraphs around the one to type in; its id."""
        document = await self.ada.post(f"{self.project.path}/documents", {"title": "Flight plan"})
        half = [WORDS] * (paragraphs // 2)
        text = "\n\n".join([*half, "Here:", *half])
        path = f"/documents/{document['id']}/content?format=markdown"
        answer = await self.ada.request("PATCH", path, content=text.encode())
        assert answer.status_code == 204, answer.text
        return str(document["id"])

    async def copy(self, document: str, peer: DocumentServer) -> None:
        """Give the peer the same content, under the name that the board asks for."""
        generation = (await self.ada.get(f"/documents/{document}"))["generation"]
        content = await self.ada.request("GET", f"/documents/{document}/content?format=update")
        await asyncio.to_thread(_bring, peer.address(f"{document}@{generation}"), content.content)


async def measure(ground: Ground, *, letters: int) -> Table:
    """Without Hocuspocus its rows are left out. Raises browsers.Missing."""
    build_client()
    columns = ("", "own frame, median", "99th percentile", "other frame, median", "99th percentile", "tasks ≥ 50 ms")
    method = METHOD
    with ExitStack() as running:
        peers: list[DocumentServer | None] = [None]
        try:
            peers.append(running.enter_context(hocuspocus()))
        except NotInstalled as missing:
            method += f"\n\nHocuspocus was left out: {missing}."
        table = Table("Writing on the board", method, columns)
        async with roomful(ground) as server:
            ada, bob = await server.api.register("ada"), await server.api.register("bob")
            project = await ada.create_project("Apollo")
            await ada.add_member(project, bob)
            writing = Writing(server, ada, bob, project)
            for name, paragraphs in DOCUMENTS.items():
                for peer in peers:
                    found = await _typed(writing, paragraphs=paragraphs, letters=letters, peer=peer)
                    table.rows.append((f"{name}, {peer.name if peer else OURS}", *_cells(found)))
    return table


def _cells(found: Figures) -> Sequence[str]:
    times = (percentile(each, share) for each in (found.own, found.other) for share in (0.5, 0.99))
    longest = f", longest {milliseconds(max(found.tasks))}" if found.tasks else ""
    return (*map(milliseconds, times), f"{len(found.tasks)}{longest}")


def _bring(address: Address, content: bytes) -> None:
    clients = Clients()
    try:
        client, *_ = clients.join([address])
        client.update(content)
        clients.acknowledged([client])
    finally:
        clients.close()


async def _typed(writing: Writing, *, paragraphs: int, letters: int, peer: DocumentServer | None) -> Figures:
    document = await writing.document(paragraphs)
    if peer:
        await writing.copy(document, peer)
    found = Figures()
    async with run_browser() as one, run_browser() as other, Chromium(one) as here, Chromium(other) as there:
        hers = await _window(here, writing, writing.ada, peer)
        his = await _window(there, writing, writing.bob, peer)
        for window in (hers, his):
            await _open(window, writing.project, document)
        await hers.page.get_by_text("Here:").click()
        await hers.page.keyboard.press("End")
        await hers.page.keyboard.type("x" * WARM_UP, delay=PAUSE_MS)
        for page in (hers.page, his.page):
            await page.evaluate(_WATCH)
        for _ in range(letters):
            seen = await his.page.evaluate_handle(_NEXT_CHANGE)
            await hers.page.keyboard.press("x")
            found.other.append(await seen.evaluate("(seen) => seen.at") - await _number(hers.page, "pressedAt"))
            await hers.page.wait_for_timeout(PAUSE_MS)
        found.own = await hers.page.evaluate("() => window.ownFrames")
        for page in (hers.page, his.page):
            found.tasks += await page.evaluate("() => window.longTasks")
    return found


async def _window(browser: Chromium, writing: Writing, person: Person, peer: DocumentServer | None) -> Window:
    # The page's own policy forbids sockets to other servers.
    window = await browser.board_of(writing.server.url, person, writing.project, bypass_csp=peer is not None)
    if peer:
        await window.page.add_init_script(_LEAD_TO % peer.address("").port)
        await window.page.reload()
        await window.is_live()
    return window


async def _open(window: Window, project: Project, document_id: str) -> None:
    await window.page.goto(f"{window.url}/#/projects/{project.id}/documents/{document_id}")
    await window.page.locator(".save-sign.saved").wait_for()
    await window.page.get_by_text("Here:").wait_for()


async def _number(page: Page, name: str) -> float:
    return float(await page.evaluate(f"() => window.{name}"))
