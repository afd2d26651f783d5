"""The keyboard's focus when what had it goes away: it stays near, so that the next Tab goes on from there."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.browsers import Chromium
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def press(button: Locator, key: str = "Enter") -> None:
    await expect(button).to_be_visible()
    await button.focus()
    await button.press(key)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


async def test_in_the_inbox(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    for title in ("Order fuel", "Pack a flag"):
        await ada.create_task(project, title, assignee_id=bob.id)
    window = await chromium.board_of(server.url, bob, project)
    page = window.page
    await page.goto(f"{server.url}/#/inbox")
    await expect(page.locator(".inbox-entry b")).to_have_text(["Pack a flag", "Order fuel", "Apollo"])
    await press(button(page, "Archive “Pack a flag”"))
    await expect(button(page, "Archive “Order fuel”")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(button(page, "Archive “Apollo”")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nothing here")).to_be_visible()
    await expect(page.get_by_role("main")).to_be_focused()


async def test_in_the_trash(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    for title in ("Order fuel", "Pack a flag"):
        task = await ada.create_task(project, title)
        await ada.delete(f"{project.path}/tasks/{task['id']}")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await page.goto(f"{server.url}/#/projects/{project.id}/trash")
    await press(button(page, "Restore Pack a flag"))
    await expect(button(page, "Restore Order fuel")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The trash is empty")).to_be_visible()
    await expect(page.get_by_role("region", name="Trash")).to_be_focused()


async def test_in_the_dialog_of_labels(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    await ada.create_task(project, "Order fuel", labels=["fuel", "urgent"])
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await button(page, "Labels of this project").click()
    await press(button(page, "Change urgent"))
    await page.keyboard.press("Escape")
    await expect(button(page, "Change urgent")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("late")
    await page.keyboard.press("Enter")
    await expect(button(page, "Change late")).to_be_focused()
    await press(button(page, "Delete fuel"))
    await press(button(page, "Delete label"))
    await expect(button(page, "Delete late")).to_be_focused()

    await button(page, "Close").click()
    await window.card("Order fuel").click()
    await press(button(page, "Remove label late"))
    await expect(page.locator(".labels-field")).to_be_focused()


async def test_in_comments(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    task = await ada.create_task(project, "Order fuel")
    await ada.post(f"{project.path}/tasks/{task['id']}/comments", {"body": "How much?"})
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await window.card("Order fuel").click()
    await press(button(page, "Reply to Ada"))
    await expect(page.get_by_role("textbox", name="Reply to Ada")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(button(page, "Reply to Ada")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Reply to Ada")).to_be_focused()
    await page.keyboard.type("All of it.")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".replies .comment")).to_contain_text("All of it.")
    await expect(button(page, "Reply to Ada")).to_be_focused()

    first = page.locator(".thread > .comment")
    await press(first.get_by_role("button", name="Edit your comment"))
    field = page.get_by_role("textbox", name="Edit your comment")
    await expect(field).to_be_focused()
    await field.fill("How much? 40 t?")
    await page.keyboard.press("Control+Enter")
    await expect(first).to_contain_text("How much? 40 t?")
    await expect(first.get_by_role("button", name="Edit your comment")).to_be_focused()

    react = first.get_by_role("button", name="React")
    await press(react)
    await press(page.get_by_role("button", name="Rocket"))
    await expect(first.locator(".reaction")).to_have_count(1)
    await expect(react).to_be_focused()
    await press(first.locator(".reaction"))
    await expect(first.locator(".reaction")).to_have_count(0)
    await expect(react).to_be_focused()

    await press(button(page, "Resolve the thread of Ada"))
    await expect(button(page, "Reopen the thread of Ada")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(button(page, "Resolve the thread of Ada")).to_be_focused()
