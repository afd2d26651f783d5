"""The task panel: what is saved, when, and where a task can be found."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.support.api import Person, Project
from tests.support.browsers import Chromium
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def updates(person: Person, project: Project, count: int) -> list[dict[str, object]]:
    """The values of each change of a task, oldest first, when there are so many: the board shows them before that."""
    async with asyncio.timeout(30):
        while len(found := await _updates(person, project)) < count:  # noqa: ASYNC110  # the server's state
            await asyncio.sleep(0.05)
    return found


async def _updates(person: Person, project: Project) -> list[dict[str, object]]:
    events = [event for event in await person.all_events(project) if event["type"] in ("task.updated", "task.moved")]
    return [{name: event["data"]["task"][name] for name in event["data"]["changed"]} for event in events]


async def test_a_due_day_that_is_typed_is_saved_once(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await window.card("Order fuel").click()

    # The same digits whether the day or the month comes first.
    await page.get_by_label("Due").press("0")
    await page.keyboard.type("7072026")
    await page.keyboard.press("Enter")
    await expect(page.locator(".slot .due")).to_contain_text("Jul")
    assert await updates(ada, project, 1) == [{"due_on": "2026-07-07"}]

    # Half a date, a slip and a second thought change nothing.
    await page.get_by_label("Due").press("ArrowRight")
    await page.keyboard.press("Backspace")
    await page.get_by_label("Title").focus()
    await expect(page.get_by_label("Due")).to_have_value("2026-07-07")
    await page.get_by_label("Due").press("0")
    await page.keyboard.type("8080202")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Due")).to_have_value("2026-07-07")
    await page.get_by_label("Due").press("ArrowUp")
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Due")).to_have_value("2026-07-07")

    # What is typed when the panel closes is not lost.
    await page.get_by_label("Title").focus()
    await page.get_by_label("Due").press("0")
    await page.keyboard.type("9092026")
    await page.get_by_label("Close task").click()
    await expect(page.locator(".slot .due")).to_contain_text("Sep")
    assert await updates(ada, project, 2) == [{"due_on": "2026-07-07"}, {"due_on": "2026-09-09"}]


async def test_a_list_gone_through_by_keyboard_is_saved_once(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    eve = await server.api.register("eve")
    project = await ada.create_project("Apollo")
    for person in (bob, eve):
        await ada.add_member(project, person)
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await window.card("Order fuel").click()

    await page.get_by_label("Assignee").focus()
    for _ in range(3):
        await page.keyboard.press("ArrowDown")
    last = await page.get_by_label("Assignee").input_value()
    await page.keyboard.press("Tab")
    await page.get_by_label("Status").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await window.expect_titles("Done", ["Order fuel"])
    changes = await updates(ada, project, 2)
    assert changes[0] == {"assignee_id": last}
    assert (changes[1]["status"], len(changes)) == ("done", 2)


async def test_a_new_task_has_an_address_for_everybody(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    held: list[Route] = []
    await page.route("**/tasks", lambda route: held.append(route))  # a bound method of a list has no attributes to mark

    # Opened before the server has said its id.
    await window.add("To do", "Order fuel")
    await window.card("Order fuel").click()
    await expect(page).to_have_url(re.compile("/tasks/new-"))
    await page.get_by_label("Description").fill("Two tanks.")
    await held[0].continue_()
    await expect(page).not_to_have_url(re.compile("/tasks/new-"))
    await expect(page.get_by_label("Description")).to_have_value("Two tanks.")
    await expect(page.get_by_label("Description")).to_be_focused()
    (task,) = (await ada.snapshot(project))["tasks"]
    address = f"#/projects/{project.id}/tasks/{task['id']}"
    assert page.url.endswith(address)
    assert await window.card("Order fuel").get_attribute("href") == address
    await page.get_by_label("Close task").click()
    await page.go_back()
    await expect(page.get_by_label("Title")).to_have_value("Order fuel")
