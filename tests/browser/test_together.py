"""Two people at one board."""

import re

import pytest
from playwright.async_api import expect

from tests.support.browsers import Chromium, middle
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

IS_ON_THE_CARD = """() => {
  const pointer = document.querySelector('.cursor').getBoundingClientRect();
  const card = document.querySelector('.board .card').getBoundingClientRect();
  const away = [pointer.x - card.x - card.width / 2, pointer.y - card.y - card.height / 2];
  return Math.hypot(...away) < 8;
}"""


async def test_what_one_does_the_other_sees(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)

    await hers.add("To do", "Order fuel")
    await hers.add("To do", "Count down")
    await his.expect_titles("To do", ["Order fuel", "Count down"])

    await his.drag("Order fuel", "In progress")
    await hers.expect_titles("In progress", ["Order fuel"])
    await hers.expect_titles("To do", ["Count down"])
    await expect(hers.card("Order fuel").locator("xpath=..")).to_have_class(re.compile("touched"))

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
    await his.page.close()  # the one that came first
    await another.page.close()
    await expect(faces).to_have_count(0)


async def test_pointers_held_cards_and_writing_show_on_the_other_screen(server: Server, chromium: Chromium) -> None:
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
    # The same place of the same card, although the windows differ in size.
    await hers.page.wait_for_function(IS_ON_THE_CARD)
    await hers.page.get_by_role("button", name="Activity").click()  # narrows her columns while he stays still
    await expect(hers.page.get_by_role("complementary", name="Activity")).to_be_visible()
    await hers.page.wait_for_function(IS_ON_THE_CARD)

    await his.lift("Order fuel")
    await expect(hers.page.get_by_text("Bob is moving this")).to_be_visible()
    await his.page.keyboard.press("Escape")
    await his.page.mouse.up()
    await expect(hers.page.get_by_text("Bob is moving this")).to_have_count(0)

    await his.card("Order fuel").click()
    await his.page.get_by_label("Description").click()
    await expect(hers.page.get_by_text("Bob is editing…")).to_be_visible()
    await his.page.get_by_label("Close task").click()
    await expect(hers.page.get_by_text("Bob is editing…")).to_have_count(0)

    await his.page.close()
    await expect(cursor).to_have_count(0)


async def test_two_edits_of_one_task_both_stand_unless_they_are_of_one_field(
    server: Server, chromium: Chromium
) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    task = await ada.create_task(project, "Order fuel")
    hers = await chromium.board_of(server.url, ada, project)
    await hers.card("Order fuel").click()
    description = hers.page.get_by_label("Description")
    await description.fill("Two tanks.")
    await bob.change_task(project, task, labels=["urgent"])  # while she writes
    await expect(hers.page.locator(".task-panel").get_by_text("urgent")).to_be_visible()
    await hers.page.get_by_label("Close task").click()
    await expect(hers.notice).to_have_count(0)

    await hers.card("Order fuel").click()
    await description.fill("Three tanks.")
    await bob.change_task(project, task, description="One tank.")
    await expect(hers.page.get_by_text("Somebody saved another text while you were writing")).to_be_visible()
    await hers.page.get_by_role("button", name="Keep mine").click()
    await expect(hers.page.get_by_text("Somebody saved another text")).to_have_count(0)
    await hers.page.get_by_label("Close task").click()

    # Not the answer to her text, which may still be on its way.
    async with hers.page.expect_response(lambda answer: '"status"' in (answer.request.post_data or "")):
        await hers.page.get_by_label("New task in Done").focus()
        await hers.drag("Order fuel", "Done")
    (stored,) = (await ada.snapshot(project))["tasks"]
    assert (stored["description"], stored["labels"], stored["status"]) == ("Three tanks.", ["urgent"], "done")


async def test_the_activity_tells_the_log_in_words(server: Server, chromium: Chromium) -> None:
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
    await expect(window.page.get_by_text("This is where it began")).to_be_visible()
