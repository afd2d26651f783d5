"""The browser client in a real Chromium, for tests."""

import asyncio
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Self, TypeVar

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Route,
    StorageState,
    async_playwright,
    expect,
)
from playwright.async_api import Error as PlaywrightError

from tests.support.api import PASSWORD, Person, Project

ROOT = Path(__file__).parents[2]
WEB = ROOT / "client_demo" / "web"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"

CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WAIT_MS = 20_000
TOKEN_SECONDS = 900
BUILD_SECONDS = 300
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Wait for the end of colour transitions, but not of endless animations.
STAND_STILL = """() => Promise.all(
  document.getAnimations()
    .filter((each) => Number.isFinite(each.effect.getComputedTiming().endTime))
    .map((each) => each.finished.catch(() => null)),
)"""
# Windows live where it is noon when the tests begin: no midnight comes between two steps of a test.
_HOURS_EAST = 12 - datetime.now(UTC).hour
ZONE = timezone(timedelta(hours=_HOURS_EAST))
# Rules that axe leaves out unless asked.
_MORE_RULES = {"label-content-name-mismatch": {"enabled": True}, "target-size": {"enabled": True}}
# A browser's messages on answers that the client expects (409, 412) and on servers that the test stops.
# y-tiptap puts the caret into a list that begins a document; the editor moves it into the text.
# A socket that is being closed by the server is written to once more by the SDKs, which then connect again.
_EXPECTED_NOISE = re.compile(
    r"^(Failed to load resource|WebSocket connection to|WebSocket is already in CLOSING or CLOSED state"
    r"|TextSelection endpoint not pointing"
    r"|Service Worker registration blocked by Playwright)"
)
_SAME_EVERYWHERE = {
    "reduced_motion": "no-preference",
    "color_scheme": "light",
    "locale": "en-GB",
    "timezone_id": f"Etc/GMT{-_HOURS_EAST:+}",  # names of this kind count to the west
    # They would keep the board's files once more for each person; the tests of the app allow them.
    "service_workers": "block",
}

T = TypeVar("T")

expect.set_options(timeout=WAIT_MS)


class Missing(Exception):
    """A tool of the browser tests is missing; the message says which, and how to get it."""


def today() -> date:
    """As windows have it."""
    return datetime.now(ZONE).date()


def find_chromium() -> str:
    """Raises Missing."""
    for name in CHROMIUMS:
        if path := shutil.which(name):
            return path
    raise Missing("no Chromium here; on Debian and Ubuntu: apt install chromium")


def build_client() -> None:
    """Rebuild the client if needed. Raises Missing without Node.js, AssertionError if the build fails."""
    if shutil.which("npm") is None:
        raise Missing("no Node.js here to build the browser client with")
    with (WEB / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # parallel tests build it once
        made = subprocess.run(
            ["make", "--silent", "server/roomful/board/index.html"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
            # A make that runs the tests would pass its job server on to this one.
            env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        )
    assert made.returncode == 0, made.stdout + made.stderr


class Window:
    """A page of the client. Messages on its console fail the test when its windows are closed."""

    def __init__(self, page: Page, url: str, complaints: list[str]) -> None:
        self.page = page
        self.url = url
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: _note_console(message, complaints))
        page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))

    async def sign_in(self, person: Person) -> None:
        """Sign in through the form."""
        await self.page.goto(f"{self.url}/")
        await self.page.get_by_label("E-mail address").fill(person.email)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.get_by_role("heading", name="Projects")).to_be_visible()

    async def open(self, project: Project) -> None:
        """Go to the project's board and wait until events arrive."""
        await self.page.goto(f"{self.url}/#/projects/{project.id}")
        await self.is_live()

    async def is_live(self) -> None:
        await expect(self.connection).to_have_text("Live")

    @property
    def connection(self) -> Locator:
        return self.page.locator(".connection")

    @property
    def notice(self) -> Locator:
        """Notices, but for the offer to undo the last change."""
        return self.page.locator(".notice:not(.undo)")

    @property
    def undo(self) -> Locator:
        """The offer to undo the last change."""
        return self.page.locator(".notice.undo")

    def card(self, title: str) -> Locator:
        return self.page.locator(".board .slot").filter(has=self.page.get_by_text(title, exact=True)).locator(".card")

    def column(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=re.compile(f"^{name}"))

    async def titles(self, column: str) -> list[str]:
        """The titles in a column, from the top."""
        return await self.column(column).locator(".slot .title").all_inner_texts()

    async def expect_titles(self, column: str, titles: list[str]) -> None:
        await expect(self.column(column).locator(".slot .title")).to_have_text(titles)

    async def add(self, column: str, title: str) -> None:
        field = self.page.get_by_label(f"New task in {column}")
        await field.fill(title)
        await field.press("Enter")

    async def lift(self, title: str) -> None:
        """Press on a card and carry it a little."""
        card = self.card(title)
        await card.hover()  # once it stands still
        x, y = await middle(card)
        await self.page.mouse.down()
        await self.page.mouse.move(x + 12, y + 4, steps=3)

    async def carry_to(self, column: str, *, share: float = 0.5) -> None:
        """Move the carried card over a column; `share` is how far down."""
        box = await self.column(column).locator(".cards").bounding_box()
        assert box is not None
        await self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * share, steps=10)
        await expect(self.column(column).locator(".slot.held")).to_have_count(1)

    async def drag(self, title: str, column: str, *, share: float = 0.5) -> None:
        await self.lift(title)
        await self.carry_to(column, share=share)
        await self.page.mouse.up()

    async def violations(self) -> list[str]:
        """The page's violations of WCAG 2.2 A and AA and of best practices, by axe."""
        if not await self.page.evaluate("() => 'axe' in window"):
            # Through the debugger, since the page's own policy forbids added scripts.
            await self.page.evaluate(AXE.read_text())
        await self.page.evaluate(STAND_STILL)
        found: dict[str, Any] = await self.page.evaluate(
            f"() => window.axe.run({{ rules: {json.dumps(_MORE_RULES)} }})"
        )
        return [
            f"{violation['id']}: {node['html'][:160]} ({node['failureSummary']})"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]


