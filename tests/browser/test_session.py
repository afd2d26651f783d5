"""One sign-in for all tabs of a browser."""

import asyncio
import json
import re
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Request, Route, expect

from tests.browser.test_unsaved import nothing_is_on_device
from tests.support.api import PASSWORD, Person, Project
from tests.support.browsers import Chromium, is_stored
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIFETIME_SECONDS = 5


async def test_tabs_share_a_sign_in_and_its_end(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    await ada.create_task(project, "Order fuel")
    first = await chromium.window(server.url)
    await first.sign_in(ada)
    await first.open(project)
    second = await chromium.window(server.url, first.page.context)
    await second.open(project)  # without another sign-in
    await first.drag("Order fuel", "Done")
    await first.undo.hover()  # so that it stays
    await nothing_is_on_device(second.page)  # a sign-out asks about what is not sent

    await second.page.get_by_role("button", name="Ada: menu").click()
    await second.page.get_by_role("button", name="Sign out").click()
    for window in (first, second):
        await expect(window.page.get_by_role("button", name="Sign in")).to_be_visible()
    await expect(first.page.get_by_text("You were signed out")).to_be_visible()
    await expect(first.undo).to_have_count(0)


@pytest.mark.parametrize(("keys", "name"), [("Control+k", "Find or do anything"), ("?", "Keyboard shortcuts")])
async def test_what_was_open_at_a_sign_out_is_closed_for_the_next_person(
    server: Server, chromium: Chromium, keys: str, name: str
) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    first = await chromium.window(server.url)
    await first.sign_in(ada)
    second = await chromium.window(server.url, first.page.context)
    await second.page.goto(server.url)
    await first.page.keyboard.press(keys)
    await expect(first.page.get_by_role("dialog", name=name)).to_be_visible()
    await second.page.get_by_role("button", name="Ada: menu").click()
    await second.page.get_by_role("button", name="Sign out").click()
    # In the same page: it is not loaded anew.
    await first.page.get_by_label("E-mail address").fill(bob.email)
    await first.page.get_by_label("Password").fill(PASSWORD)
    await first.page.get_by_role("button", name="Sign in").click()
    await expect(first.page.get_by_role("button", name="Bob: menu")).to_be_visible()
    await expect(first.page.get_by_role("dialog")).to_have_count(0)


async def test_the_first_steps_of_one_person_are_not_shown_to_the_next(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Kahn")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    steps = page.get_by_role("complementary", name="First steps")
    await expect(steps).to_be_visible()
    await ada.add_member(project, bob)
    await ada.create_task(project, "Order fuel")
    await expect(window.card("Order fuel")).to_be_visible()
    await expect(steps).to_be_visible()  # she has not made a document
    await page.get_by_role("button", name="Ada Lovelace: menu").click()
    await page.get_by_role("button", name="Sign out").click()
    # In the same page: it is not loaded anew.
    await page.get_by_label("E-mail address").fill(bob.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(window.card("Order fuel")).to_be_visible()
    await window.is_live()
    await expect(steps).to_have_count(0)


async def test_one_tab_renews_the_token_for_all(server: Server, tmp_path: Path, chromium: Chromium) -> None:
    forgetful = {**server.environment, "ROOMFUL_ACCESS_TOKEN_TTL": str(LIFETIME_SECONDS)}
    async with Server(tmp_path, forgetful) as server:
        await one_tab_renews_for_all(server, chromium)


async def one_tab_renews_for_all(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    context = await chromium.context()
    renewals: list[Request] = []
    context.on("request", lambda request: renewals.append(request) if "auth/refresh" in request.url else None)
    windows = [await chromium.window(server.url, context) for _ in range(3)]
    await windows[0].sign_in(ada)
    for window in windows:
        await window.open(project)

    before = len(renewals)
    for _ in range(3):
        await context.wait_for_event("response", lambda answer: "auth/refresh" in answer.url)
    # Three lifetimes passed for three tabs: one renewal for each, not three.
    assert len(renewals) - before <= 4
    for window in windows:
        await window.is_live()
    await windows[1].add("To do", "Still here")
    await expect(windows[2].card("Still here")).to_be_visible()


async def test_signing_out_everywhere_closes_the_boards_of_all_browsers(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    elsewhere = await chromium.window(server.url)
    await elsewhere.sign_in(ada)
    await elsewhere.open(project)
    here = await chromium.window(server.url)
    await here.sign_in(ada)
    page = here.page
    await page.goto(f"{server.url}/#/account")
    signed_in = page.locator(".sign-ins li")
    await expect(signed_in).to_have_count(3)  # two browsers, and the test itself
    await expect(signed_in.filter(has_text="This device")).to_have_count(1)

    await page.get_by_role("button", name="Sign out everywhere").click()
    await page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await expect(elsewhere.page.get_by_text("You were signed out")).to_be_visible()
    await expect(elsewhere.page).to_have_url(re.compile(project.id))  # where signing in leads back to

    await elsewhere.page.get_by_label("E-mail address").fill(ada.email)
    await elsewhere.page.get_by_label("Password").fill("correct horse battery staple")
    await elsewhere.page.get_by_role("button", name="Sign in").click()
    await elsewhere.is_live()


async def test_a_changed_name_shows_on_every_tab(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    here = await chromium.window(server.url)
    await here.sign_in(ada)
    there = await chromium.window(server.url, here.page.context)
    await there.page.goto(server.url)
    await here.page.goto(f"{server.url}/#/account")
    await here.page.get_by_label("Name").fill("Ada L.")
    await here.page.get_by_role("button", name="Save").click()
    await expect(there.page.get_by_role("button", name="Ada L.: menu")).to_be_visible()


async def test_of_two_names_the_last_one_counts_however_slow_the_first(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    window = await chromium.window(server.url)
    page = window.page
    await window.sign_in(ada)
    may_go = asyncio.Event()
    sent: list[str] = []

    async def slow(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "")["name"])
        if len(sent) == 1:
            await may_go.wait()
        await route.continue_()

    await page.goto(f"{server.url}/#/account")
    await page.route("**/auth/me", slow)
    name, save = page.get_by_label("Name", exact=True), page.get_by_role("button", name="Save", exact=True)
    for text in ("Ada Lovelace", "Countess", "Ada"):
        await name.fill(text)
        await save.click()
        await expect(save).to_be_disabled()
    async with page.expect_response(lambda answer: answer.request.post_data_json == {"name": "Ada"}):
        may_go.set()
    assert sent == ["Ada Lovelace", "Ada"]
    assert (await ada.get("/auth/me"))["name"] == "Ada"
    await expect(page.get_by_role("button", name="Ada: menu")).to_be_visible()
    await expect(name).to_have_value("Ada")


async def test_of_two_choices_of_mail_the_last_one_counts(server: Server, chromium: Chromium) -> None:
    window = await chromium.window(server.url)
    page = window.page
    await window.sign_in(await server.api.register("ada"))
    held: asyncio.Queue[Route] = asyncio.Queue()

    async def mail(route: Route) -> None:
        """As a server with mail: this one has none."""
        if route.request.method == "PUT":
            return held.put_nowait(route)
        return await route.fulfill(json={"enabled": True, "available": True})

    async def asked() -> Route:
        async with asyncio.timeout(20):
            return await held.get()

    await page.route("**/notifications/mail", mail)
    await page.goto(f"{server.url}/#/account")
    choice = page.get_by_label("Send me what I have not read")
    await choice.uncheck()
    first = await asked()
    await choice.check()
    assert held.empty()
    await first.fulfill(json={"enabled": False, "available": True})
    second = await asked()
    assert second.request.post_data_json == {"enabled": True}
    await second.fulfill(json={"enabled": True, "available": True})
    await expect(choice).to_be_checked()
    await choice.uncheck()
    await (await asked()).abort()
    await expect(window.notice).to_contain_text("can't be reached")
    await expect(choice).to_be_checked()


async def test_a_browser_that_refuses_storage_can_be_worked_in(server: Server, chromium: Chromium) -> None:
    """As one does whose person has forbidden all cookies. The sign-in lasts as long as the page."""
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    window = await chromium.window(server.url)
    await window.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { configurable: true,"
        " get() { throw new DOMException('refused', 'SecurityError'); } })"
    )
    await window.sign_in(ada)
    await window.open(project)
    await window.add("To do", "Fly")
    await is_stored(partial(titles, ada, project), ["Fly"])
    await expect(window.card("Fly")).to_be_visible()


async def titles(person: Person, project: Project) -> list[str]:
    return [task["title"] for task in (await person.snapshot(project))["tasks"]]
