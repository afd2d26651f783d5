"""One sign-in for all tabs of a browser."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Request, expect

from tests.support.browsers import Chromium
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIFETIME_SECONDS = 5


async def test_tabs_share_a_sign_in_and_its_end(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    first = await chromium.window(server.url)
    await first.sign_in(ada)
    await first.open(project)
    second = await chromium.window(server.url, first.page.context)
    await second.open(project)  # without signing in again

    await second.page.get_by_role("button", name="Ada: menu").click()
    await second.page.get_by_role("button", name="Sign out").click()
    for window in (first, second):
        await expect(window.page.get_by_role("button", name="Sign in")).to_be_visible()
    await expect(first.page.get_by_text("You were signed out")).to_be_visible()


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
    await expect(signed_in.filter(has_text="This one")).to_have_count(1)

    await page.get_by_role("button", name="Sign out everywhere").click()
    await page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await expect(elsewhere.page.get_by_text("You were signed out")).to_be_visible()
    await expect(elsewhere.page).to_have_url(re.compile(project.id))  # where signing in leads back to

    await elsewhere.page.get_by_label("E-mail address").fill(ada.email)
    await elsewhere.page.get_by_label("Password").fill("correct horse battery staple")
    await elsewhere.page.get_by_role("button", name="Sign in").click()
    await elsewhere.is_live()


async def test_a_name_that_is_changed_is_changed_on_every_tab(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    here = await chromium.window(server.url)
    await here.sign_in(ada)
    there = await chromium.window(server.url, here.page.context)
    await there.page.goto(server.url)
    await here.page.goto(f"{server.url}/#/account")
    await here.page.get_by_label("Name").fill("Ada L.")
    await here.page.get_by_role("button", name="Save").click()
    await expect(there.page.get_by_role("button", name="Ada L.: menu")).to_be_visible()