class Chromium:
    """A browser as one test has it. People have a context each, so that none sees another's sign-in.

    Leaving the block closes their windows, and fails when one has complained.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.complaints: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for context in self._browser.contexts:
            await context.close()
        assert not self.complaints, self.complaints

    def contexts(self) -> list[BrowserContext]:
        """Oldest first."""
        return self._browser.contexts

    async def context(self, **options: Any) -> BrowserContext:
        return await self._browser.new_context(**{"viewport": DESK, **_SAME_EVERYWHERE, **options})

    async def window(self, url: str, context: BrowserContext | None = None, **options: Any) -> Window:
        """A window of its own context, or another tab of the one given."""
        context = context or await self.context(**options)
        return Window(await context.new_page(), url, self.complaints)

    async def board_of(self, url: str, person: Person, project: Project, **options: Any) -> Window:
        """A window on the project, for a person who is signed in."""
        context = await self.context(**options, storage_state=signed_in_state(url, person))
        window = await self.window(url, context)
        await window.open(project)
        return window


@asynccontextmanager
async def run_browser() -> AsyncIterator[Browser]:
    """Raises Missing."""
    path = find_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def run_profile(directory: Path) -> AsyncIterator[BrowserContext]:
    """A browser of its own, with a profile on the disk that its next start finds again. Raises Missing."""
    path = find_chromium()
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            directory, executable_path=path, args=list(_ARGUMENTS), viewport={"width": 1280, "height": 800}
        )
        try:
            yield context
        finally:
            with contextlib.suppress(PlaywrightError):  # a test may have killed it
                await context.close()


def kill_browser(directory: Path) -> None:
    """Kill the browser with this profile, as a crash does: its pages and its database get no chance to finish."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # ended meanwhile
            arguments = process.read_bytes().split(b"\0")
            if f"--user-data-dir={directory}".encode() in arguments:
                os.kill(int(process.parent.name), signal.SIGKILL)


async def lose_first_answer(page: Page, path: str | re.Pattern[str]) -> list[str]:
    """Lose the answer of the first POST to such an address. Returns the list in which its address will stand."""
    lost: list[str] = []

    async def lose(route: Route) -> None:
        if route.request.method != "POST" or lost:
            return await route.continue_()
        lost.append(route.request.url)
        await route.fetch()
        return await route.abort()

    await page.route(path, lose)
    return lost


async def is_stored(read: Callable[[], Awaitable[T]], expected: T) -> None:
    """Wait until the server has what a board shows already, for a board shows a change before it is stored."""
    until = time.monotonic() + WAIT_MS / 1000
    while (found := await read()) != expected and time.monotonic() < until:  # noqa: ASYNC110  # no event tells it
        await asyncio.sleep(0.05)
    assert found == expected


async def middle(locator: Locator) -> tuple[float, float]:
    await locator.scroll_into_view_if_needed()
    box = await locator.bounding_box()
    assert box is not None, "not on screen"
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def signed_in_state(url: str, person: Person) -> StorageState:
    """A browser's stored sign-in (client_demo/web/src/account/session.ts), the test's own."""
    kept = {
        "access_token": person.token,
        "refresh_token": person.refresh_token,
        "expires_at": (time.time() + TOKEN_SECONDS) * 1000,
        "lifetime_ms": TOKEN_SECONDS * 1000,
        "user": {"id": person.id, "email": person.email, "name": person.name, "role": "user"},
    }
    return {"origins": [{"origin": url, "localStorage": [{"name": "roomful.session", "value": json.dumps(kept)}]}]}


def _note_console(message: ConsoleMessage, complaints: list[str]) -> None:
    if message.type in ("error", "warning") and not _EXPECTED_NOISE.match(message.text):
        complaints.append(f"{message.type}: {message.text}")
