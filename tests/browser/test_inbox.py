"""The inbox on the board: two people, two devices."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.test_craft import DARK, SMALL
from tests.support.api import Person, Project
from tests.support.browsers import Chromium, Window
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_MS = 20_000


def bell(page: Page) -> Locator:
    return page.get_by_role("link", name=re.compile("^Inbox"))


def entry(page: Page, title: str) -> Locator:
    return page.locator(".inbox-entry").filter(has=page.get_by_text(title, exact=True))


async def scene(server: Server) -> tuple[Person, Person, Project]:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    return ada, bob, project


async def open_inbox(window: Window) -> None:
    await bell(window.page).click()
    await expect(window.page.get_by_role("heading", name="Inbox")).to_be_visible()


async def test_what_one_does_another_finds_on_both_devices(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await scene(server)
    first = await chromium.board_of(server.url, bob, project)
    second = await chromium.board_of(server.url, bob, project)
    for window in (first, second):
        await expect(bell(window.page)).to_have_accessible_name("Inbox: 1 unread", timeout=SOON_MS)
    await ada.create_task(project, "Order fuel", assignee_id=bob.id)
    for window in (first, second):
        await expect(bell(window.page)).to_have_accessible_name("Inbox: 2 unread", timeout=SOON_MS)
        await open_inbox(window)
        await expect(entry(window.page, "Order fuel")).to_contain_text("Ada assigned it to you", timeout=SOON_MS)

    await first.page.get_by_role("button", name="Mark “Order fuel” as read").click()
    for window in (first, second):
        await expect(entry(window.page, "Order fuel")).not_to_have_class(re.compile("unread"), timeout=SOON_MS)
        await expect(bell(window.page)).to_have_accessible_name("Inbox: 1 unread", timeout=SOON_MS)
    await second.page.get_by_role("button", name="Archive “Order fuel”").click()
    for window in (first, second):
        await expect(entry(window.page, "Order fuel")).to_have_count(0, timeout=SOON_MS)
    await first.page.get_by_role("button", name="Archived").click()
    await expect(entry(first.page, "Order fuel")).to_be_visible(timeout=SOON_MS)
    await second.page.get_by_role("button", name="Mark all as read").click()
    for window in (first, second):
        await expect(bell(window.page)).to_have_accessible_name("Inbox", timeout=SOON_MS)


async def test_an_entry_leads_to_its_task_and_is_read_then(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await scene(server)
    await ada.create_task(project, "Order fuel", assignee_id=bob.id)
    window = await chromium.board_of(server.url, bob, project)
    await expect(bell(window.page)).to_have_accessible_name("Inbox: 2 unread", timeout=SOON_MS)
    await open_inbox(window)
    await entry(window.page, "Order fuel").get_by_role("link").click()
    await expect(window.page.get_by_role("complementary", name="Task: Order fuel")).to_be_visible(timeout=SOON_MS)
    await expect(bell(window.page)).to_have_accessible_name("Inbox: 1 unread", timeout=SOON_MS)


async def test_filters_and_snoozing(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await scene(server)
    other = await ada.create_project("Gemini")
    await ada.add_member(other, bob)
    await ada.create_task(project, "Order fuel", assignee_id=bob.id)
    window = await chromium.board_of(server.url, bob, project)
    page = window.page
    await open_inbox(window)
    await expect(page.locator(".inbox-entry")).to_have_count(3, timeout=SOON_MS)
    await page.get_by_role("button", name="Snooze “Order fuel”").click()
    await page.get_by_role("button", name="Tomorrow morning").click()
    await expect(page.locator(".inbox-entry")).to_have_count(2, timeout=SOON_MS)
    await page.get_by_role("button", name="Snoozed", exact=True).click()
    await expect(entry(page, "Order fuel")).to_contain_text("back", timeout=SOON_MS)
    await page.get_by_role("button", name="Show “Order fuel” again now").click()
    await expect(page.locator(".inbox-entry")).to_have_count(0, timeout=SOON_MS)
    await page.get_by_role("button", name="All", exact=True).click()
    await page.get_by_label("Project", exact=True).select_option("Gemini")
    await expect(page.locator(".inbox-entry")).to_have_count(1, timeout=SOON_MS)
    await page.get_by_label("Project", exact=True).select_option("All projects")
    await page.get_by_role("button", name="Mark “Gemini” as read").click()
    await page.get_by_role("button", name="Unread", exact=True).click()
    await expect(page.locator(".inbox-entry")).to_have_count(2, timeout=SOON_MS)


async def test_watching_and_levels(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await scene(server)
    task = await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, bob, project)
    page = window.page
    await window.card("Order fuel").click()
    watch = page.get_by_role("button", name="Watch this task")
    await expect(watch).to_have_attribute("aria-pressed", "false", timeout=SOON_MS)
    async with page.expect_response(lambda response: response.url.endswith("/watch") and response.status == 204):
        await watch.click()
    await expect(watch).to_have_attribute("aria-pressed", "true")
    await ada.change_task(project, task, status="done")
    await expect(bell(page)).to_have_accessible_name("Inbox: 2 unread", timeout=SOON_MS)

    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Members").click()
    level = page.get_by_label("Notify me of")
    await expect(level).to_have_value("participating", timeout=SOON_MS)
    async with page.expect_response(lambda response: response.url.endswith("/notifications") and response.ok):
        await level.select_option("Nothing")
    assert await bob.get(f"{project.path}/notifications") == {"level": "none"}


async def test_losing_a_project_empties_the_inbox(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await scene(server)
    window = await chromium.board_of(server.url, bob, project)
    await open_inbox(window)
    await expect(window.page.locator(".inbox-entry")).to_have_count(1, timeout=SOON_MS)
    await ada.remove_member(project, bob)
    await expect(window.page.get_by_text("Nothing here")).to_be_visible(timeout=SOON_MS)
    await expect(bell(window.page)).to_have_accessible_name("Inbox", timeout=SOON_MS)


async def test_by_keyboard_alone(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await scene(server)
    await ada.create_task(project, "Order fuel", assignee_id=bob.id)
    window = await chromium.board_of(server.url, bob, project)
    page = window.page
    await open_inbox(window)
    await expect(entry(page, "Order fuel")).to_be_visible(timeout=SOON_MS)
    await entry(page, "Order fuel").get_by_role("link").focus()
    for name in ("Mark “Order fuel” as read", "Snooze “Order fuel”", "Archive “Order fuel”"):
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name=name)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(entry(page, "Order fuel")).to_have_count(0, timeout=SOON_MS)


@pytest.mark.parametrize("options", [{}, DARK, SMALL], ids=["light", "dark", "phone"])
async def test_axe_finds_nothing_wrong(server: Server, chromium: Chromium, options: dict[str, Any]) -> None:
    ada, bob, project = await scene(server)
    task = await ada.create_task(project, "Order fuel, and a title that is much too long for one line " * 3)
    await ada.change_task(project, task, assignee_id=bob.id)
    await ada.change_task(project, task, due_on="2026-07-16")
    window = await chromium.board_of(server.url, bob, project, **options)
    page = window.page
    await open_inbox(window)
    await expect(page.locator(".inbox-entry")).to_have_count(2, timeout=SOON_MS)
    assert await window.violations() == []
    assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name=re.compile("^Snooze")).first.click()
    assert await window.violations() == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Snoozed", exact=True).click()
    await expect(page.get_by_text("Nothing here")).to_be_visible(timeout=SOON_MS)
    assert await window.violations() == []
