"""A day of work by touch, by keyboard alone, and by a screen reader: make, open, assign, comment, move, close."""

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.api import Json, Person, Project
from tests.support.browsers import PHONE, STAND_STILL, Chromium, Window, is_stored, middle
from tests.support.fingers import Finger
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

FINGERS: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
LONG_SECONDS = 1.0
"""A finger stays down for as long after the board has changed under it."""

ANOTHER_GOES_UP = "() => window.dispatchEvent(new PointerEvent('pointerup', {pointerId: 99, pointerType: 'touch'}))"
"""A second finger, which carries nothing."""


async def team(server: Server) -> tuple[Person, Person, Project]:
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Baker")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    return ada, bob, project


def panel(window: Window, title: str) -> Locator:
    return window.page.get_by_role("complementary", name=f"Task: {title}")


async def has(person: Person, project: Project, title: str, status: str, assignee: str, comments: int) -> None:
    """Wait until the server has this one task."""

    async def read() -> list[list[object]]:
        tasks: list[Json] = (await person.snapshot(project))["tasks"]
        return [[task["title"], task["status"], task["assignee_id"], task["comment_count"]] for task in tasks]

    expected: list[list[object]] = [[title, status, assignee, comments]]
    await is_stored(read, expected)


async def test_by_touch(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    window = await chromium.board_of(server.url, ada, project, **FINGERS)
    page = window.page
    finger = await Finger.on(window)

    await page.get_by_label("New task in To do").tap()
    await expect(page.get_by_label("New task in To do")).to_be_focused()
    await page.keyboard.type("Order fuel")
    await page.get_by_role("button", name="Add to To do").tap()
    await expect(window.card("Order fuel").locator(".number")).to_be_visible()
    await window.card("Order fuel").tap()
    await panel(window, "Order fuel").get_by_label("Assignee").tap()
    await page.get_by_role("option", name="Bob Baker").tap()
    comment = panel(window, "Order fuel").get_by_placeholder("Write a comment")
    await comment.tap()
    await expect(comment).to_be_focused()
    await page.keyboard.type("From Houston")
    await panel(window, "Order fuel").get_by_role("button", name="Comment", exact=True).tap()
    await has(ada, project, "Order fuel", "todo", bob.id, 1)
    await panel(window, "Order fuel").get_by_label("Close task").tap()
    await expect(panel(window, "Order fuel")).to_have_count(0)

    # To the next column, over the edge of the screen; the finger stays down for a while after the card is there.
    await page.evaluate(STAND_STILL)
    x, y = await middle(window.card("Order fuel"))
    await finger.down(x, y)
    await expect(page.locator(".slot.held")).to_have_count(1)
    await finger.move(PHONE["width"] - 10, y)
    # The board scrolls on under a finger at its edge.
    await expect(page.locator(".column:not(.todo) .slot.held")).to_have_count(1)
    await finger.rest(LONG_SECONDS)
    await page.evaluate(ANOTHER_GOES_UP)
    await expect(page.locator(".ghost-card")).to_have_count(1)
    await finger.up()
    await expect(page.locator(".slot.held")).to_have_count(0)
    status = await window.card("Order fuel").evaluate(
        "(card) => [...card.closest('.column').classList].find((name) => ['in_progress', 'done'].includes(name))"
    )
    await has(ada, project, "Order fuel", status, bob.id, 1)


async def test_a_finger_carries_a_column_by_its_head(server: Server, chromium: Chromium) -> None:
    ada, _, project = await team(server)
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project, **FINGERS)
    carried = window.page.locator(".column.carried")
    finger = await Finger.on(window)
    x, y = await middle(window.column("To do").locator(".column-name"))
    await finger.down(x, y)
    await expect(carried).to_have_count(1)
    await finger.move(PHONE["width"] - 10, y)
    # The columns have changed places under the finger, which stays down.
    await expect(carried).not_to_have_css("order", "0")
    await finger.rest(LONG_SECONDS)
    await window.page.evaluate(ANOTHER_GOES_UP)
    await expect(carried).to_have_count(1)
    await finger.up()
    await expect(carried).to_have_count(0)

    async def first() -> str:
        columns: list[Json] = (await ada.snapshot(project))["columns"]
        return str(columns[0]["name"])

    await is_stored(first, "In progress")
    await expect(window.page.locator(".board .column-name").first).to_have_text("In progress")


