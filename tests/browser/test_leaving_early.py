"""Somebody who leaves before a slow answer comes is left where they are."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.support.api import Person, Project
from tests.support.browsers import Chromium, Window, signed_in_state
from tests.support.held_answers import HeldAnswer, hold_first_answer
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def projects_of(server: Server, chromium: Chromium, person: Person) -> Window:
    """A window on the person's projects, of which there are none yet."""
    context = await chromium.context(storage_state=signed_in_state(server.url, person))
    window = await chromium.window(server.url, context)
    await window.page.goto(server.url)
    await expect(window.page.get_by_text("No project yet")).to_be_visible()
    return window


async def create_slowly(page: Page, name: str) -> HeldAnswer:
    """Press *Create project*. The server has made it, and the page does not know."""
    held = await hold_first_answer(page, "**/api/v1/projects", "POST")
    await page.get_by_role("button", name="New project").click()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.keyboard.press("Enter")
    await held.given()
    return held


async def close_dialog(page: Page) -> None:
    """Close one in which something is written."""
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Keep as draft").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_new_project_whose_dialog_is_closed_is_listed_and_not_opened(
    server: Server, chromium: Chromium
) -> None:
    window = await projects_of(server, chromium, await server.api.register("ada", "Lovelace"))
    held = await create_slowly(window.page, "Apollo")
    await close_dialog(window.page)
    await held.arrive()
    await expect(window.page.locator(".project-card b")).to_have_text(["Apollo"])
    await expect(window.page).to_have_title("Projects · Roomful")
    # What was written is made: it is a draft no more.
    await window.page.get_by_role("button", name="New project").click()
    await expect(window.page.get_by_label("Name", exact=True)).to_have_value("")


async def test_what_is_written_before_an_answer_comes_is_not_lost_to_it(server: Server, chromium: Chromium) -> None:
    window = await projects_of(server, chromium, await server.api.register("ada", "Lovelace"))
    page = window.page
    held = await create_slowly(page, "Apollo")
    await close_dialog(page)
    await page.get_by_role("button", name="New project").click()
    name = page.get_by_label("Name", exact=True)
    await expect(name).to_have_value("Apollo")
    await name.fill("Gemini")
    await held.arrive()
    await expect(page.locator(".project-card b")).to_have_text(["Apollo"])
    await expect(name).to_have_value("Gemini")


async def test_a_new_project_is_made_once_though_its_dialog_was_left(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    window = await projects_of(server, chromium, ada)
    page = window.page
    held = await create_slowly(page, "Apollo")
    await close_dialog(page)
    await page.get_by_role("button", name="New project").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Apollo")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Apollo · Roomful")
    await held.arrive()
    assert len(await ada.get("/projects")) == 1
    # In the same words another one is made, once that is done.
    await page.evaluate("location.hash = '#/'")
    await page.get_by_role("button", name="New project").click()
    await page.get_by_label("Name", exact=True).fill("Apollo")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Apollo · Roomful")
    assert len(await ada.get("/projects")) == 2


async def test_a_new_project_pulls_nobody_away_from_another_page(server: Server, chromium: Chromium) -> None:
    window = await projects_of(server, chromium, await server.api.register("ada", "Lovelace"))
    held = await create_slowly(window.page, "Apollo")
    await window.page.evaluate("location.hash = '#/account'")
    await expect(window.page).to_have_title("Account · Roomful")
    await held.arrive()
    await expect(window.page).to_have_title("Account · Roomful")
    await window.page.evaluate("location.hash = '#/'")
    await expect(window.page.locator(".project-card b")).to_have_text(["Apollo"])


async def test_a_deleted_project_pulls_nobody_away_from_another_page(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    held = await hold_first_answer(page, f"**{project.path}", "DELETE")
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_role("button", name="Delete this project").click()
    await page.get_by_role("dialog").get_by_role("textbox").fill("Apollo")
    await page.keyboard.press("Enter")
    await held.given()
    await page.evaluate("location.hash = '#/account'")
    await expect(page).to_have_title("Account · Roomful")
    await held.arrive()
    await expect(window.notice).to_contain_text("Apollo")
    await expect(page).to_have_title("Account · Roomful")


async def test_joining_pulls_nobody_away_from_another_page(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Kahn")
    project = await ada.create_project("Apollo")
    link = str((await ada.post(f"{project.path}/invitations", {"role": "editor"}))["url"])
    window = await projects_of(server, chromium, bob)
    page = window.page
    held = await hold_first_answer(page, re.compile("/accept$"), "POST")
    await page.goto(server.url + link)
    await page.get_by_role("button", name="Join the project").click()
    await held.given()
    await page.evaluate("location.hash = '#/account'")
    await expect(page).to_have_title("Account · Roomful")
    await held.arrive()
    await expect(page).to_have_title("Account · Roomful")
    await page.evaluate("location.hash = '#/'")
    await expect(page.locator(".project-card b")).to_have_text(["Apollo"])


async def documents_of(server: Server, chromium: Chromium) -> tuple[Window, Project]:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    await ada.post(f"{project.path}/documents", {"title": "Minutes"})
    window = await chromium.board_of(server.url, ada, project)
    await window.page.get_by_role("link", name="Documents").click()
    return window, project


async def test_a_new_document_whose_dialog_is_closed_is_listed_and_not_opened(
    server: Server, chromium: Chromium
) -> None:
    window, project = await documents_of(server, chromium)
    page = window.page
    held = await hold_first_answer(page, f"**{project.path}/documents", "POST")
    await page.get_by_role("button", name="New document").click()
    await page.get_by_label("Title").fill("Flight plan")
    await page.keyboard.press("Enter")
    await held.given()
    await close_dialog(page)
    # Another dialog in its place stays, too.
    await page.get_by_role("button", name="Rename Minutes").click()
    await expect(page.get_by_label("Title")).to_have_value("Minutes")
    await held.arrive()
    await expect(page.get_by_label("Title")).to_have_value("Minutes")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="Flight plan")).to_be_visible()
    assert page.url.endswith(f"#/projects/{project.id}/documents")


async def test_a_slow_answer_closes_no_other_dialog_of_a_column(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    held = await hold_first_answer(page, f"**{project.path}/columns/*", "PATCH")
    await page.get_by_role("button", name="Options of To do").click()
    await page.get_by_role("button", name="Name, colour and limit").click()
    await page.get_by_label("Name", exact=True).fill("Next")
    await page.keyboard.press("Enter")
    await expect(page.locator(".column h2", has_text="Next")).to_be_visible()
    await page.keyboard.press("Escape")  # nothing in it is unsaved any more
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="Options of Next").click()
    await page.get_by_role("button", name="Delete column").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Next")
    await held.arrive()
    await expect(page.get_by_role("dialog")).to_contain_text("Next")


async def test_a_new_column_is_made_once_though_its_dialog_was_left(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    held = await hold_first_answer(page, f"**{project.path}/columns", "POST")
    add, name = page.get_by_role("button", name="Add column").first, page.get_by_label("Name", exact=True)
    await add.click()
    await name.fill("Review")
    await page.keyboard.press("Enter")
    await held.given()
    await close_dialog(page)
    await add.click()
    await expect(name).to_have_value("Review")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await held.arrive()
    columns = [column["name"] for column in (await ada.snapshot(project))["columns"]]
    assert columns.count("Review") == 1
