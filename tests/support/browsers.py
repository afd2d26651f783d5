"""The browser client as a test drives it, in a real Chromium."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    StorageState,
    async_playwright,
    expect,
)

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
# Colours on their way between two others are neither; what pulses without end is awaited by nobody.
STAND_STILL = """() => Promise.all(
  document.getAnimations()
    .filter((each) => Number.isFinite(each.effect.getComputedTiming().endTime))
    .map((each) => each.finished.catch(() => null)),
)"""
# What a browser says of answers that the client expects (409, 412) and of servers that the test takes away.
_EXPECTED_NOISE = re.compile(r"^(Failed to load resource|WebSocket connection to)")
_SAME_EVERYWHERE = {"reduced_motion": "no-preference", "color_scheme": "light", "locale": "en-GB"}

expect.set_options(timeout=WAIT_MS)


class Missing(Exception):
    """What the browser tests need is not on this machine; the message says what, and how to get it."""


def find_chromium() -> str:
    """Raises Missing."""
    for name in CHROMIUMS:
        if path := shutil.which(name):
            return path
    raise Missing("no Chromium here; on Debian and Ubuntu: apt install chromium")


def build_client() -> None:
    """Bring the built client up to date. Raises Missing without Node.js, AssertionError when the build fails."""
    if shutil.which("npm") is None:
        raise Missing("no Node.js here to build the browser client with")
    with (WEB / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests that run beside each other build it once
        made = subprocess.run(
            ["make", "--silent", "server/roomful/board/index.html"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
            # A make that runs the tests would tell this one to share its jobs.
            env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        )
    assert made.returncode == 0, made.stdout + made.stderr


class Window:
    """A page of the client. What its console complains of fails the test when its windows are closed."""

    def __init__(self, page: Page, url: str, complaints: list[str]) -> None:
        self.page = page
        self.url = url
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: _note_console(message, complaints))
        page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))

    async def sign_in(self, person: Person) -> None:
        """Through the form, as people do."""
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
        return self.page.locator(".notice")

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
        x, y = await middle(self.card(title))
        await self.page.mouse.move(x, y)
        await self.page.mouse.down()
        await self.page.mouse.move(x + 12, y + 4, steps=3)

    async def carry_to(self, column: str, *, share: float = 0.5) -> None:
        """Carry what is in hand over a column; `share` is how far down."""
        box = await self.column(column).locator(".cards").bounding_box()
        assert box is not None
        await self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * share, steps=10)
        await expect(self.column(column).locator(".slot.held")).to_have_count(1)

    async def drag(self, title: str, column: str, *, share: float = 0.5) -> None:
        await self.lift(title)
        await self.carry_to(column, share=share)
        await self.page.mouse.up()

    async def violations(self) -> list[str]:
        """What axe finds wrong with the page as it is now: WCAG 2.2 A and AA, and its best practices."""
        if not await self.page.evaluate("() => 'axe' in window"):
            # Through the debugger: the page's own policy would not let a test add a script.
            await self.page.evaluate(AXE.read_text())
        await self.page.evaluate(STAND_STILL)
        found: dict[str, Any] = await self.page.evaluate("() => window.axe.run()")
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

    async def context(self, **options: Any) -> BrowserContext:
        return await self._browser.new_context(**{"viewport": DESK, **_SAME_EVERYWHERE, **options})

    async def window(self, url: str, context: BrowserContext | None = None, **options: Any) -> Window:
        """A window of its own context, or another tab of the one given."""
        context = context or await self.context(**options)
        return Window(await context.new_page(), url, self.complaints)

    async def board_of(self, url: str, person: Person, project: Project, **options: Any) -> Window:
        """A window in which the person, who has signed in before, looks at the project."""
        context = await self.context(**options, storage_state=_signed_in(url, person))
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


async def middle(locator: Locator) -> tuple[float, float]:
    await locator.scroll_into_view_if_needed()
    box = await locator.bounding_box()
    assert box is not None, "not on screen"
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _signed_in(url: str, person: Person) -> StorageState:
    """What a browser keeps of a sign-in (client_demo/web/src/account/session.ts): the one that the test acts by."""
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
