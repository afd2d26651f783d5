"""Rights of members on the board."""

import asyncio
import json
import re

import pytest
from playwright.async_api import Route, expect

from tests.support.api import PASSWORD, Person, Project
from tests.support.browsers import Chromium
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_viewer_sees_everything_and_changes_nothing(server: Server, chromium: Chromium) -> None:
    ada, vera = await server.api.register("ada"), await server.api.register("vera")
    project = await ada.create_project()
    await ada.add_member(project, vera, "viewer")
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, vera, project)
    await expect(window.page.get_by_text("You are a viewer here")).to_be_visible()
    await expect(window.page.get_by_label("New task in To do")).to_have_count(0)

    await window.lift("Order fuel")
    await expect(window.page.locator(".slot.held")).to_have_count(0)
    await window.page.mouse.up()
    await window.card("Order fuel").focus()
    await window.page.keyboard.press("Space")
    await expect(window.page.locator(".slot.held")).to_have_count(0)
    await window.page.keyboard.press("Enter")
    await expect(window.page.locator(".task-panel").get_by_text("No description.")).to_be_visible()
    await expect(window.page.get_by_role("textbox", name="Description")).to_have_count(0)
    await expect(window.page.get_by_label("Delete task")).to_have_count(0)
    await expect(window.page.locator(".task-panel").get_by_label("Status")).to_be_disabled()

    await ada.patch(f"{project.path}/members/{vera.id}", {"role": "editor"})
    await expect(window.page.get_by_text("You are a viewer here")).to_have_count(0)
    await expect(window.page.locator(".task-panel").get_by_label("Status")).to_be_enabled()


async def test_a_refused_change_is_undone_with_the_reason(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, bob, project)
    await window.page.context.set_offline(True)
    await expect(window.connection).to_have_text(re.compile("Offline"))
    await window.drag("Order fuel", "Done")
    await window.expect_titles("Done", ["Order fuel"])
    await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})

    await window.page.context.set_offline(False)
    await expect(window.notice).to_contain_text("The card was moved back.")
    await window.expect_titles("To do", ["Order fuel"])
    await window.expect_titles("Done", [])


async def test_a_member_removed_while_looking_sees_no_more(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, bob, project)
    await ada.remove_member(project, bob)
    await expect(window.page.get_by_role("alert")).to_contain_text("You no longer have access to “Apollo”")
    await expect(window.card("Order fuel")).to_have_count(0)
    await window.page.get_by_role("link", name="Go to your projects").click()
    await expect(window.page.get_by_text("No project yet")).to_be_visible()


async def test_a_missing_or_deleted_project_says_so(server: Server, chromium: Chromium) -> None:
    ada, eve = await server.api.register("ada"), await server.api.register("eve")
    project = await ada.create_project("Secret")
    window = await chromium.window(server.url)
    await window.sign_in(eve)
    await window.page.goto(f"{server.url}/#/projects/{project.id}")
    await expect(window.page.get_by_role("alert")).to_contain_text("Project not found")
    assert "Secret" not in await window.page.content()

    hers = await chromium.board_of(server.url, ada, project)
    await ada.delete(project.path)
    await expect(hers.page.get_by_role("alert")).to_contain_text("“Secret” was deleted")


