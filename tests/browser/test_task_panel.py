"""The task panel: what it saves, when, and a task's address."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.support.api import Person, Project
from tests.support.browsers import Chromium
from tests.support.held_answers import hold_first_answer
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def updates(person: Person, project: Project, count: int) -> list[dict[str, object]]:
    """The values of a task's changes, oldest first, once there are this many events: the board shows them earlier."""
    async with asyncio.timeout(30):
        while len(found := await _updates(person, project)) < count:  # noqa: ASYNC110  # the server's state
            await asyncio.sleep(0.05)
    return found


async def _updates(person: Person, project: Project) -> list[dict[str, object]]:
    events = [event for event in await person.all_events(project) if event["type"] in ("task.updated", "task.moved")]
    return [{name: event["data"]["task"][name] for name in event["data"]["changed"]} for event in events]


async def test_a_typed_due_day_is_saved_once(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await window.card("Order fuel").click()
    due = page.locator(".task-panel").get_by_label("Due")

    # The same digits for day and month, in either order.
    await due.press("0")
    await page.keyboard.type("7072031")
    await page.keyboard.press("Enter")
    await expect(page.locator(".slot .due")).to_contain_text("Jul")
    assert await updates(ada, project, 1) == [{"due_on": "2031-07-07"}]

    # Half a date, a typo and Escape change nothing.
    await due.press("ArrowRight")
    await page.keyboard.press("Backspace")
    await page.get_by_label("Title").focus()
    await expect(due).to_have_value("2031-07-07")
    await due.press("0")
    await page.keyboard.type("8080202")
    await page.keyboard.press("Enter")
    await expect(due).to_have_value("2031-07-07")
    await due.press("ArrowUp")
    await page.keyboard.press("Escape")
    await expect(due).to_have_value("2031-07-07")

    # A value typed when the panel closes is not lost.
    await page.get_by_label("Title").focus()
    await due.press("0")
    await page.keyboard.type("9092031")
    await page.get_by_label("Close task").click()
    await expect(page.locator(".slot .due")).to_contain_text("Sep")
    assert await updates(ada, project, 2) == [{"due_on": "2031-07-07"}, {"due_on": "2031-09-09"}]


async def test_a_choice_by_keyboard_is_saved_once(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    eve = await server.api.register("eve")
    project = await ada.create_project("Apollo")
    for person in (bob, eve):
        await ada.add_member(project, person)
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await window.card("Order fuel").click()
    panel = page.locator(".task-panel")

    await panel.get_by_label("Assignee").focus()
    for _ in range(3):  # opens the list at Nobody, then passes Bob
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(panel.get_by_label("Assignee")).to_have_value("Eve")
    await page.keyboard.press("Tab")
    await panel.get_by_label("Status").focus()
    for _ in range(3):
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await window.expect_titles("Done", ["Order fuel"])
    changes = await updates(ada, project, 2)
    assert changes[0] == {"assignee_id": eve.id}
    assert (changes[1]["status"], len(changes)) == ("done", 2)


async def test_a_new_task_has_an_address_for_everybody(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    held: list[Route] = []
    await page.route("**/tasks", lambda route: held.append(route))  # a bound method of a list has no attributes to mark

    # Opened before the server has given its id.
    await window.add("To do", "Order fuel")
    await window.card("Order fuel").click()
    await expect(page).to_have_url(re.compile("/tasks/new-"))
    await page.get_by_role("textbox", name="Description").fill("Two tanks.")
    await expect(page.get_by_role("textbox", name="Description")).to_be_focused()
    async with asyncio.timeout(20):
        while not held:  # noqa: ASYNC110  # the browser's state
            await asyncio.sleep(0.02)
    await held[0].continue_()
    await expect(page).not_to_have_url(re.compile("/tasks/new-"))
    await expect(page.locator(".ProseMirror")).to_have_text("Two tanks.")
    await expect(page.locator(".ProseMirror")).to_be_focused()
    (task,) = (await ada.snapshot(project))["tasks"]
    address = f"#/projects/{project.id}/tasks/{task['id']}"
    await expect(page).to_have_url(f"{server.url}/{address}")
    await expect(window.card("Order fuel")).to_have_attribute("href", address)
    await page.get_by_label("Close task").click()
    await page.goto(f"{server.url}/{address}")
    await expect(page.get_by_label("Title")).to_have_value("Order fuel")


async def test_an_old_answer_does_not_undo_a_press_on_watch(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Kahn")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    task = await bob.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await window.card("Order fuel").click()
    watch = page.get_by_role("button", name="Watch this task")
    await expect(watch).to_have_attribute("aria-pressed", "false")
    held = await hold_first_answer(page, "**/watch")
    await bob.change_task(project, task, assignee_id=bob.id)  # asks again
    await held.given()
    async with page.expect_response(lambda answer: answer.request.method == "PUT") as pressed:
        await watch.click()
    await (await pressed.value).finished()
    await held.arrive()
    await expect(watch).to_have_attribute("aria-pressed", "true")


async def test_of_two_fast_presses_on_watch_the_last_one_counts(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Kahn")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    task = await bob.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await window.card("Order fuel").click()
    watch = page.get_by_role("button", name="Watch this task")
    await expect(watch).to_have_attribute("aria-pressed", "false")
    held = await hold_first_answer(page, "**/watch", "PUT")
    await watch.click()
    await held.given()
    await watch.click()
    await expect(watch).to_have_attribute("aria-pressed", "false")
    async with page.expect_response(lambda answer: answer.request.method == "DELETE") as last:
        await held.arrive()
    await (await last.value).finished()
    await expect(watch).to_have_attribute("aria-pressed", "false")
    assert await ada.get(f"{project.path}/tasks/{task['id']}/watch") == {"watching": False}