async def test_by_keyboard_alone(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    window = await chromium.board_of(server.url, ada, project)
    keyboard, focused = window.page.keyboard, window.page.locator(":focus")

    await keyboard.press("n")
    await expect(window.page.get_by_label("New task in To do")).to_be_focused()
    await keyboard.type("Order fuel")
    await keyboard.press("Enter")
    await expect(window.card("Order fuel").locator(".number")).to_be_visible()
    await keyboard.press("Escape")
    await tab_to(window.page, window.card("Order fuel"))
    await keyboard.press("Enter")
    await expect(panel(window, "Order fuel")).to_be_focused()
    await tab_to(window.page, panel(window, "Order fuel").get_by_label("Assignee"))
    await keyboard.type("Bob")
    await expect(panel(window, "Order fuel").get_by_role("option", name="Bob Baker")).to_be_visible()
    await keyboard.press("Enter")
    await tab_to(window.page, panel(window, "Order fuel").get_by_placeholder("Write a comment"))
    await keyboard.type("From Houston")
    await keyboard.press("ControlOrMeta+Enter")
    await has(ada, project, "Order fuel", "todo", bob.id, 1)
    await keyboard.press("Escape")  # leaves the field
    await keyboard.press("e")
    await expect(focused).to_have_accessible_name("Title")
    await keyboard.press("Escape")
    await expect(panel(window, "Order fuel")).to_have_count(0)
    await expect(window.card("Order fuel")).to_be_focused()
    for key in ("Space", "ArrowRight", "Space"):
        await keyboard.press(key)
    await has(ada, project, "Order fuel", "in_progress", bob.id, 1)
    await expect(window.card("Order fuel")).to_be_focused()


async def tab_to(page: Page, target: Locator) -> None:
    await expect(target).to_be_visible()
    for _ in range(60):
        if await target.evaluate("(element) => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    pytest.fail("the tab key does not lead there")


async def test_by_the_tree_of_a_screen_reader(server: Server, chromium: Chromium) -> None:
    """Everything is found by its role and name, and the board reads in its order."""
    ada, bob, project = await team(server)
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await page.get_by_role("textbox", name="New task in To do").fill("Order fuel #supplies")
    await page.get_by_role("button", name="Add to To do").click()
    to_do = page.get_by_role("region", name="To do 1 task")
    await expect(to_do.get_by_role("listitem")).to_have_count(1)
    await to_do.get_by_role("link", name="Order fuel Labels: supplies APOLLO-1").click()
    task = page.get_by_role("complementary", name="Task: Order fuel")
    await task.get_by_role("combobox", name="Assignee").click()
    await task.get_by_role("option", name="Bob Baker").click()
    await task.get_by_role("textbox", name="Add a comment").fill("Hi")
    await task.get_by_role("button", name="Comment", exact=True).click()
    await has(ada, project, "Order fuel", "todo", bob.id, 1)
    await task.get_by_role("combobox", name="Status").click()
    await task.get_by_role("option", name="Done").click()
    await has(ada, project, "Order fuel", "done", bob.id, 1)
    await task.get_by_role("button", name="Close task").click()
    await expect(page.get_by_role("main")).to_match_aria_snapshot("""
      - main:
        - heading "Board" [level=2]
        - region "To do 0 tasks":
          - heading "To do 0 tasks" [level=2]
          - button "Options of To do"
          - textbox "New task in To do"
          - button "Add to To do"
        - region "In progress 0 tasks"
        - region "Done 1 task":
          - heading "Done 1 task" [level=2]
          - list:
            - listitem:
              - 'link "Order fuel Labels: supplies APOLLO-1 1 comment Assigned to Bob Baker"'
        - button "Add column"
    """)
    await page.get_by_role("region", name="Done").get_by_role("link", name="Order fuel").press("x")
    bar = page.get_by_role("region", name="Selected tasks")
    await bar.get_by_role("button", name="Delete").click()
    await page.get_by_role("status").get_by_role("button", name="Undo").hover()  # so that it stays
    await expect(page.get_by_role("region", name="Done 0 tasks")).to_be_visible()
    await page.get_by_role("status").get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("region", name="Done 1 task")).to_be_visible()