async def test_the_owner_invites_changes_roles_and_hands_over(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project()
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await page.get_by_role("button", name="Members").click()
    await page.get_by_label("Invite by e-mail address").fill("nobody@example.test")
    await page.get_by_role("button", name="Invite", exact=True).click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Nobody has an account")
    await page.get_by_label("Invite by e-mail address").fill(bob.email)
    await page.get_by_role("button", name="Invite", exact=True).click()
    await expect(page.get_by_label("Role of Bob")).to_have_value("editor")
    await page.get_by_label("Role of Bob").select_option("viewer")
    await expect(page.get_by_label("Role of Bob")).to_have_value("viewer")
    await page.get_by_label("Role of Bob").select_option("owner")
    await page.get_by_role("button", name="Hand over").click()
    await expect(page.get_by_label("Role of Bob")).to_have_count(0)
    assert await roles_in(ada, project) == {"Ada": "editor", "Bob": "owner"}


async def roles_in(person: Person, project: Project) -> dict[str, str]:
    return {member["name"]: member["role"] for member in (await person.snapshot(project))["members"]}


async def test_of_two_roles_the_last_one_counts_however_slow_the_first(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    window = await chromium.board_of(server.url, ada, project)
    may_go = asyncio.Event()
    sent: list[str] = []

    async def slow(route: Route) -> None:
        if route.request.method == "PATCH":
            sent.append(json.loads(route.request.post_data or "")["role"])
            await may_go.wait()
        await route.continue_()

    await window.page.route("**/members/*", slow)
    await window.page.get_by_role("button", name="Members").click()
    role = window.page.get_by_label("Role of Bob")
    await role.select_option("viewer")
    await expect(role).to_have_value("viewer")
    await role.select_option("editor")
    await expect(role).to_have_value("editor")
    async with window.page.expect_response(lambda answer: answer.request.post_data_json == {"role": "editor"}):
        may_go.set()
    assert sent == ["viewer", "editor"]
    assert (await roles_in(ada, project))["Bob"] == "editor"
    await expect(role).to_have_value("editor")


async def test_a_role_that_is_not_stored_is_not_shown(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    window = await chromium.board_of(server.url, ada, project)
    await window.page.route("**/members/*", lambda route: route.abort())
    await window.page.get_by_role("button", name="Members").click()
    role = window.page.get_by_label("Role of Bob")
    await role.select_option("viewer")
    await expect(window.notice).to_contain_text("can't be reached")
    await expect(role).to_have_value("editor")
    await role.select_option("owner")
    await window.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await expect(role).to_have_value("editor")


async def test_an_archived_project_is_read_only_until_it_is_restored(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    await ada.create_project("Gemini")
    window = await chromium.board_of(server.url, ada, project)
    await ada.patch(project.path, {"status": "archived"})
    await expect(window.page.get_by_text("This project is archived")).to_be_visible()
    await expect(window.page.get_by_label("New task in To do")).to_have_count(0)

    page = window.page
    await page.goto(f"{server.url}/#/")
    await expect(page.locator(".project-card")).to_have_text([re.compile("Gemini")])
    await page.get_by_role("button", name="Archived").click()
    await expect(page.locator(".project-card")).to_have_text([re.compile("Apollo")])
    await page.get_by_role("button", name="Restore Apollo").click()
    await page.get_by_role("button", name="Active", exact=True).click()
    await expect(page.locator(".project-card")).to_have_count(2)
    await page.get_by_label("Search projects").fill("apo")
    await expect(page.locator(".project-card")).to_have_text([re.compile("Apollo")])


async def test_a_newcomer_registers_and_starts_a_project(server: Server, chromium: Chromium) -> None:
    window = await chromium.window(server.url)
    page = window.page
    await page.goto(f"{server.url}/#/register")
    await page.get_by_label("Name").fill("Nora")
    await page.get_by_label("E-mail address").fill("nora@example.test")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_role("button", name="Create a project").click()
    await page.get_by_label("Name").fill("Voyager")
    await page.get_by_role("button", name="Create project").click()
    await expect(page.get_by_role("heading", name="Voyager")).to_be_visible()
    await window.is_live()
    await expect(page.get_by_text("Add the first task below")).to_be_visible()

    await page.goto(f"{server.url}/#/sign-in")
    await expect(page.get_by_role("heading", name="Projects")).to_be_visible()  # signed in already


async def test_a_wrong_password_is_refused_and_no_link_fills_the_form(server: Server, chromium: Chromium) -> None:
    """Otherwise a link could sign people in to its author's account."""
    ada = await server.api.register("ada")
    window = await chromium.window(server.url)
    page = window.page
    await page.goto(f"{server.url}/#/sign-in?email=eve@example.test&password=her-own-password")
    await expect(page.get_by_label("Password")).to_have_value("")
    await expect(page.get_by_label("E-mail")).to_have_value("")
    await page.get_by_label("E-mail").fill(ada.email)
    await page.get_by_label("Password").fill("wrong password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    assert "password" not in page.url
