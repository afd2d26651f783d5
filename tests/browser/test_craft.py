"""The board for everybody: keyboards, screen readers, small screens, strange text, long lists."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Response, expect

from roomful.channels import project_channel
from roomful.db.engine import Database
from roomful.eventlog import log
from roomful.identity.people import Person as Acting
from roomful.projects import service as projects
from roomful.projects.access import Access
from roomful.projects.schemas import NewProject
from roomful.settings import Settings
from roomful.tasks import service as tasks
from roomful.tasks.models import TaskStatus
from roomful.tasks.schemas import NewTask
from tests.support.api import Person, Project
from tests.support.browsers import PHONE, Chromium, Window, is_stored, middle
from tests.support.busy_time import BusyTime, count_frames
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST_LOAD_BYTES = 150_000
NASTY = "<img src=x onerror=alert(1)>"
SCRIPT = "</textarea><script>alert(2)</script>"
TASKS = 2_000
STUTTER = 5.0  # for one frame, in yardsticks; it takes 0.5 to 2

DARK: dict[str, Any] = {"color_scheme": "dark"}
SMALL: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


async def furnished(server: Server, ada: Person, bob: Person) -> Project:
    project = await ada.create_project("Apollo", "Fly there, land, come back.")
    await ada.add_member(project, bob)
    fields = {"labels": ["fuel", "urgent"], "due_on": "2020-01-01", "assignee_id": bob.id, "description": "Two tanks."}
    await ada.create_task(project, "Order fuel", **fields)
    await ada.create_task(project, "Count down", status="in_progress")
    await ada.create_task(project, "Paint the rocket", status="done", assignee_id=ada.id)
    return project


@pytest.mark.parametrize("options", [{}, DARK, SMALL], ids=["light", "dark", "phone"])
async def test_axe_finds_nothing_wrong(server: Server, chromium: Chromium, options: dict[str, Any]) -> None:
    """On any screen. People have two names: their initials are no part of them."""
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Kahn")
    project = await furnished(server, ada, bob)
    gone = await ada.create_task(project, "Take it back")
    await ada.delete(f"{project.path}/tasks/{gone['id']}")
    document = await ada.post(f"{project.path}/documents", {"title": "Flight plan"})
    window = await chromium.window(server.url, **options)
    page = window.page
    wrong: dict[str, list[str]] = {}

    async def look(screen: str) -> None:
        if found := await window.violations():
            wrong[screen] = found

    await page.goto(f"{server.url}/#/register")
    await look("register")
    await page.goto(f"{server.url}/#/sign-in")
    await look("sign in")
    await window.sign_in(ada)
    await expect(page.locator(".project-card")).to_have_count(1)
    await look("projects")
    await page.get_by_role("button", name="New project").click()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await look("new project")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="Archive Apollo").click()
    await window.undo.get_by_role("button", name="Undo").hover()  # so that it stays
    await look("a notice")
    await window.undo.get_by_role("button", name="Undo").click()
    await expect(page.locator(".project-card")).to_have_count(1)
    await window.open(project)
    await chromium.board_of(server.url, bob, project)
    await expect(page.get_by_role("list", name="Also here")).to_be_visible()
    await look("board")
    await window.card("Order fuel").click()
    await expect(page.get_by_role("textbox", name="Description")).to_be_visible()
    await look("task")
    await page.keyboard.press("Escape")
    if options is SMALL:
        await page.get_by_role("button", name="Ada Lovelace: menu").click()
    await page.get_by_role("button", name="Activity").click()
    await expect(page.locator(".feed li").first).to_be_visible()
    await look("activity")
    await page.get_by_label("Close activity").click()
    await page.get_by_role("button", name="Members").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await look("members")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Ada Lovelace: menu").click()
    await look("menu")
    for address, shown in (
        (f"projects/{project.id}/trash", "Take it back"),
        (f"projects/{project.id}/documents", "Flight plan"),
        (f"projects/{project.id}/documents/{document['id']}", "Saved"),
        ("projects/nowhere", "Project not found"),
        ("nowhere", "Page not found"),
        ("account", "This device"),
    ):
        await page.goto(f"{server.url}/#/{address}")
        await expect(page.get_by_text(shown).first).to_be_visible()
        await look(address)
    assert not wrong


async def test_axe_finds_nothing_wrong_while_the_server_is_away(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    windows = [await chromium.board_of(server.url, ada, project, **options) for options in ({}, DARK, SMALL)]
    await server.kill()
    for window in windows:
        await expect(window.connection).to_have_text(re.compile("Reconnecting"))
        await expect(window.page.get_by_role("button", name="Try now")).to_be_visible()
        assert await window.violations() == []


async def test_a_card_is_carried_by_keyboard_alone(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await furnished(server, ada, bob)
    await ada.create_task(project, "Board the crew", status="in_progress")
    window = await chromium.board_of(server.url, ada, project)
    keyboard, said = window.page.keyboard, window.page.locator("[aria-live=assertive]")

    for _ in range(20):
        await keyboard.press("Tab")
        if await window.card("Order fuel").evaluate("(card) => card === document.activeElement"):
            break
    else:
        pytest.fail("the tab key does not lead to the board")

    await keyboard.press("Space")
    await expect(said).to_contain_text("Picked up Order fuel. To do, 1 of 1.")
    await keyboard.press("ArrowRight")
    await expect(said).to_have_text("In progress, 1 of 3")
    await keyboard.press("ArrowDown")
    await expect(said).to_have_text("In progress, 2 of 3")
    await keyboard.press("Space")
    await window.expect_titles("In progress", ["Count down", "Order fuel", "Board the crew"])
    await expect(window.card("Order fuel")).to_be_focused()

    await keyboard.press("Space")
    await keyboard.press("ArrowRight")
    await keyboard.press("Escape")
    await expect(said).to_have_text("Order fuel is back where it was.")
    await window.expect_titles("In progress", ["Count down", "Order fuel", "Board the crew"])
    await expect(window.card("Order fuel")).to_be_focused()

    await keyboard.press("ArrowDown")
    await expect(window.card("Board the crew")).to_be_focused()
    await keyboard.press("Enter")
    await expect(window.page.get_by_label("Title")).to_have_value("Board the crew")
    await keyboard.press("Escape")
    await expect(window.card("Board the crew")).to_be_focused()

    async def in_progress() -> list[str]:
        return [task["title"] for task in (await ada.snapshot(project))["tasks"] if task["status"] == "in_progress"]

    await is_stored(in_progress, ["Count down", "Order fuel", "Board the crew"])


async def test_a_finger_carries_a_card_from_column_to_column(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await furnished(server, ada, bob)
    window = await chromium.board_of(server.url, ada, project, **SMALL)
    x, y = await middle(window.card("Order fuel"))
    touch = await window.page.context.new_cdp_session(window.page)

    async def finger(kind: str, x: float = 0, y: float = 0) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    async def wander(seconds: float, x: float, y: float) -> None:
        """Rest on the screen and move a little, as a finger does. A browser that pans instead cancels the pointer."""
        until = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until:
            for step in range(0, 60, 6):
                await finger("touchMove", x, y + step)
                await asyncio.sleep(0.02)

    await finger("touchStart", x, y)
    await expect(window.page.locator(".slot.held")).to_have_count(1)
    for column in ("In progress", "Done"):
        # At the edge of the screen the board scrolls, past the next column too: the page itself sees the card there.
        async with asyncio.TaskGroup() as both:
            both.create_task(window.column(column).locator(".slot.held").wait_for())
            for step in range(1, 9):
                await finger("touchMove", x + step * 20, y + 10)
        # The card was redrawn there, and is still carried.
        await wander(1.2, x + 160, y)
        await expect(window.page.locator(".ghost-card")).to_have_count(1)
    await expect(window.column("Done").locator(".slot.held")).to_have_count(1)
    async with window.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await finger("touchEnd")
    await expect(window.column("Done").locator(".slot")).to_have_count(2)
    (moved,) = [task for task in (await ada.snapshot(project))["tasks"] if task["title"] == "Order fuel"]
    assert moved["status"] == "done"


async def test_foreign_text_never_becomes_markup(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    await bob.patch("/auth/me", {"name": NASTY})
    project = await ada.create_project(NASTY, SCRIPT)
    await ada.add_member(project, bob)
    window = await chromium.window(server.url)
    dialogs: list[str] = []
    window.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await window.sign_in(ada)
    await expect(window.page.get_by_text(NASTY)).to_be_visible()
    await window.open(project)
    his = await chromium.board_of(server.url, bob, project)
    fields = {"labels": [NASTY[:50]], "description": SCRIPT, "assignee_id": bob.id}
    await bob.create_task(project, NASTY, **fields)
    await expect(window.card(NASTY)).to_be_visible()
    await his.page.mouse.move(*await middle(his.card(NASTY)))
    await expect(window.page.locator(".cursor")).to_have_text(NASTY)
    await window.card(NASTY).click()
    await expect(window.page.locator(".task-panel .said")).to_have_text(SCRIPT)
    await window.page.get_by_role("textbox", name="Description").click()
    await expect(window.page.locator(".ProseMirror")).to_have_text(SCRIPT)
    await expect(window.page.get_by_label("Title")).to_have_value(NASTY)
    await window.page.keyboard.press("Escape")
    await window.page.get_by_role("button", name="Activity").click()
    await expect(window.page.locator(".feed")).to_contain_text(f"{NASTY} added {NASTY}")
    await window.page.get_by_role("button", name="Members").click()
    await expect(window.page.get_by_role("dialog")).to_contain_text(NASTY)

    assert dialogs == []
    assert await window.page.locator("img").count() == 0
    assert await window.page.locator("#app script").count() == 0


async def test_the_pages_policy_lets_no_string_become_markup(server: Server, chromium: Chromium) -> None:
    window = await chromium.window(server.url)
    await window.page.goto(server.url)
    refused = await window.page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return null } catch (error) { return error.name } }"
    )
    assert refused == "TypeError"
    chromium.complaints.clear()  # the browser reports the refusal, as it should


async def test_the_first_load_is_small_and_needs_no_other_server(server: Server, chromium: Chromium) -> None:
    window = await chromium.window(server.url)
    answers: list[Response] = []
    window.page.on("response", lambda answer: answers.append(answer))
    await window.page.goto(server.url, wait_until="networkidle")
    await expect(window.page.get_by_role("button", name="Sign in")).to_be_visible()
    sizes = {answer.url: (await answer.request.sizes())["responseBodySize"] for answer in answers}
    assert all(url.startswith(server.url) for url in sizes)
    assert sum(sizes.values()) < FIRST_LOAD_BYTES, sizes
    assert await window.page.evaluate("() => document.fonts.check('15px \"Instrument Sans Variable\"')")


async def test_reduced_motion_means_no_motion(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await furnished(server, ada, bob)
    window = await chromium.board_of(server.url, ada, project, reduced_motion="reduce")
    await window.page.evaluate(
        """() => {
          window.animated = 0;
          const animate = Element.prototype.animate;
          Element.prototype.animate = function (...rest) { window.animated += 1; return animate.apply(this, rest); };
        }"""
    )
    await window.drag("Order fuel", "Done")
    await expect(window.column("Done").locator(".slot")).to_have_count(2)
    assert await window.page.evaluate("() => window.animated") == 0


async def test_two_thousand_tasks_load_scroll_and_move(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await with_many_tasks(server, ada)
    window = await chromium.board_of(server.url, ada, project)
    await expect(window.page.locator(".board .slot")).to_have_count(TASKS)

    busy = await BusyTime.of(window)
    frames = await scroll_to_the_end(window)
    assert await busy.measured() / frames < STUTTER
    await window.column("To do").locator(".cards").evaluate("(list) => { list.scrollTop = 0; }")
    await count_frames(window)
    busy = await BusyTime.of(window)
    async with window.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await window.drag("Task 0", "Done", share=0.4)
    frames = await window.page.evaluate("() => window.frames_shown")
    assert await busy.measured() / frames < STUTTER
    await expect(window.column("Done").locator(".count")).to_contain_text(str(TASKS // 3 + 1))
    (moved,) = [task for task in (await ada.snapshot(project))["tasks"] if task["title"] == "Task 0"]
    assert moved["status"] == "done"


async def test_cards_that_a_search_hides_are_not_drawn_anew(server: Server, chromium: Chromium) -> None:
    """What a key costs is measured by `make bench ARGS=load`."""
    ada = await server.api.register("ada", "Lovelace")
    project = await with_many_tasks(server, ada)
    window = await chromium.board_of(server.url, ada, project)
    cards = window.page.locator(".board .slot")
    await expect(cards).to_have_count(TASKS)
    await window.page.evaluate(
        """() => {
          window.drawn = 0;
          const count = (changes) => { for (const { addedNodes } of changes) window.drawn += addedNodes.length; };
          const observer = new MutationObserver(count);
          for (const list of document.querySelectorAll(".board .cards")) observer.observe(list, { childList: true });
        }"""
    )
    await window.page.keyboard.press("/")
    await window.page.keyboard.type("task 1999")
    # The one by its title, the other by its number, as they are counted from 0 and from 1.
    await expect(window.page.locator(".board .slot:visible .title")).to_have_text(["Task 1998", "Task 1999"])
    await window.page.keyboard.press("Control+a")
    await window.page.keyboard.press("Backspace")
    await expect(window.page.locator(".board .slot[hidden]")).to_have_count(0)
    await expect(cards).to_have_count(TASKS)
    assert await window.page.evaluate("() => window.drawn") == 0


async def with_many_tasks(server: Server, owner: Person) -> Project:
    """Made in one transaction beside the server, since two thousand requests would take too long."""
    person = Acting(owner.id, owner.email, owner.name, "user", session_id="")
    database = Database(Settings(_env_file=None, database_url=server.environment["ROOMFUL_DATABASE_URL"]))
    try:
        async with database.write() as session:
            project = await projects.create_project(session, person, NewProject(name="Apollo"))
            position = await log.head(session, project_channel(project.id))
            access = Access(person, "owner", project, position)
            statuses: list[TaskStatus] = ["todo", "in_progress", "done"]
            for number in range(TASKS):
                new = NewTask(title=f"Task {number}", status=statuses[number % 3], labels=["long"])
                await tasks.create_task(session, access, new)
            await session.commit()
    finally:
        await database.close()
    return Project(project.id)


async def scroll_to_the_end(window: Window) -> int:
    """Scroll a long column from top to bottom. Returns the number of frames."""
    frames: int = (
        await window.column("To do")
        .locator(".cards")
        .evaluate(
            """(list) => new Promise((resolve) => {
          let frames = 0;
          const frame = () => {
            frames += 1;
            list.scrollTop += 300;
            const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 1;
            if (isAtEnd || frames >= 400) resolve(frames);
            else requestAnimationFrame(frame);
          };
          requestAnimationFrame(frame);
        })"""
        )
    )
    return frames
