"""The trash of tasks on the board."""

import re

import pytest
from playwright.async_api import Response, Route, expect

from tests.support.api import Person, Project
from tests.support.browsers import PHONE, Chromium, Window
from tests.support.held_answers import hold_first_answer
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def with_trash(person: Person, *titles: str) -> Project:
    project = await person.create_project("Apollo")
    for title in titles:
        await person.delete(f"{project.path}/tasks/{(await person.create_task(project, title))['id']}")
    return project


async def open_trash(window: Window, project: Project) -> None:
    await window.page.goto(f"{window.url}/#/projects/{project.id}/trash")
    await window.is_live()
    await expect(window.page.get_by_role("heading", name="Trash")).to_be_visible()


async def test_a_task_is_restored_and_another_ended(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await with_trash(ada, "Order fuel", "Pack a flag")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await page.get_by_role("link", name="Trash").click()
    rows = page.locator(".place li")
    await expect(rows.locator("b")).to_have_text(["Pack a flag", "Order fuel"])
    await expect(rows.first).to_contain_text("To do · deleted just now")
    assert await window.violations() == []

    await page.get_by_role("button", name="Restore Order fuel").click()
    await expect(rows.locator("b")).to_have_text(["Pack a flag"])
    await page.get_by_role("button", name=re.compile("Delete for good Pack a flag")).click()
    await expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    await page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    await expect(page.get_by_text("The trash is empty")).to_be_visible()
    await page.get_by_role("link", name="Board", exact=True).click()
    await window.expect_titles("To do", ["Order fuel"])
    assert await ada.get(f"{project.path}/tasks?deleted=true") == []


async def test_a_task_is_restored_once_however_often_one_presses(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await with_trash(ada, "Order fuel", "Pack a flag")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await open_trash(window, project)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/restore") else None)
    await page.get_by_role("button", name="Restore Order fuel").dblclick()
    await expect(page.locator(".place li b")).to_have_text(["Pack a flag"])
    await expect(page.get_by_text("is back in")).to_be_visible()
    assert len(asked) == 1


async def test_the_trash_is_live_and_as_one_may_use_it(server: Server, chromium: Chromium) -> None:
    ada, bob, vic = [await server.api.register(name) for name in ("ada", "bob", "vic")]
    project = await with_trash(ada, "Order fuel")
    await ada.add_member(project, bob)
    await ada.add_member(project, vic, "viewer")
    task = await ada.create_task(project, "Pack a flag")
    his, theirs = [await chromium.board_of(server.url, person, project) for person in (bob, vic)]
    for window in (his, theirs):
        await open_trash(window, project)
        await expect(window.page.locator(".place li")).to_have_count(1)
    await ada.delete(f"{project.path}/tasks/{task['id']}")
    for window in (his, theirs):
        await expect(window.page.locator(".place li b")).to_have_text(["Pack a flag", "Order fuel"])
    await expect(his.page.get_by_role("button", name=re.compile("^Delete"))).to_have_count(0)
    await expect(theirs.page.locator(".place li button")).to_have_count(0)
    await his.page.get_by_role("button", name="Restore Pack a flag").click()
    await expect(theirs.page.locator(".place li b")).to_have_text(["Order fuel"])


async def test_the_trash_on_a_phone(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await with_trash(ada, "Order fuel")
    window = await chromium.board_of(server.url, ada, project, viewport=PHONE, color_scheme="dark")
    await window.page.get_by_role("button", name="Ada Lovelace: menu").click()
    await window.page.get_by_role("button", name="Activity").click()
    await window.page.get_by_role("link", name="Trash").click()
    await expect(window.page.locator(".place li")).to_have_count(1)
    assert await window.violations() == []
    await window.page.get_by_role("button", name="Restore Order fuel").click()
    await expect(window.page.get_by_text("The trash is empty")).to_be_visible()


async def test_a_finger_finds_it_on_a_small_screen(server: Server, chromium: Chromium) -> None:
    """In the person's menu, with what else the bar has no room for."""
    ada = await server.api.register("ada", "Lovelace")
    project = await with_trash(ada, "Order fuel")
    window = await chromium.board_of(server.url, ada, project, viewport=PHONE, has_touch=True, is_mobile=True)
    page = window.page
    places = page.get_by_role("group", name="Apollo")
    await page.get_by_role("button", name="Ada Lovelace: menu").tap()
    await expect(places.get_by_role("button")).to_have_text(["Activity", "Trash", "Labels", "Settings"])
    assert await window.violations() == []
    await places.get_by_role("button", name="Labels").tap()
    await page.get_by_role("dialog", name="Labels").get_by_role("button", name="Close").tap()
    await page.get_by_role("button", name="Ada Lovelace: menu").tap()
    await places.get_by_role("button", name="Settings").tap()
    await expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    await page.get_by_role("button", name="Ada Lovelace: menu").tap()
    await expect(places.get_by_role("button")).to_have_text(["Activity", "Documents", "Trash", "Labels", "Settings"])
    await places.get_by_role("button", name="Trash").tap()
    await expect(places).to_have_count(0)
    await page.get_by_role("button", name="Restore Order fuel").tap()
    await expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()


async def test_an_older_page_brings_nothing_back_into_the_trash(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await with_trash(ada, "Order fuel", "Pack a flag", "Paint it", "Count down")
    [oldest] = [task for task in await ada.get(f"{project.path}/tasks?deleted=true") if task["title"] == "Order fuel"]
    window = await chromium.board_of(server.url, ada, project)
    page, titles = window.page, window.page.locator(".place li b")

    async def in_small_pages(route: Route) -> None:
        await route.fallback(url=route.request.url.replace("limit=100", "limit=2"))

    held = await hold_first_answer(page, re.compile(r"deleted=true.*cursor="))
    await page.route("**/tasks?deleted=true*", in_small_pages)
    await page.get_by_role("link", name="Trash").click()
    await expect(titles).to_have_text(["Count down", "Paint it"])
    await page.get_by_role("button", name="Show earlier").click()
    await held.given()

    def is_again(answer: Response) -> bool:
        return "deleted=true" in answer.url and "cursor" not in answer.url

    async with page.expect_response(is_again) as again:
        await ada.post(f"{project.path}/tasks/{oldest['id']}/restore", expect=200)
    await (await again.value).finished()
    await held.arrive()
    await expect(titles).to_have_text(["Count down", "Paint it"])
    await page.get_by_role("button", name="Show earlier").click()
    await expect(titles).to_have_text(["Count down", "Paint it", "Pack a flag"])
