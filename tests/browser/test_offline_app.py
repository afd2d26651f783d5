"""The board without a network: the last state, said to be that, for this person alone."""

import re
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, WebSocketRoute, expect

from tests.browser.test_service_worker import HAS_WORKER, becomes
from tests.support.api import Person, Project
from tests.support.browsers import Chromium, Window
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEPT = """(user) => new Promise((found) => {
  const request = indexedDB.open(`roomful.boards:${user}`);
  request.onupgradeneeded = () => request.transaction.abort();
  request.onerror = (event) => { event.preventDefault(); found(0); };
  request.onsuccess = () => {
    const count = request.result.transaction("boards").objectStore("boards").count();
    count.onsuccess = () => { request.result.close(); found(count.result); };
  };
})"""
EXPIRE = """() => {
  const kept = JSON.parse(localStorage.getItem('roomful.session'));
  localStorage.setItem('roomful.session', JSON.stringify({ ...kept, expires_at: Date.now() - 3_600_000 }));
}"""
DATABASES = "async () => (await indexedDB.databases()).map(({ name }) => name)"
NONE_KEPT = f"async () => (await ({DATABASES})()).every((name) => !name.startsWith('roomful.boards'))"


async def kept_board(server: Server, chromium: Chromium, person: Person, project: Project) -> Window:
    """A window on the project, which opens without a network from now on."""
    window = await chromium.board_of(server.url, person, project, service_workers="allow")
    await becomes(window.page, KEPT, person.id)
    await becomes(window.page, HAS_WORKER)
    return window


async def apollo(server: Server) -> tuple[Person, Project]:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    await ada.create_task(project, "Order fuel")
    return ada, project


async def test_without_a_network_the_last_state_opens_and_what_is_written_is_sent_later(
    server: Server, chromium: Chromium
) -> None:
    ada, project = await apollo(server)
    window = await kept_board(server, chromium, ada, project)
    page = window.page
    await page.context.set_offline(True)
    await page.reload()
    await expect(window.card("Order fuel")).to_be_visible()
    await expect(window.connection).to_have_text(re.compile(r"Offline: as of \d+:\d+"))
    await expect(page.locator(".banner")).to_contain_text("Offline: as of")
    assert await window.violations() == []
    await window.add("To do", "Written on the train")
    await expect(window.card("Written on the train")).to_contain_text("Not sent yet")
    await ada.create_task(project, "Written at home")
    await page.context.set_offline(False)
    await window.is_live()
    await window.expect_titles("To do", ["Order fuel", "Written at home", "Written on the train"])
    await expect(page.locator(".banner")).to_have_count(0)
    await expect(window.card("Written on the train")).not_to_contain_text("Not sent yet")


