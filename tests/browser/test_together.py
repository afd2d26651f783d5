"""Two people at one board."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.support.browsers import Chromium, is_stored, middle
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

IS_ON_THE_CARD = """() => {
  const pointer = document.querySelector('.cursor').getBoundingClientRect();
  const card = document.querySelector('.board .card').getBoundingClientRect();
  const away = [pointer.x - card.x - card.width / 2, pointer.y - card.y - card.height / 2];
  return Math.hypot(...away) < 8;
}"""


async def test_changes_show_on_the_other_screen(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)

    await hers.add("To do", "Order fuel")
    await hers.add("To do", "Count down")
    await his.expect_titles("To do", ["Order fuel", "Count down"])

    async with asyncio.TaskGroup() as both:
        # It is marked for two seconds: her page looks for that itself, however slow this test is.
        both.create_task(hers.page.locator(".slot.touched", has_text="Order fuel").wait_for())
        await his.drag("Order fuel", "In progress")
        await hers.expect_titles("In progress", ["Order fuel"])
        await hers.expect_titles("To do", ["Count down"])

    snapshot = await ada.snapshot(project)
    moves = [event for event in await ada.all_events(project) if event["type"] == "task.moved"]
    assert [(event["actor_id"], event["data"]["task"]["title"]) for event in moves] == [(bob.id, "Order fuel")]
    assert all(event["mutation_id"] for event in moves)
    assert snapshot["stream"]["offset"] == moves[-1]["offset"]


async def test_people_come_and_go(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    hers = await chromium.board_of(server.url, ada, project)
    faces = hers.page.get_by_role("list", name="Also here")
    await expect(faces).to_have_count(0)

    his = await chromium.board_of(server.url, bob, project)
    another = await chromium.window(server.url, his.page.context)
    await another.open(project)
    await expect(faces.get_by_role("listitem")).to_have_text([re.compile("Bob")])
    await his.page.close()  # the first one
    await another.page.close()
    await expect(faces).to_have_count(0)


async def test_pointers_carried_cards_and_editing_show_on_the_other_screen(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    await ada.create_task(project, "Order fuel")
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project, viewport={"width": 1000, "height": 700})

    x, y = await middle(his.card("Order fuel"))
    await his.page.mouse.move(x, y, steps=5)
    cursor = hers.page.locator(".cursor")
    await expect(cursor).to_have_text("Bob")
    # The same place on the card, although the windows differ in size.
    await hers.page.wait_for_function(IS_ON_THE_CARD)
    await hers.page.get_by_role("button", name="Activity").click()  # narrows her columns while his pointer rests
    await expect(hers.page.get_by_role("complementary", name="Activity")).to_be_visible()
    await hers.page.wait_for_function(IS_ON_THE_CARD)

    await his.lift("Order fuel")
    await expect(hers.page.get_by_text("Bob is moving this")).to_be_visible()
    await his.page.keyboard.press("Escape")
    await his.page.mouse.up()
    await expect(hers.page.get_by_text("Bob is moving this")).to_have_count(0)

    await his.card("Order fuel").click()
    await his.page.get_by_role("textbox", name="Description").click()
    await expect(hers.page.get_by_text("Bob is editing…")).to_be_visible()
    await his.page.get_by_label("Close task").click()
    await expect(hers.page.get_by_text("Bob is editing…")).to_have_count(0)

    await his.page.close()
    await expect(cursor).to_have_count(0)


async def test_two_edits_of_one_task_conflict_only_in_the_same_field(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    task = await ada.create_task(project, "Order fuel")
    hers = await chromium.board_of(server.url, ada, project)

    async def title_of_one() -> str:
        (task,) = (await ada.snapshot(project))["tasks"]
        return str(task["title"])

    await hers.card("Order fuel").click()
    title = hers.page.get_by_label("Title")
    await title.fill("Order two tanks")
    await bob.change_task(project, task, labels=["urgent"])  # while she writes
    await expect(hers.page.locator(".task-panel").get_by_text("urgent")).to_be_visible()
    await hers.page.get_by_label("Close task").click()
    await is_stored(title_of_one, "Order two tanks")
    await expect(hers.notice).to_have_count(0)

    await hers.card("Order two tanks").click()
    await title.fill("Order three tanks")
    await bob.change_task(project, task, title="Order one tank")
    await expect(hers.page.get_by_text("Somebody saved a different text while you were writing")).to_be_visible()
    await hers.page.get_by_role("button", name="Keep mine").click()
    await expect(hers.page.get_by_text("Somebody saved a different text")).to_have_count(0)
    await hers.page.get_by_label("Close task").click()

    # Not the answer to her text, which may still come.
    async with hers.page.expect_response(lambda answer: '"column_id"' in (answer.request.post_data or "")):
        await hers.page.get_by_label("New task in Done").focus()
        await hers.drag("Order three tanks", "Done")
    (stored,) = (await ada.snapshot(project))["tasks"]
    assert (stored["title"], stored["labels"], stored["status"]) == ("Order three tanks", ["urgent"], "done")


async def test_the_activity_describes_the_log(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    for number in range(60):
        await bob.create_task(project, f"Task {number}")
    window = await chromium.board_of(server.url, ada, project)
    await window.page.get_by_role("button", name="Activity").click()
    feed = window.page.locator(".feed li")
    await expect(feed.first).to_contain_text("Bob added Task 59")
    await window.add("Done", "Written now")
    await expect(feed.first).to_contain_text("You added Written now")
    await window.page.get_by_role("button", name="Show earlier").click()
    await expect(feed.last).to_contain_text("You created the project Apollo")
    await expect(feed).to_have_count(63)
    await expect(window.page.get_by_text("This is the beginning")).to_be_visible()
