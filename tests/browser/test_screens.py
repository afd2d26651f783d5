"""Where the focus goes, what the window is called, what covers what, and what a list knows."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from tests.support.api import PASSWORD, Person, Project
from tests.support.browsers import PHONE, STAND_STILL, Chromium, is_stored
from tests.support.held_answers import hold_first_answer
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIZES: list[dict[str, Any]] = [{}, {"viewport": PHONE}]


async def test_a_dialog_begins_where_one_writes(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    window = await chromium.window(server.url)
    await window.sign_in(ada)
    opener = window.page.get_by_role("button", name="New project")
    await opener.click()
    await expect(window.page.get_by_label("Name", exact=True)).to_be_focused()
    await window.page.keyboard.press("Escape")
    await expect(opener).to_be_focused()


async def test_after_a_task_is_gone_the_focus_is_on_the_next_card(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    one, two, three = [await ada.create_task(project, title) for title in ("One", "Two", "Three")]
    window = await chromium.board_of(server.url, ada, project)
    await window.card("Two").click()
    await expect(window.page.get_by_label("Title")).to_have_value("Two")
    await bob.delete(f"{project.path}/tasks/{two['id']}")  # somebody else does
    await expect(window.notice).to_contain_text("This task was deleted. It is in the trash.")
    await expect(window.card("Three")).to_be_focused()
    await window.page.keyboard.press("Enter")
    await expect(window.page.get_by_label("Title")).to_have_value("Three")
    await bob.delete(f"{project.path}/tasks/{three['id']}")
    await expect(window.card("One")).to_be_focused()
    await window.page.keyboard.press("Enter")
    await expect(window.page.get_by_label("Title")).to_have_value("One")
    await bob.delete(f"{project.path}/tasks/{one['id']}")
    await expect(window.page.get_by_label("New task in To do")).to_be_focused()


async def test_back_does_not_open_a_closed_task_again(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    await ada.create_task(project, "Order fuel")
    window = await chromium.window(server.url)
    await window.sign_in(ada)
    await window.page.locator(".project-card").get_by_role("link").click()
    await window.is_live()
    await window.card("Order fuel").click()
    await expect(window.page).to_have_title(re.compile("Order fuel · Apollo"))
    await window.page.get_by_label("Close task").click()
    await expect(window.page).to_have_title("Apollo · Roomful")
    await expect(window.card("Order fuel")).to_be_focused()
    await window.page.go_back()
    await expect(window.page.get_by_label("Title")).to_have_count(0)
    await expect(window.page).to_have_url(re.compile(f"#/projects/{project.id}$"))
    await window.page.go_back()
    await expect(window.page).to_have_title("Projects · Roomful")


async def test_a_link_to_a_task_that_was_deleted_says_so(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    task = await ada.create_task(project, "Order fuel")
    await ada.delete(f"{project.path}/tasks/{task['id']}")
    window = await chromium.board_of(server.url, ada, project)
    await window.page.goto(f"{server.url}/#/projects/{project.id}/tasks/{task['id']}")
    await expect(window.notice).to_contain_text("There is no such task here; it may be in the trash.")


async def test_a_new_person_comes_to_where_the_link_leads(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    window = await chromium.window(server.url)
    page = window.page
    await page.goto(f"{server.url}/#/projects/{project.id}")
    await page.get_by_role("link", name="Create an account").click()
    await page.get_by_label("Name").fill("Bob Kahn")
    await page.get_by_label("E-mail address").fill(f"bob.{project.id}@example.test")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("heading", name="Project not found")).to_be_visible()
    assert page.url.endswith(f"#/projects/{project.id}")


async def test_the_list_of_projects_is_live(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    window = await chromium.window(server.url)
    await window.page.clock.install()
    await window.sign_in(ada)
    await expect(window.page.get_by_text("No project yet")).to_be_visible()
    project = await bob.create_project("Apollo")
    await bob.add_member(project, ada)
    await expect(window.page.locator(".project-card b")).to_have_text(["Apollo"])  # she is told
    await bob.patch(project.path, {"name": "Gemini"})
    await window.page.clock.fast_forward("00:30")
    await expect(window.page.locator(".project-card b")).to_have_text(["Gemini"])


async def test_an_archived_project_comes_back_by_undo(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    window = await chromium.window(server.url)
    page = window.page
    await window.sign_in(ada)
    await page.get_by_role("button", name="Archive Apollo").click()
    await expect(page.locator(".project-card")).to_have_count(0)
    await page.get_by_label("Search projects").focus()
    await page.keyboard.press("Control+z")  # of the text, which is empty
    await page.get_by_role("button", name="Active", exact=True).focus()
    await page.keyboard.press("Control+z")
    await expect(page.locator(".project-card")).to_have_count(1)
    assert await status_of(ada, project) == "active"

    await page.get_by_role("button", name="Archive Apollo").click()
    await expect(page.locator(".project-card")).to_have_count(0)
    await window.undo.hover()  # so that it stays
    for change in ({"status": "active"}, {"name": "Gemini"}):
        await ada.patch(project.path, change)
    await window.undo.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("Somebody has changed “Apollo” since.")).to_be_visible()


@pytest.mark.parametrize("is_late", ["request", "answer"])
async def test_a_project_is_listed_where_it_is_whenever_the_answer_comes(
    server: Server, chromium: Chromium, is_late: str
) -> None:
    """The person looks at the other shelf before the server has restored the project, or before it has said so."""
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    await ada.patch(project.path, {"status": "archived"})
    window = await chromium.window(server.url)
    page, cards = window.page, window.page.locator(".project-card")
    may_come = asyncio.Event()

    async def slow(route: Route) -> None:
        if is_late == "request":
            await may_come.wait()
            return await route.continue_()
        answer = await route.fetch()
        await may_come.wait()
        return await route.fulfill(response=answer)

    await page.route(f"**{project.path}", slow)
    await window.sign_in(ada)
    await page.get_by_role("button", name="Archived").click()
    async with page.expect_request(lambda request: request.method == "PATCH"):
        await page.get_by_role("button", name="Restore Apollo").click()
    if is_late == "answer":
        await is_stored(lambda: status_of(ada, project), "active")
    await page.get_by_role("button", name="Active", exact=True).click()
    seen = page.get_by_role("button", name="Archive Apollo").or_(page.get_by_text("No project yet"))
    await expect(seen).to_be_visible()
    may_come.set()
    await expect(window.undo).to_be_visible()
    await expect(cards).to_have_count(1)


async def test_an_answer_that_was_overtaken_brings_no_archived_project_back(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    for name in ("Apollo", "Gemini"):
        await ada.create_project(name)
    window = await chromium.window(server.url)
    page, cards = window.page, window.page.locator(".project-card")
    await window.sign_in(ada)
    await expect(cards).to_have_count(2)
    may_come, is_here = asyncio.Event(), asyncio.Event()

    async def slow(route: Route) -> None:
        """The first answer comes last."""
        answer = await route.fetch()
        is_here.set()
        await may_come.wait()
        await route.fulfill(response=answer)

    await page.route("**/projects?status=active**", slow, times=1)
    await page.get_by_role("button", name="Archive Apollo").click()
    await expect(cards).to_have_count(1)
    async with asyncio.timeout(20):
        await is_here.wait()
    async with page.expect_response(re.compile(r"/projects\?status=active")):
        await page.get_by_role("button", name="Archive Gemini").click()
    await expect(page.get_by_text("No project yet")).to_be_visible()
    async with page.expect_response(re.compile(r"/projects\?status=active")) as late:
        may_come.set()
    await (await late.value).finished()
    await page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert await cards.count() == 0


async def test_an_answer_from_before_a_project_was_archived_does_not_show_it(
    server: Server, chromium: Chromium
) -> None:
    ada = await server.api.register("ada", "Lovelace")
    await ada.create_project("Apollo")
    window = await chromium.window(server.url)
    page, cards = window.page, window.page.locator(".project-card")
    await window.sign_in(ada)
    await expect(cards).to_have_count(1)
    may_come = asyncio.Event()

    async def later(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await page.route("**/projects?status=active*", later)  # all but the first one
    before = await hold_first_answer(page, "**/projects?status=active*")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await before.given()
    await page.get_by_role("button", name="Archive Apollo").click()
    await expect(page.get_by_text("No project yet")).to_be_visible()
    await before.arrive()
    assert await cards.count() == 0
    may_come.set()


async def test_a_project_is_archived_once_however_often_one_presses(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    window = await chromium.window(server.url)
    page, cards = window.page, window.page.locator(".project-card")
    may_come = asyncio.Event()

    async def slow(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await page.route(f"**{project.path}", slow)
    await window.sign_in(ada)
    await page.get_by_role("button", name="Archive Apollo").dblclick()
    may_come.set()
    await expect(cards).to_have_count(0)
    await page.keyboard.press("Control+z")
    await expect(cards).to_have_count(1)
    await page.keyboard.press("Control+z")
    await expect(page.get_by_text("There is nothing to undo.")).to_be_visible()


async def test_an_answer_leads_nobody_away_who_has_gone_on(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    held: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/documents", lambda route: held.put_nowait(route))
    await page.get_by_role("link", name="Documents").click()
    await page.get_by_role("button", name="Write the first one").click()
    dialog = page.get_by_role("dialog", name="New document")
    await dialog.get_by_label("Title").fill("Flight plan")
    await dialog.get_by_role("button", name="Create document").click()
    async with asyncio.timeout(20):
        request = await held.get()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Keep as draft").click()
    await expect(dialog).to_have_count(0)
    await page.get_by_role("button", name="New document").click()
    await expect(dialog.get_by_label("Title")).to_have_value("Flight plan")
    await request.continue_()
    await expect(dialog.get_by_label("Title")).to_have_value("")  # with the answer it is no draft any more
    await expect(page).to_have_url(re.compile("/documents$"))
    await dialog.get_by_role("button", name="Close").click()
    await expect(page.get_by_role("link", name="Flight plan")).to_be_visible()


async def status_of(person: Person, project: Project) -> str:
    return str((await person.get(project.path))["status"])


async def test_each_part_of_a_project_leads_to_the_others(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    bar = window.page.get_by_role("banner")
    parts = {"Board": "", "Documents": "/documents", "Trash": "/trash", "Settings": "/settings"}
    for shown, address in parts.items():
        await window.page.goto(f"{server.url}/#/projects/{project.id}{address}")
        await expect(bar.get_by_role("link", name=shown, exact=True)).to_have_count(0)
        for other in parts.keys() - {shown}:
            await expect(bar.get_by_role("link", name=other, exact=True)).to_be_visible()
        for button in ("Labels of this project", "Members", "Activity"):
            await expect(bar.get_by_role("button", name=button)).to_be_visible()


@pytest.mark.parametrize("options", SIZES, ids=["desk", "phone"])
async def test_a_notice_covers_no_field_and_the_banner_nothing(
    server: Server, chromium: Chromium, options: dict[str, Any]
) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    for number in range(30):
        await ada.create_task(project, f"Task {number}")
    window = await chromium.board_of(server.url, ada, project, **options)
    await window.page.goto(f"{server.url}/#/projects/{project.id}/tasks/nowhere")
    await window.notice.hover()  # so that it stays
    await window.page.evaluate(STAND_STILL)
    assert not await overlap(window.notice, window.page.get_by_label("New task in To do"))
    assert not await overlap(window.notice, window.page.get_by_role("heading", name=re.compile("^To do")))
    assert not await overlap(window.notice, window.page.get_by_role("link", name="Roomful: all projects"))
    await server.kill()
    banner = window.page.locator(".banner")
    await expect(banner).to_be_visible()
    await window.page.evaluate(STAND_STILL)
    for covered in (window.page.locator(".board"), window.page.locator(".top-bar")):
        assert not await overlap(banner, covered)


async def test_the_panel_stays_when_somebody_enters_its_title(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    await ada.create_task(project, "Order fuel")
    hers, his = [await chromium.board_of(server.url, person, project) for person in (ada, bob)]
    for window in (hers, his):
        await window.card("Order fuel").click()
        await expect(window.page.get_by_label("Title")).to_be_visible()
    description = hers.page.get_by_role("group", name="Description")
    await hers.page.evaluate(STAND_STILL)
    before = await description.bounding_box()
    await his.page.get_by_label("Title").focus()
    await expect(hers.page.locator(".task-panel").get_by_text("Bob is editing…")).to_be_visible()
    await hers.page.evaluate(STAND_STILL)
    assert await description.bounding_box() == before


async def test_columns_are_no_wider_than_one_reads(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project, viewport={"width": 2560, "height": 1300})
    box = await window.column("To do").bounding_box()
    assert box is not None
    assert box["width"] <= 380


async def test_members_on_a_phone_keep_their_words_whole(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Kahn")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    window = await chromium.board_of(server.url, ada, project, viewport=PHONE)
    await window.page.get_by_role("button", name="Members").click()
    words = window.page.get_by_text("Can edit tasks")
    await expect(words).to_be_visible()
    assert await words.evaluate("(words) => words.getClientRects().length === 1 && words.offsetHeight < 30")


async def overlap(one: Locator, other: Locator) -> bool:
    a, b = await one.bounding_box(), await other.bounding_box()
    assert a is not None
    assert b is not None
    return (
        a["x"] < b["x"] + b["width"]
        and b["x"] < a["x"] + a["width"]
        and a["y"] < b["y"] + b["height"]
        and b["y"] < a["y"] + a["height"]
    )