async def test_a_server_that_is_away_and_a_token_that_has_expired_hinder_nobody(
    server: Server, chromium: Chromium
) -> None:
    ada, project = await apollo(server)
    window = await kept_board(server, chromium, ada, project)
    page = window.page
    await page.evaluate(EXPIRE)
    await server.kill()
    await page.reload()
    await expect(window.card("Order fuel")).to_be_visible()
    await expect(window.connection).to_have_text(re.compile("Offline: as of"))
    await page.goto(f"{server.url}/#/")
    await page.get_by_role("link", name="Apollo").click()  # the list of what is on this device
    await expect(window.card("Order fuel")).to_be_visible()
    await server.start()
    await window.is_live()


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "content_type": "text/plain", "body": "404 page not found"},
        {"status": 401, "content_type": "text/html", "body": "<h1>Authorization required</h1>"},
        {"status": 403, "content_type": "text/html", "body": "<h1>Forbidden</h1>"},
        {"status": 500, "content_type": "text/plain", "body": "Internal Server Error"},
        {"status": 200, "content_type": "text/html", "body": "<h1>Welcome to our hotel. Sign in, please</h1>"},
    ],
    ids=lambda answer: str(answer["status"]),
)
async def test_what_others_answer_in_the_servers_place_ends_nothing(
    server: Server, chromium: Chromium, answer: dict[str, Any]
) -> None:
    """Proxies and hotels: no sign-in, no project and nothing that was written goes by their word."""
    ada, project = await apollo(server)
    window = await chromium.board_of(server.url, ada, project)
    page, context = window.page, window.page.context
    await becomes(page, KEPT, ada.id)
    is_away = True

    async def connect(socket: WebSocketRoute) -> None:
        if is_away:
            await socket.close()
        else:
            socket.connect_to_server()

    await context.route_web_socket(re.compile("/connection/"), connect)
    await context.route("**/api/v1/**", lambda route: route.fulfill(**answer))
    await page.evaluate(EXPIRE)
    await page.reload()
    await expect(window.card("Order fuel")).to_be_visible()
    await window.add("To do", "Written meanwhile")
    await expect(window.card("Written meanwhile")).to_contain_text("Not sent yet")
    await page.goto(f"{server.url}/#/")
    await page.get_by_role("link", name="Apollo").click()  # the list of what is on this device
    await expect(window.card("Written meanwhile")).to_contain_text("Not sent yet")
    is_away = False
    await context.unroute_all()
    await window.is_live()
    await expect(window.card("Written meanwhile")).not_to_contain_text("Not sent yet")
    titles = [task["title"] for task in (await ada.snapshot(project))["tasks"]]
    assert sorted(titles) == ["Order fuel", "Written meanwhile"]


async def sign_out(page: Page) -> None:
    await page.locator(".person-button").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_a_sign_out_deletes_it_and_nobody_else_is_shown_it(server: Server, chromium: Chromium) -> None:
    ada, project = await apollo(server)
    bob = await server.api.register("bob", "Kahn")
    window = await kept_board(server, chromium, ada, project)
    page = window.page
    await sign_out(page)
    await becomes(page, NONE_KEPT)
    await window.sign_in(bob)
    await page.context.set_offline(True)
    await page.goto(f"{server.url}/#/projects/{project.id}")
    await expect(page.get_by_role("heading", name="The board could not be loaded")).to_be_visible()
    await expect(page.get_by_text("Order fuel")).to_have_count(0)


async def test_another_persons_sign_in_deletes_what_a_lost_sign_in_has_left(server: Server, chromium: Chromium) -> None:
    """Her sign-in went without the board's knowledge: somebody cleared a part of the browser's data."""
    ada, project = await apollo(server)
    bob = await server.api.register("bob", "Kahn")
    window = await kept_board(server, chromium, ada, project)
    await window.page.goto("about:blank")
    context: BrowserContext = window.page.context
    forget = await context.new_page()
    await forget.goto(f"{server.url}/manifest.webmanifest")
    assert await forget.evaluate(KEPT, ada.id) == 1
    await forget.evaluate("() => localStorage.removeItem('roomful.session')")
    await window.sign_in(bob)
    await becomes(window.page, NONE_KEPT)


async def test_a_sign_in_that_is_ended_elsewhere_takes_it_along(server: Server, chromium: Chromium) -> None:
    ada, project = await apollo(server)
    window = await kept_board(server, chromium, ada, project)
    await ada.post("/auth/logout", expect=204)
    await expect(window.page.get_by_role("button", name="Sign in")).to_be_visible()
    await becomes(window.page, NONE_KEPT)


async def test_who_is_removed_keeps_nothing_of_the_project(server: Server, chromium: Chromium) -> None:
    ada, project = await apollo(server)
    bob = await server.api.register("bob", "Kahn")
    await ada.add_member(project, bob)
    window = await kept_board(server, chromium, bob, project)
    await ada.delete(f"{project.path}/members/{bob.id}")
    await expect(window.page.get_by_text("You were removed from this project.")).to_be_visible()
    await becomes(window.page, f"async (user) => await ({KEPT})(user) === 0", bob.id)
    await window.page.context.set_offline(True)
    await window.page.reload()
    await expect(window.page.get_by_role("heading", name="The board could not be loaded")).to_be_visible()
