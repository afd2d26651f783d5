"""Undo on the board: of this window's own last changes, each by the opposite change with its own event."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.support.api import Json, Person, Project
from tests.support.browsers import Chromium, Window
from tests.support.held_answers import hold_first_answer
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def board_with(server: Server, chromium: Chromium, *titles: str) -> tuple[Person, Project, list[Json], Window]:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    tasks = [await ada.create_task(project, title) for title in titles]
    return ada, project, tasks, await chromium.board_of(server.url, ada, project)


async def undo_by_key(window: Window) -> None:
    """With the focus on no text."""
    await window.page.evaluate("() => document.activeElement?.blur()")
    await window.page.keyboard.press("Control+z")


async def expect_events(person: Person, project: Project, after: int, types: list[str]) -> None:
    """What the board shows at once is sent a moment later."""
    found: list[str] = []
    async with asyncio.timeout(20):
        while len(found) < len(types):
            found = [event["type"] for event in await person.all_events(project, after=after)]
    assert found == types


async def test_a_move_is_undone_to_the_same_place(server: Server, chromium: Chromium) -> None:
    ada, project, _, window = await board_with(server, chromium, "One", "Two", "Three")
    await window.drag("Two", "Done")
    await expect(window.undo).to_contain_text("Moved “Two” to Done.")
    await window.undo.hover()  # so that it stays
    assert await window.violations() == []
    await window.undo.get_by_role("button", name="Undo").click()
    await window.expect_titles("To do", ["One", "Two", "Three"])
    await expect(window.page.get_by_text("“Two” is back in To do.")).to_be_visible()
    await expect(window.undo).to_have_count(0)

    await window.drag("One", "In progress")
    await expect(window.undo).to_contain_text("Moved “One” to In progress.")
    await window.drag("Three", "Done")
    await expect(window.undo).to_contain_text("Moved “Three” to Done.")
    await undo_by_key(window)
    await window.expect_titles("To do", ["Two", "Three"])
    await undo_by_key(window)
    await window.expect_titles("To do", ["One", "Two", "Three"])
    await undo_by_key(window)
    await expect(window.page.get_by_text("There is nothing to undo.")).to_be_visible()
    await window.expect_titles("To do", ["One", "Two", "Three"])
    await expect_events(ada, project, 4, ["task.moved"] * 6)


async def test_a_deletion_is_undone(server: Server, chromium: Chromium) -> None:
    ada, project, tasks, window = await board_with(server, chromium, "One", "Two", "Three")
    await ada.change_task(project, tasks[1], description="Everything", labels=["fuel"])
    await window.card("Two").click()
    await window.page.get_by_label("Delete task").click()
    await window.undo.hover()  # so that it stays
    await window.expect_titles("To do", ["One", "Three"])
    await expect(window.card("Three")).to_be_focused()
    await expect(window.undo).to_contain_text("“Two” is in the trash.")
    await window.undo.get_by_role("button", name="Undo").click()
    await window.expect_titles("To do", ["One", "Two", "Three"])
    await expect(window.page.get_by_text("“Two” is back.")).to_be_visible()
    await expect(window.card("Two").locator(".label")).to_have_text(["fuel"])
    await expect_events(ada, project, 5, ["task.deleted", "task.restored"])
    stored = {task["title"]: task for task in (await ada.snapshot(project))["tasks"]}
    assert stored["Two"]["description"] == "Everything"


async def test_a_text_field_keeps_its_own_undo(server: Server, chromium: Chromium) -> None:
    ada, project, _, window = await board_with(server, chromium, "One")
    await window.card("One").click()
    title = window.page.get_by_label("Title")
    await title.fill("Another")
    await title.press("Enter")
    await expect(window.undo).to_contain_text("Changed the title of “Another”.")
    field = window.page.get_by_label("New task in Done")
    await field.focus()
    await window.page.keyboard.insert_text("Land")  # one step of the browser's undo, however slow it is
    await window.page.keyboard.press("Control+z")
    await expect(field).to_have_value("")
    await window.page.keyboard.press("Control+z")
    await expect(window.card("Another")).to_be_visible()
    await undo_by_key(window)
    await expect(window.card("One")).to_be_visible()
    await expect_events(ada, project, 2, ["task.updated"] * 2)


async def test_labels_and_new_tasks_are_undone(server: Server, chromium: Chromium) -> None:
    ada, project, tasks, window = await board_with(server, chromium, "One")
    await ada.change_task(project, tasks[0], labels=["fuel"])
    await window.card("One").click()
    await window.page.get_by_label("Labels").fill("urgent")
    await window.page.get_by_label("Labels").press("Enter")
    await expect(window.undo).to_contain_text("Changed the labels of “One”.")
    await expect_events(ada, project, 3, ["task.updated"])
    await ada.change_task(project, tasks[0], labels=["fuel", "urgent", "theirs"])
    await expect(window.card("One").locator(".label")).to_have_text(["fuel", "urgent", "theirs"])
    await undo_by_key(window)
    await expect(window.card("One").locator(".label")).to_have_text(["fuel", "theirs"])

    await window.page.get_by_label("Close task").click()
    await window.add("Done", "Two")
    await expect(window.card("Two")).to_be_visible()
    await undo_by_key(window)
    await expect(window.card("Two")).to_have_count(0)
    await expect(window.page.get_by_text("“Two” is in the trash.")).to_be_visible()
    await expect_events(
        ada, project, 3, ["task.updated", "task.updated", "task.updated", "task.created", "task.deleted"]
    )


async def test_what_somebody_changed_since_stays(server: Server, chromium: Chromium) -> None:
    ada, project, tasks, window = await board_with(server, chromium, "One", "Two", "Three")
    bob = await server.api.register("bob")
    await ada.add_member(project, bob)
    await window.drag("One", "Done")
    await expect(window.undo).to_be_visible()
    await window.card("Two").click()
    await window.page.get_by_label("Title").fill("Second")
    await window.page.get_by_label("Title").press("Enter")
    await expect(window.undo).to_contain_text("Changed the title of “Second”.")
    await window.page.get_by_label("Close task").click()
    await expect_events(ada, project, 5, ["task.moved", "task.updated"])
    await bob.change_task(project, tasks[1], title="Bob's")
    await bob.change_task(project, tasks[0], status="in_progress")
    await expect(window.card("Bob's")).to_be_visible()
    await expect(window.column("In progress").get_by_text("One")).to_be_visible()
    before = await ada.snapshot(project)

    await undo_by_key(window)
    await expect(window.page.get_by_text("“Bob's” stays as it is: Bob changed it since.")).to_be_visible()
    await undo_by_key(window)
    await expect(window.page.get_by_text("“One” stays as it is: Bob moved it since.")).to_be_visible()
    assert await ada.snapshot(project) == before


async def test_another_field_changed_since_does_no_harm(server: Server, chromium: Chromium) -> None:
    ada, project, tasks, window = await board_with(server, chromium, "One")
    await window.drag("One", "Done")
    await expect(window.undo).to_be_visible()
    await ada.change_task(project, tasks[0], title="First")
    await expect(window.card("First")).to_be_visible()
    await undo_by_key(window)
    await window.expect_titles("To do", ["First"])


async def test_the_steps_before_are_undone_while_the_first_undo_is_on_its_way(
    server: Server, chromium: Chromium
) -> None:
    ada, project, tasks, window = await board_with(server, chromium, "One", "Two")
    await window.drag("One", "In progress")
    await window.add("To do", "Three")
    await expect_events(ada, project, 3, ["task.moved", "task.created"])
    await window.drag("Three", "In progress")
    await window.drag("One", "Done")
    await expect_events(ada, project, 5, ["task.moved"] * 2)
    held = await hold_first_answer(window.page, f"**/tasks/{tasks[0]['id']}", "PATCH")
    for _ in range(4):
        await undo_by_key(window)
    await window.expect_titles("To do", ["One", "Two"])
    await held.arrive()
    await expect_events(ada, project, 7, ["task.moved", "task.moved", "task.deleted", "task.moved"])
    await expect(window.page.locator(".notice.bad")).to_have_count(0)
    await window.expect_titles("To do", ["One", "Two"])


async def test_an_undo_behind_another_one_leaves_what_somebody_moved_meanwhile(
    server: Server, chromium: Chromium
) -> None:
    ada, project, tasks, window = await board_with(server, chromium, "One")
    bob = await server.api.register("bob")
    await ada.add_member(project, bob)
    await window.drag("One", "In progress")
    await window.card("One").click()
    await window.page.get_by_label("Title").fill("First")
    await window.page.get_by_label("Title").press("Enter")
    await expect_events(ada, project, 3, ["task.moved", "task.updated"])
    held = await hold_first_answer(window.page, f"**/tasks/{tasks[0]['id']}", "PATCH")
    await undo_by_key(window)
    await undo_by_key(window)
    await window.expect_titles("To do", ["One"])
    await held.given()
    await bob.change_task(project, tasks[0], status="done")
    await held.arrive()
    await expect(window.page.locator(".notice.bad")).to_contain_text("The card was moved back.")
    await window.expect_titles("Done", ["One"])
    await expect_events(ada, project, 5, ["task.updated", "task.moved"])


async def test_undone_while_offline(server: Server, chromium: Chromium) -> None:
    ada, project, _, window = await board_with(server, chromium, "One", "Two")
    await server.kill()
    await expect(window.connection).to_have_text(re.compile("Reconnecting"))
    await window.drag("One", "Done")
    await window.card("Two").click()
    await window.page.get_by_label("Delete task").click()
    await window.expect_titles("To do", [])
    await undo_by_key(window)
    await window.expect_titles("To do", ["Two"])
    await undo_by_key(window)
    await window.expect_titles("To do", ["One", "Two"])
    await server.start()
    await window.is_live()
    await window.expect_titles("To do", ["One", "Two"])
    await expect(window.page.locator(".notice.bad")).to_have_count(0)
    await window.page.reload()
    await window.expect_titles("To do", ["One", "Two"])
    await expect_events(ada, project, 3, ["task.moved", "task.deleted", "task.restored", "task.moved"])
