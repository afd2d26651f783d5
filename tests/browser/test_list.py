"""The project's tasks as a list."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.support.browsers import PHONE, Chromium
from tests.support.finding import address_has, moon, search, shown
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


async def test_the_list_sorts_filters_and_opens_tasks_by_keyboard(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await moon(server)
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await page.get_by_role("button", name="List").click()
    await address_has(window, "?view=list")
    titles = page.locator(".list .list-link")
    await expect(titles).to_have_text(["Order fuel", "Choose a crew", "Order food", "Build the rocket"])
    await page.get_by_role("columnheader", name="Due").get_by_role("button").click()
    await expect(page.get_by_role("columnheader", name="Due")).to_have_attribute("aria-sort", "ascending")
    await expect(titles).to_have_text(["Order food", "Order fuel", "Choose a crew", "Build the rocket"])
    await page.keyboard.press("Enter")
    await address_has(window, "sort=-due")
    await expect(titles).to_have_text(["Order fuel", "Order food", "Choose a crew", "Build the rocket"])

    await page.keyboard.press("/")
    await expect(search(window)).to_be_focused()
    await page.keyboard.type("or")
    await expect(titles).to_have_text(["Order fuel", "Order food"])
    await titles.first.focus()
    await page.keyboard.press("ArrowDown")
    await expect(titles.nth(1)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Title")).to_have_value("Order food")
    await bob.create_task(project, "Order chairs")
    await expect(titles).to_have_text(["Order fuel", "Order food", "Order chairs"])
    await page.keyboard.press("Escape")
    await expect(titles.nth(1)).to_be_focused()
    await page.reload()
    await expect(titles).to_have_text(["Order fuel", "Order food", "Order chairs"])
    await search(window).fill("nothing like it")
    await expect(page.get_by_role("heading", name="No task matches")).to_be_visible()
    await page.locator(".state").get_by_role("button", name="Clear").click()
    await expect(titles).to_have_count(5)


async def test_a_finger_filters_and_lists_on_a_small_screen(server: Server, chromium: Chromium) -> None:
    ada, _, project = await moon(server)
    window = await chromium.board_of(server.url, ada, project, **SMALL)
    page = window.page
    await page.get_by_role("button", name="Filter").tap()
    await page.get_by_role("button", name="Mine").tap()
    await expect(shown(window, "To do")).to_have_text(["Order fuel"])
    await page.get_by_role("button", name="Filter").tap()
    await expect(page.get_by_role("button", name="Mine")).to_be_hidden()
    await page.get_by_role("button", name="List").tap()
    row = page.locator(".list tbody tr")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("Today")
    await page.get_by_role("button", name="Clear").tap()
    await expect(row).to_have_count(4)
    await page.get_by_label("Sort").select_option("Title, from the end")
    await expect(page.locator(".list .list-link").first).to_have_text("Order fuel")
    assert await page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
    await row.last.tap()
    await expect(page.get_by_label("Title")).to_have_value("Build the rocket")
