"""The activity: a burst of events, an outage, and what ages."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.test_craft import STUTTER
from tests.support.api import Person, Project
from tests.support.browsers import Chromium
from tests.support.busy_time import BusyTime, count_frames
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

BURST = 600
AT_ONCE = 12
KEPT = 200
HISTORY_PAGE = 50
DEADLINE_SECONDS = 60
LATEST_MS = 100  # client_demo/web/src/live/frame.ts

# What is drawn in the list: how often, which rows, and whether a row is drawn again. Times of day age by themselves.
WATCH_LIST = """() => {
  const list = document.querySelector('.feed');
  const seen = window.burst = { began: performance.now(), draws: 0, rows: 0, redrawn: 0 };
  new MutationObserver((records) => {
    seen.draws += 1;
    for (const { target, addedNodes } of records) {
      if (target === list) seen.rows += addedNodes.length;
      else if (!target.parentElement?.closest('time') && target.nodeName !== 'TIME') seen.redrawn += 1;
    }
  }).observe(list, { childList: true, subtree: true, characterData: true, attributes: true });
}"""
SEEN = "() => ({ ...window.burst, lasted: performance.now() - window.burst.began, frames: window.frames_shown })"


async def rename(person: Person, project: Project, tasks: list[str], count: int) -> None:
    """Many changes of tasks, several at once, and then one more."""
    numbers = iter(range(count - 1))

    async def work(task: str) -> None:
        for number in numbers:
            await person.patch(f"{project.path}/tasks/{task}", {"title": f"Title {number}"})

    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(work(task))
    await person.patch(f"{project.path}/tasks/{tasks[0]}", {"title": "The last one"})


async def test_a_burst_is_drawn_once_a_frame_and_each_row_once(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    tasks = [(await ada.create_task(project, f"Task {number}"))["id"] for number in range(AT_ONCE)]
    window = await chromium.board_of(server.url, ada, project)
    await window.page.get_by_role("button", name="Activity").click()
    feed = window.page.locator(".feed li")
    await expect(feed).to_have_count(AT_ONCE + 2)
    await count_frames(window)
    await window.page.evaluate(WATCH_LIST)
    busy = await BusyTime.of(window)

    await rename(bob, project, tasks, BURST)

    await expect(feed.first).to_contain_text("Bob renamed a task to The last one")
    seen = await window.page.evaluate(SEEN)
    assert seen["draws"] <= seen["frames"] + seen["lasted"] / LATEST_MS + 1
    assert seen["rows"] == BURST
    assert seen["redrawn"] == 0
    assert await busy.measured() / seen["draws"] < STUTTER
    await expect(feed).to_have_count(KEPT)
    await expect(window.column("To do").get_by_text("The last one")).to_be_visible()
    # What was pushed out comes back for who asks for it.
    await window.page.get_by_role("button", name="Show earlier").click()
    await expect(feed).to_have_count(KEPT + 50)


async def test_the_activity_loads_again_after_an_outage(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    await server.kill()
    await expect(window.connection).to_have_text(re.compile("Reconnecting"))
    await window.page.get_by_role("button", name="Activity").click()
    await expect(window.page.get_by_text("The activity could not be loaded")).to_be_visible()
    await server.start()
    await window.is_live()
    await expect(window.page.locator(".feed li")).to_have_count(1)
    await expect(window.page.get_by_text("The activity could not be loaded")).to_have_count(0)


async def test_just_now_ages(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    window = await chromium.window(server.url)
    await window.page.clock.install()
    await window.sign_in(ada)
    await window.open(project)
    await window.page.get_by_role("button", name="Activity").click()
    time = window.page.locator(".feed li time")
    await expect(time).to_have_text("just now")
    await window.page.clock.fast_forward("05:00")
    await expect(time).to_have_text(re.compile("[4-6] minutes ago"))


async def test_a_deleted_task_keeps_its_name_in_the_activity(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    task = await ada.create_task(project, "Order fuel")
    await ada.delete(f"{project.path}/tasks/{task['id']}")
    window = await chromium.board_of(server.url, ada, project)
    await window.page.get_by_role("button", name="Activity").click()
    await expect(window.page.locator(".feed li").first).to_contain_text("You deleted Order fuel")


async def test_a_deleted_document_keeps_its_name_in_the_activity(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    document = await ada.post(f"{project.path}/documents", {"title": "Flight plan"})
    window = await chromium.board_of(server.url, ada, project)
    await window.page.get_by_role("button", name="Activity").click()
    await ada.delete(f"/documents/{document['id']}")
    await expect(window.page.locator(".feed li").first).to_contain_text("deleted the document Flight plan")


async def test_an_earlier_page_of_a_history_comes_once(server: Server, chromium: Chromium) -> None:
    """Also after an outage, and if the button is pressed twice."""
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    task = await ada.create_task(project, "Order fuel")
    for number in range(HISTORY_PAGE):
        task = await ada.change_task(project, task, title=f"Order {number} t")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await window.card(task["title"]).click()
    await page.get_by_role("button", name="History").click()
    rows = page.locator(".history li")
    await expect(rows).to_have_count(HISTORY_PAGE)
    held: asyncio.Queue[Route] = asyncio.Queue()
    await page.route(re.compile(r"/events\?"), lambda route: held.put_nowait(route))
    earlier = page.locator(".history").get_by_role("button", name="Show earlier")
    async with asyncio.timeout(DEADLINE_SECONDS):
        await earlier.click()
        await (await held.get()).abort()
        await expect(window.notice).to_contain_text("can't be reached")
        await earlier.dblclick()
        for route in [await held.get(), await held.get()]:
            async with page.expect_request_finished(lambda request: "/events?" in request.url):
                await route.continue_()
    await expect(rows).to_have_count(HISTORY_PAGE + 1)
    await page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert await rows.count() == HISTORY_PAGE + 1


async def test_a_tasks_history_says_what_it_was_before(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    task, _ = await ada.create_task(project, "Order some fuel"), await ada.create_task(project, "Pack a flag")
    await bob.change_task(project, task, title="Order more fuel", assignee_id=bob.id, due_on="2026-07-16")
    window = await chromium.board_of(server.url, ada, project)
    await window.card("Order more fuel").click()
    await window.page.get_by_role("button", name="History").click()
    rows = window.page.locator(".history li")
    await expect(rows).to_have_count(2)
    changed = rows.first
    await expect(changed).to_contain_text("Bob changed the title, the assignee, and the due date")
    await expect(changed.locator(".was")).to_have_count(3)
    await expect(changed.locator("del").first).to_have_text("Order some fuel")
    await expect(changed.locator("del mark").first).to_have_text("some")
    await expect(changed.locator("ins mark").first).to_have_text("more")
    await expect(changed.locator("ins").nth(1)).to_have_text("Bob")
    await expect(changed.locator("ins").nth(2)).to_have_text(re.compile("16.*2026"))
    await bob.change_task(project, task, status="done")  # live
    await expect(rows.first).to_contain_text("Bob moved the task to Done")
    await expect(rows.first.locator(".was")).to_contain_text("Column: before: To do → after: Done")
    assert await window.violations() == []
