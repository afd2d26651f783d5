"""A board that loses its connection and regains it."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import RECOVERY_LIMIT
from tests.browser.test_unsaved import nothing_is_on_device
from tests.support.api import Person, Project
from tests.support.browsers import Chromium, is_stored, lose_first_answer, signed_in_state
from tests.support.proxy import Network
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

# The skeleton of a loading board; a board that is only updated must not flash to it.
WATCH_FOR_FLASH = """() => {
  window.flashes = 0;
  new MutationObserver(() => {
    if (document.querySelector('.skeleton') || !document.querySelector('.board .slot')) window.flashes += 1;
  }).observe(document.getElementById('app'), { childList: true, subtree: true });
}"""


async def tasks_of(person: Person, project: Project) -> list[tuple[str, str]]:
    return sorted((task["title"], task["status"]) for task in (await person.snapshot(project))["tasks"])


async def test_a_killed_server_is_shown_and_no_change_is_lost(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    await ada.create_task(project, "Before")
    window = await chromium.board_of(server.url, ada, project)
    await window.page.evaluate(WATCH_FOR_FLASH)

    await server.kill()
    await expect(window.connection).to_have_text(re.compile(r"Reconnecting, \d+ s"))
    await expect(window.page.get_by_role("status").get_by_text("Connection lost; reconnecting.")).to_have_count(1)
    await window.add("To do", "Written meanwhile")
    await window.drag("Before", "Done")
    await window.expect_titles("Done", ["Before"])
    await expect(window.card("Written meanwhile")).to_contain_text("Not sent yet")

    await server.start()
    await window.is_live()
    await window.expect_titles("To do", ["Written meanwhile"])
    await expect(window.card("Written meanwhile")).not_to_contain_text("Not sent yet")
    await is_stored(lambda: tasks_of(ada, project), [("Before", "done"), ("Written meanwhile", "todo")])
    assert await window.page.evaluate("() => window.flashes") == 0


async def test_after_a_cut_network_both_sides_are_merged(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    window = await chromium.board_of(server.url, ada, project)

    await window.page.context.set_offline(True)
    await expect(window.connection).to_have_text(re.compile(r"Offline, \d+ s"))
    await window.add("To do", "Hers")
    await bob.create_task(project, "His")
    await expect(window.card("His")).to_have_count(0)

    await window.page.context.set_offline(False)
    await window.is_live()
    await window.expect_titles("To do", ["His", "Hers"])
    await is_stored(lambda: tasks_of(ada, project), [("Hers", "todo"), ("His", "todo")])
    created = [event for event in await ada.all_events(project) if event["type"] == "task.created"]
    assert [event["data"]["task"]["title"] for event in created] == ["His", "Hers"]


async def test_a_task_that_was_opened_offline_can_be_watched_once_the_network_is_back(
    server: Server, chromium: Chromium
) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project)
    await window.page.context.set_offline(True)
    await expect(window.connection).to_have_text(re.compile("Offline"))
    await window.card("Order fuel").click()
    await expect(window.page.get_by_label("Title")).to_have_value("Order fuel")
    watch = window.page.get_by_role("button", name="Watch this task")
    await expect(watch).to_have_count(0)
    await window.page.context.set_offline(False)
    await expect(watch).to_be_visible()


async def test_a_change_whose_answer_was_lost_is_made_once(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    window = await chromium.board_of(server.url, ada, project)
    lost = await lose_first_answer(window.page, re.compile(r"/tasks$"))
    async with window.page.expect_event("requestfailed"):
        await window.add("To do", "Once")
    await window.is_live()
    await window.expect_titles("To do", ["Once"])
    assert len(lost) == 1
    await is_stored(lambda: tasks_of(ada, project), [("Once", "todo")])


async def test_waiting_changes_are_sent_after_a_reload(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    window = await chromium.board_of(server.url, ada, project)
    await server.kill()
    await expect(window.connection).to_have_text(re.compile("Reconnecting"))
    await window.add("To do", "Kept")
    await expect(window.card("Kept")).to_contain_text("Not sent yet")
    await server.start()
    await window.page.reload()
    await window.is_live()
    await window.expect_titles("To do", ["Kept"])
    await expect(window.card("Kept")).not_to_contain_text("Not sent yet")
    await is_stored(lambda: tasks_of(ada, project), [("Kept", "todo")])


async def test_a_task_that_the_old_page_has_sent_is_there_once_after_a_reload(
    server: Server, chromium: Chromium
) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project()
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    is_made, may_arrive = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        """The old page gets no answer, and the new one not before it is looked at."""
        if route.request.method != "POST":
            await route.continue_()
        elif not is_made.is_set():
            await route.fetch()
            is_made.set()
        else:
            await may_arrive.wait()
            await route.continue_()

    await page.route(re.compile(r"/tasks$"), hold)
    await window.add("To do", "Once")
    async with asyncio.timeout(20):
        await is_made.wait()
    async with page.expect_request(lambda request: request.method == "POST" and request.url.endswith("/tasks")):
        await page.reload()
    await window.is_live()
    await window.expect_titles("To do", ["Once"])
    may_arrive.set()
    await nothing_is_on_device(page)
    await window.expect_titles("To do", ["Once"])
    await is_stored(lambda: tasks_of(ada, project), [("Once", "todo")])


async def test_a_board_that_missed_too_much_reloads_without_a_flash(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    await ada.create_task(project, "There from the start")
    window = await chromium.board_of(server.url, ada, project)
    await window.page.evaluate(WATCH_FOR_FLASH)
    await window.page.context.set_offline(True)
    await expect(window.connection).to_have_text(re.compile("Offline"))
    titles = [f"Missed {number}" for number in range(RECOVERY_LIMIT + 10)]
    for title in titles:
        await ada.create_task(project, title)
    async with window.page.expect_response(re.compile(r"/snapshot$")):
        await window.page.context.set_offline(False)
    await window.is_live()
    await window.expect_titles("To do", ["There from the start", *titles])
    assert await window.page.evaluate("() => window.flashes") == 0


async def test_try_now_reconnects_at_once(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    context = await chromium.context(storage_state=signed_in_state(server.url, ada))
    window = await chromium.window(server.url, context)
    clock = window.page.clock
    await clock.install()
    await window.open(project)
    await server.kill()
    try_now = window.page.get_by_role("button", name="Try now")
    await expect(try_now).to_be_visible()
    # No pause ends any more: an attempt is one that the button makes. (The sign-in lasts for longer.)
    await clock.pause_at(datetime.now(UTC) + timedelta(seconds=30))
    async with window.page.expect_websocket():
        await try_now.click()
    await server.start()
    await clock.resume()
    await window.is_live()


async def test_the_board_works_below_any_path_of_a_proxy(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    async with Network(server.port, base="/tools/roomful") as network:
        hers = await chromium.window(f"http://127.0.0.1:{network.port}/tools/roomful")
        await hers.sign_in(ada)
        await hers.open(project)
        his = await chromium.board_of(server.url, bob, project)
        await hers.add("To do", "Order fuel")
        await his.expect_titles("To do", ["Order fuel"])
        await his.drag("Order fuel", "Done")
        await hers.expect_titles("Done", ["Order fuel"])
        await hers.page.context.close()
