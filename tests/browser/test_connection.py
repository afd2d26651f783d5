"""A board whose connection goes and comes back."""

import re

import pytest
from playwright.async_api import Request, Route, expect

from tests.browser.conftest import RECOVERY_LIMIT
from tests.support.browsers import Chromium
from tests.support.proxy import Network
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

# The skeleton of a board that is loaded; a board that is only brought up to date must not flash to it.
WATCH_FOR_FLASH = """() => {
  window.flashes = 0;
  new MutationObserver(() => {
    if (document.querySelector('.skeleton') || !document.querySelector('.board .slot')) window.flashes += 1;
  }).observe(document.getElementById('app'), { childList: true, subtree: true });
}"""


async def test_a_killed_server_is_told_of_and_nothing_is_lost(server: Server, chromium: Chromium) -> None:
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
    tasks = (await ada.snapshot(project))["tasks"]
    assert {(task["title"], task["status"]) for task in tasks} == {("Written meanwhile", "todo"), ("Before", "done")}
    assert await window.page.evaluate("() => window.flashes") == 0


async def test_a_network_that_is_cut_and_comes_back_brings_both_sides_together(
    server: Server, chromium: Chromium
) -> None:
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
    created = [event for event in await ada.all_events(project) if event["type"] == "task.created"]
    assert [event["data"]["task"]["title"] for event in created] == ["His", "Hers"]


async def test_a_change_whose_answer_was_lost_is_made_once(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    window = await chromium.board_of(server.url, ada, project)
    lost = 0

    async def lose_the_first_answer(route: Route, request: Request) -> None:
        nonlocal lost
        if request.method != "POST" or lost:
            return await route.continue_()
        lost += 1
        await route.fetch()
        return await route.abort()

    await window.page.route(re.compile(r"/tasks$"), lose_the_first_answer)
    async with window.page.expect_event("requestfailed"):
        await window.add("To do", "Once")
    await window.is_live()
    await window.expect_titles("To do", ["Once"])
    assert lost == 1
    assert [task["title"] for task in (await ada.snapshot(project))["tasks"]] == ["Once"]


async def test_what_waits_is_sent_after_the_page_is_loaded_anew(server: Server, chromium: Chromium) -> None:
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
    await expect(window.card("Kept")).not_to_contain_text("Not sent yet")
    assert [task["title"] for task in (await ada.snapshot(project))["tasks"]] == ["Kept"]


async def test_too_much_missed_loads_the_board_anew_without_a_flash(server: Server, chromium: Chromium) -> None:
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


async def test_try_now_does_not_wait_out_the_pause(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    window = await chromium.board_of(server.url, ada, project)
    await server.kill()
    await expect(window.connection).to_have_text("Reconnecting, 6 s")  # by now tries are seconds apart
    async with window.page.expect_websocket(timeout=700):
        await window.page.get_by_role("button", name="Try now").click()
    await server.start()
    await window.is_live()


async def test_the_board_works_below_whatever_address_a_proxy_gives_it(server: Server, chromium: Chromium) -> None:
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
