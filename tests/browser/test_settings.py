"""The settings of a project."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Route, expect

from tests.support.api import Person, Project
from tests.support.browsers import PHONE, Chromium, Window
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def team(server: Server) -> tuple[Person, Person, Project]:
    """Ada's project with Bob as an editor."""
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Kahn")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    return ada, bob, project


async def settings_of(
    server: Server, chromium: Chromium, person: Person, project: Project, **options: object
) -> Window:
    window = await chromium.board_of(server.url, person, project, **options)
    await window.page.evaluate("location.hash += '/settings'")
    await expect(window.page.get_by_role("heading", name="Settings")).to_be_visible()
    return window


def part(window: Window, title: str) -> Locator:
    return window.page.locator(".settings .sheet").filter(
        has=window.page.get_by_role("heading", name=title, exact=True)
    )


async def test_two_people_rename_at_once_and_nothing_is_lost(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    window = await chromium.board_of(server.url, ada, project)
    await window.page.get_by_role("link", name="Settings").click()
    await expect(window.page).to_have_title("Settings · Apollo")
    about = part(window, "About this project")
    await about.get_by_label("Name").fill("Gemini")
    await about.get_by_label("Key").fill("gem")
    await expect(about.get_by_text("GEM-12")).to_be_visible()
    # Another field is changed by him meanwhile, then the same.
    await bob.patch(project.path, {"description": "Two by two"})
    await expect(about.get_by_label("Description")).to_have_value("Two by two")
    await bob.patch(project.path, {"name": "Mercury"})
    conflict = about.locator(".conflict")
    await expect(conflict).to_contain_text("Mercury")
    await expect(conflict).to_contain_text("Gemini")
    assert await window.violations() == []

    # What is not in question is saved by itself; what is typed outlives the page.
    await about.get_by_role("button", name="Save", exact=True).click()
    await expect(window.undo).to_contain_text("Changed the key of tasks")
    await window.page.reload()
    await expect(conflict).to_contain_text("Gemini")
    await conflict.get_by_role("button", name="Keep mine").click()
    await window.undo.hover()  # so that it stays
    await expect(window.page.locator(".bar-title")).to_have_text("Gemini")
    await expect(conflict).to_have_count(0)
    await window.undo.get_by_role("button", name="Undo").click()
    await expect(window.page.locator(".bar-title")).to_have_text("Mercury")
    events = await ada.all_events(project)
    names = [event["data"]["project"]["name"] for event in events if event["type"] == "project.updated"]
    assert names == ["Apollo", "Mercury", "Mercury", "Gemini", "Mercury"]
    found = await ada.get(project.path)
    assert (found["key"], found["description"]) == ("GEM", "Two by two")


async def test_a_change_is_undone_by_its_key_unless_somebody_was_there_since(
    server: Server, chromium: Chromium
) -> None:
    ada, bob, project = await team(server)
    window = await settings_of(server, chromium, ada, project)
    about = part(window, "About this project")
    await about.get_by_label("Name").fill("Gemini")
    await about.get_by_role("button", name="Save", exact=True).click()
    await expect(window.undo).to_contain_text("The project is called “Gemini” now.")
    await window.page.get_by_role("button", name="Archive this project").click()
    await expect(window.page.get_by_text("This project is archived")).to_be_visible()
    await expect(about.get_by_label("Name")).to_have_js_property("readOnly", True)
    await window.page.get_by_role("button", name="Restore this project").focus()
    await window.page.keyboard.press("Control+z")
    await expect(window.page.get_by_text("This project is archived")).to_have_count(0)
    await window.page.keyboard.press("Control+z")
    await expect(window.notice.last).to_contain_text("Somebody has changed the project since")
    assert (await bob.get(project.path))["name"] == "Gemini"


async def test_the_key_undoes_what_is_shown_before_its_answer_has_come(server: Server, chromium: Chromium) -> None:
    ada, _, project = await team(server)
    window = await settings_of(server, chromium, ada, project)
    held: asyncio.Queue[Route] = asyncio.Queue()
    await window.page.route(f"**{project.path}", lambda route: held.put_nowait(route), times=1)
    await window.page.get_by_role("button", name="Archive this project").click()
    async with asyncio.timeout(20):
        request = await held.get()
        answer = await request.fetch()
    await expect(window.page.get_by_text("This project is archived")).to_be_visible()
    await window.page.get_by_role("button", name="Restore this project").focus()
    await window.page.keyboard.press("Control+z")
    await request.fulfill(response=answer)
    await expect(window.page.get_by_text("This project is archived")).to_have_count(0)


async def test_what_is_typed_while_the_server_stores_is_kept_and_is_no_conflict(
    server: Server, chromium: Chromium
) -> None:
    ada, _, project = await team(server)
    window = await settings_of(server, chromium, ada, project)
    held: asyncio.Queue[Route] = asyncio.Queue()

    async def hold(route: Route) -> None:
        """The answer, which comes after the event."""
        if route.request.method != "PATCH":
            return await route.continue_()
        return held.put_nowait(route)

    await window.page.route(f"**{project.path}", hold)
    about = part(window, "About this project")
    save = about.get_by_role("button", name="Save", exact=True)
    name, title = about.get_by_label("Name"), window.page.locator(".bar-title")
    await name.fill("Gemini")
    await save.click()
    async with asyncio.timeout(20):
        request = await held.get()
    await name.fill("Gemini 7")
    answer = await request.fetch()
    await expect(title).to_have_text("Gemini")
    await expect(about.locator(".conflict")).to_have_count(0)
    await name.fill("Gemini 8")
    await request.fulfill(response=answer)
    await expect(save).to_be_enabled()
    await expect(about.locator(".conflict")).to_have_count(0)
    await expect(name).to_have_value("Gemini 8")
    # Also what it was before is kept, for that is another text again.
    await save.click()
    async with asyncio.timeout(20):
        request = await held.get()
    await name.fill("Gemini")
    answer = await request.fetch()
    await expect(title).to_have_text("Gemini 8")
    await expect(name).to_have_value("Gemini")
    await request.fulfill(response=answer)
    await window.page.unroute(f"**{project.path}")
    await save.click()
    await expect(title).to_have_text("Gemini")


async def test_handing_over_and_leaving(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    window = await settings_of(server, chromium, ada, project)
    his = await settings_of(server, chromium, bob, project)
    await expect(part(his, "Delete")).to_have_count(0)
    await expect(part(his, "Import")).to_have_count(1)
    await part(window, "Hand over or leave").get_by_label("New owner").select_option("Bob Kahn")
    await window.page.get_by_role("button", name="Hand over").click()
    dialog = window.page.get_by_role("dialog", name="Hand the project over to Bob Kahn?")
    await expect(dialog).to_contain_text("You stay as an editor")
    await dialog.get_by_role("button", name="Hand over").click()
    await expect(window.notice).to_contain_text("Bob Kahn owns this project now. You are an editor.")
    await expect(part(window, "Delete")).to_have_count(0)
    await expect(part(his, "Delete")).to_have_count(1)
    assert (await ada.get(project.path))["owner_id"] == bob.id

    await window.page.get_by_role("button", name="Leave this project").click()
    await window.page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    await expect(window.page.get_by_role("heading", name="Projects")).to_be_visible()
    await expect(window.notice.last).to_contain_text("You have left “Apollo”.")
    # He is alone now: there is nobody to hand it over to.
    await expect(part(his, "Hand over or leave")).to_contain_text("You are its only member.")


async def test_a_role_lost_while_writing_keeps_the_text(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    window = await settings_of(server, chromium, bob, project)
    about = part(window, "About this project")
    await about.get_by_label("Description").fill("Three of them")
    await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})
    await expect(about.locator(".conflict")).to_contain_text("You can't change the description any more.")
    await expect(about.locator(".conflict")).to_contain_text("Three of them")
    await expect(part(window, "Import")).to_have_count(0)
    assert await window.violations() == []
    await ada.remove_member(project, bob)
    await expect(window.page.get_by_role("alert")).to_contain_text("You no longer have access")
    await expect(window.page.locator(".drafts")).to_contain_text("Three of them")


async def test_a_project_is_deleted_with_its_name_typed(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    window = await settings_of(server, chromium, ada, project)
    await window.page.get_by_role("button", name="Delete this project").click()
    dialog = window.page.get_by_role("dialog", name="Delete “Apollo”?")
    field = dialog.get_by_label("type its name")
    await expect(field).to_be_focused()
    await field.fill("Apolo")
    await expect(dialog.get_by_role("button", name="Delete for good")).to_be_disabled()
    await field.fill("Apollo")
    await expect(dialog.get_by_role("button", name="Delete for good")).to_be_enabled()
    assert await window.violations() == []
    # Renamed meanwhile: what is typed is not its name any more.
    await bob.patch(project.path, {"name": "Apollo 2"})
    dialog = window.page.get_by_role("dialog", name="Delete “Apollo 2”?")
    await expect(dialog.get_by_role("button", name="Delete for good")).to_be_disabled()
    await dialog.get_by_label("type its name").fill("Apollo 2")
    await dialog.get_by_role("button", name="Delete for good").click()
    await expect(window.page.get_by_role("heading", name="Projects")).to_be_visible()
    await ada.get(project.path, expect=404)


async def test_exports_are_kept_as_files(server: Server, chromium: Chromium) -> None:
    ada, _, project = await team(server)
    await ada.create_task(project, "=1+1")
    window = await settings_of(server, chromium, ada, project)
    for button, name, content in (
        ("Tasks as CSV", "Apollo.csv", "'=1+1"),
        ("Everything as JSON", "Apollo.json", '"title":"=1+1"'),
    ):
        async with window.page.expect_download() as waiting:
            await window.page.get_by_role("button", name=button).click()
        download = await waiting.value
        assert download.suggested_filename == name
        assert content in Path(await download.path()).read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_a_phone(server: Server, chromium: Chromium, scheme: str) -> None:
    ada, _, project = await team(server)
    window = await chromium.board_of(server.url, ada, project, color_scheme=scheme, viewport=PHONE)
    await window.page.get_by_role("button", name="Members").click()
    await window.page.get_by_role("link", name="All settings of this project").click()
    await expect(window.page.get_by_role("heading", name="Settings")).to_be_visible()
    assert await window.violations() == []
    width = await window.page.evaluate("document.querySelector('.settings').scrollWidth")
    assert width <= PHONE["width"]


async def test_a_key_copies_the_link_of_a_task(server: Server, chromium: Chromium) -> None:
    ada, _, project = await team(server)
    task = await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project, permissions=["clipboard-read", "clipboard-write"])
    await window.card("Order fuel").focus()
    await window.page.keyboard.press("y")
    await expect(window.notice).to_contain_text("The link is copied.")
    link = f"{server.url}/#/projects/{project.id}/tasks/{task['id']}"
    assert await window.page.evaluate("navigator.clipboard.readText()") == link
    await window.page.goto(link)
    await expect(window.page).to_have_title(re.compile(r"^APOLLO-1 Order fuel · Apollo"))
