"""The field for new tasks: several lines, labels, people and days in them, at the top or the bottom."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.support.api import Json, Person, Project
from tests.support.browsers import PHONE, Chromium, Window
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def team(server: Server) -> tuple[Person, Person, Project]:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    return ada, bob, project


def field(window: Window, column: str = "To do") -> Locator:
    return window.page.get_by_label(f"New task in {column}")


def chips(window: Window) -> Locator:
    return window.page.locator(".quick-preview .label")


async def named(window: Window, person: Person, project: Project, title: str) -> Json:
    """The task as the server has it."""
    await expect(window.card(title).locator(".number")).to_have_text(re.compile(r"-\d+$"))
    tasks: list[Json] = (await person.snapshot(project))["tasks"]
    (task,) = [each for each in tasks if each["title"] == title]
    return task


async def test_labels_a_person_and_a_day_are_read_from_the_line(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    await ada.create_task(project, "Look", labels=["needs review"])
    window = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)
    await field(window).fill("Order fuel #supplies #needs review @bob tomorrow")
    await expect(chips(window)).to_have_text(["supplies", "needs review", bob.name, "Tomorrow"])
    await expect(window.page.locator(".quick-add [role=status]").first).to_have_text(
        f"Label supplies, Label needs review, Assigned to {bob.name}, Due Tomorrow"
    )
    await field(window).press("Enter")
    await expect(field(window)).to_have_value("")
    await expect(his.card("Order fuel")).to_contain_text("Tomorrow")
    await expect(his.card("Order fuel").locator(".label")).to_have_text(["supplies", "needs review"])
    task = await named(window, ada, project, "Order fuel")
    assert (task["labels"], task["assignee_id"]) == (["supplies", "needs review"], bob.id)
    # One event: the task was not changed after it was made.
    assert task["version"] == 1


async def test_what_is_recognised_can_be_kept_as_text(server: Server, chromium: Chromium) -> None:
    ada, _, project = await team(server)
    window = await chromium.board_of(server.url, ada, project)
    await field(window).fill("Read #one @bob on sunday")
    await window.page.get_by_role("button", name="Keep “one” as text").click()
    await expect(field(window)).to_have_value("Read \\#one @bob on sunday")
    await expect(field(window)).to_be_focused()
    await expect(chips(window)).to_have_count(2)
    await chips(window).last.get_by_role("button").click()
    await expect(chips(window)).to_have_count(1)
    await field(window).press("Enter")
    await expect(window.card("Read #one on sunday")).to_be_visible()
    task = await named(window, ada, project, "Read #one on sunday")
    assert (task["labels"], task["due_on"]) == ([], None)


async def test_each_line_is_a_task_in_its_order(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    await ada.create_task(project, "First")
    window = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)
    await field(window).press_sequentially("Count down")
    await field(window).press("Shift+Enter")
    await field(window).press_sequentially("Land #moon")
    await expect(window.page.locator(".quick-preview b")).to_have_text("2 tasks")
    await field(window).press("Enter")
    await window.expect_titles("To do", ["First", "Count down", "Land"])

    # At the top: remembered, also by the next page.
    await window.page.get_by_label("At the top").first.check()
    await field(window).fill("- Dream\n- Plan\n\n- Build")
    await field(window).press("Enter")
    everything = ["Dream", "Plan", "Build", "First", "Count down", "Land"]
    for each in (window, his):
        await each.expect_titles("To do", everything)
    await window.page.reload()
    await window.is_live()
    await window.expect_titles("To do", everything)
    await window.add("To do", "Top")
    await his.expect_titles("To do", ["Top", *everything])
    await field(window).focus()
    await window.page.get_by_label("At the top").first.uncheck()
    await window.add("To do", "Bottom")
    await his.expect_titles("To do", ["Top", *everything, "Bottom"])

    # All of a paste go away together.
    await field(window, "Done").fill("One\nTwo\nThree")
    await field(window, "Done").press("Enter")
    await expect(window.undo).to_contain_text("Added 3 tasks.")
    await window.undo.hover()  # so that it stays
    await his.expect_titles("Done", ["One", "Two", "Three"])
    await window.undo.get_by_role("button", name="Undo").click()
    await his.expect_titles("Done", [])


async def test_many_lines_are_asked_about_and_too_many_are_not_taken(server: Server, chromium: Chromium) -> None:
    ada, _, project = await team(server)
    window = await chromium.board_of(server.url, ada, project)
    dialog = window.page.get_by_role("dialog", name="Add 21 tasks?")
    await field(window).fill("\n".join(f"Step {number}" for number in range(21)))
    await field(window).press("Enter")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)
    await expect(window.page.locator(".board .slot")).to_have_count(0)
    await field(window).press("Enter")
    await dialog.get_by_role("button", name="Add 21 tasks").click()
    await expect(window.page.locator(".board .slot")).to_have_count(21)
    await window.expect_titles("To do", [f"Step {number}" for number in range(21)])

    many = "\n".join(f"Step {number}" for number in range(101))
    await field(window, "Done").fill(many)
    await field(window, "Done").press("Enter")
    await expect(window.column("Done").get_by_role("alert")).to_contain_text("at most 100 tasks")
    await expect(field(window, "Done")).to_have_value(many)
    await expect(window.column("Done").locator(".slot")).to_have_count(0)

    # A line that is no title stays.
    await field(window, "Done").fill(f"Short\n{'x' * 201}")
    await field(window, "Done").press("Enter")
    await window.expect_titles("Done", ["Short"])
    await expect(field(window, "Done")).to_have_value("x" * 201)
    await expect(window.column("Done").get_by_role("alert")).to_contain_text("longer than 200 characters")


async def test_lines_wait_without_a_network_and_a_refused_one_comes_back(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    window = await chromium.board_of(server.url, ada, project)
    await window.page.context.set_offline(True)
    await field(window).fill("Order fuel #supplies\nAsk @bob fri")
    await field(window).press("Enter")
    await window.expect_titles("To do", ["Order fuel", "Ask"])
    await ada.delete(f"{project.path}/members/{bob.id}")
    await window.page.context.set_offline(False)
    await expect(window.card("Order fuel").locator(".number")).to_have_text(re.compile(r"-1$"))
    await expect(field(window)).to_have_value("Ask @bob fri")
    await window.expect_titles("To do", ["Order fuel"])
    await expect(window.column("To do").get_by_role("alert")).to_contain_text("Not added:")
    assert [task["title"] for task in (await ada.snapshot(project))["tasks"]] == ["Order fuel"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_field_looks_well_on_small_and_large_screens(server: Server, chromium: Chromium, scheme: str) -> None:
    ada, bob, project = await team(server)
    for number in range(12):
        await ada.create_task(project, f"Task {number}")
    for viewport in ({"width": 1280, "height": 800}, PHONE):
        window = await chromium.board_of(server.url, ada, project, color_scheme=scheme, viewport=viewport)
        await field(window).fill(f"Order fuel for the whole journey #supplies @{bob.name} in 3 weeks\nCount down\nLand")
        await expect(window.page.locator(".quick-preview li")).to_have_count(3)
        assert await window.violations() == []
        assert await window.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
        await field(window).fill("")
