"""The palette: tasks, projects, documents and actions by name."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from tests.support.api import Person, Project
from tests.support.browsers import PHONE, Chromium, Window
from tests.support.inbox import until
from tests.support.search import found
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

DARK: dict[str, Any] = {"color_scheme": "dark"}
SMALL: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


async def moon(server: Server) -> tuple[Person, Project, Project]:
    """A person, the project with its tasks, and another project."""
    ada = await server.api.register("ada", "Lovelace")
    project, other = await ada.create_project("Moon"), await ada.create_project("Mars base")
    for number in range(1, 4):
        await ada.create_task(project, f"Order fuel {number}")
    await ada.create_task(project, "Choose a crew", description="Who needs fuel?")
    await ada.create_task(other, "Dig for water")
    await ada.post(f"{project.path}/documents", {"title": "Fuel plan"})
    return ada, project, other


def field(window: Window) -> Locator:
    return window.page.get_by_role("combobox", name="Find or do anything")


def options(window: Window) -> Locator:
    return window.page.locator(".palette").get_by_role("option")


async def expect_chosen(window: Window, title: str) -> None:
    """The option is the one that a screen reader says and Enter runs."""
    chosen = window.page.locator(".palette").get_by_role("option", selected=True)
    await expect(chosen.locator(".palette-title")).to_have_text(title)
    await expect(field(window)).to_have_attribute("aria-activedescendant", await chosen.get_attribute("id") or "none")
    await expect(field(window)).to_be_focused()


async def test_keys_find_tasks_projects_and_documents(server: Server, chromium: Chromium) -> None:
    ada, project, other = await moon(server)
    window = await chromium.board_of(server.url, ada, project)
    keyboard = window.page.keyboard
    await window.card("Choose a crew").focus()
    await keyboard.press("Control+k")
    await expect(field(window)).to_be_focused()
    await keyboard.type("fuel")
    await expect_chosen(window, "Order fuel 1")
    # The title counts more than the description.
    await expect(window.page.get_by_role("group", name="Tasks on this board").get_by_role("option")).to_contain_text(
        ["Order fuel 1", "Order fuel 2", "Order fuel 3", "Choose a crew"]
    )
    await keyboard.press("ArrowDown")
    await expect_chosen(window, "Order fuel 2")
    await keyboard.press("ArrowUp")
    await keyboard.press("ArrowUp")
    await expect_chosen(window, await options(window).last.locator(".palette-title").inner_text())

    await keyboard.press("Escape")
    await expect(field(window)).to_have_count(0)
    await expect(window.card("Choose a crew")).to_be_focused()
    await expect(window.page.locator(".task-panel")).to_have_count(0)

    await keyboard.press("Control+k")
    await field(window).fill("3")  # a number
    await expect_chosen(window, "Order fuel 3")
    await keyboard.press("Enter")
    await expect(window.page.get_by_label("Title")).to_have_value("Order fuel 3")

    # Also from a field; the key is not a letter of it.
    await window.page.get_by_label("Title").focus()
    await keyboard.press("Control+k")
    await field(window).fill("fuel plan")
    await expect_chosen(window, "Fuel plan")
    await keyboard.press("Enter")
    await expect(window.page.get_by_role("textbox", name="Fuel plan")).to_be_visible()
    await expect(window.page).to_have_url(re.compile("/documents/"))

    await window.page.goto(f"{server.url}/#/account")
    await expect(window.page.get_by_text("This device")).to_be_visible()
    await keyboard.press("Control+k")
    await field(window).fill("mars")
    await expect_chosen(window, "Mars base")
    await keyboard.press("Enter")
    await expect(window.page).to_have_url(re.compile(f"/projects/{other.id}$"))
    await expect(window.card("Dig for water")).to_be_visible()


async def test_the_server_finds_what_is_elsewhere(server: Server, chromium: Chromium) -> None:
    """Comments and other projects, once the index has them; nothing twice, and of others' projects nothing."""
    ada, project, other = await moon(server)
    eve = await server.api.register("eve")
    await eve.create_task(await eve.create_project("Hidden"), "Drink water")
    (task,) = [each for each in (await ada.snapshot(project))["tasks"] if each["title"] == "Choose a crew"]
    await ada.comment(project, task, "One of them carries water.")
    await until(lambda: all_found(ada, "water", 2))
    window = await chromium.board_of(server.url, ada, project)
    await window.page.keyboard.press("Control+k")
    await field(window).fill("water")
    elsewhere = window.page.get_by_role("group", name="Everywhere").get_by_role("option")
    await expect(elsewhere).to_have_count(2)
    await expect(elsewhere.filter(has_text="Choose a crew")).to_contain_text("One of them carries water.")
    await expect(elsewhere.filter(has_text="Dig for water")).to_contain_text("Mars base")
    await until(lambda: all_found(ada, "order", 3))
    await field(window).fill("order")
    await expect(options(window)).to_have_count(3)
    await field(window).fill("water")
    await elsewhere.filter(has_text="Dig for water").click()
    await expect(window.page.get_by_label("Title")).to_have_value("Dig for water")
    await expect(window.page).to_have_url(re.compile(f"/projects/{other.id}/tasks/"))


async def test_enter_opens_nothing_that_was_found_for_other_words(server: Server, chromium: Chromium) -> None:
    ada, project, other = await moon(server)
    await until(lambda: all_found(ada, "dig", 1))
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    held: list[Route] = []
    await page.keyboard.press("Control+k")
    await field(window).fill("dig")
    await expect_chosen(window, "Dig for water")
    await page.route("**/search?*", lambda route: held.append(route))  # no bound method: it has no attributes
    await field(window).fill("digger")
    await expect(page.get_by_role("status").filter(has_text="Searching")).to_have_count(1)
    await expect(options(window)).to_have_text(re.compile("^Dig for water"))  # so that nothing jumps
    await expect(page.locator(".palette").get_by_role("option", selected=True)).to_have_count(0)
    await page.keyboard.press("Enter")
    await expect(field(window)).to_be_focused()
    # What has the new words, too, needs no answer.
    await field(window).fill("dig wat")
    await expect_chosen(window, "Dig for water")
    # And neither does what one goes to by hand.
    await field(window).fill("digger")
    await page.keyboard.press("ArrowUp")
    await expect_chosen(window, "Dig for water")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/projects/{other.id}/tasks/"))
    for route in held:
        await route.abort()


async def all_found(person: Person, words: str, count: int) -> bool:
    return len(await found(person, words)) == count


async def test_what_is_typed_while_it_loads_is_its_text_and_no_shortcut(server: Server, chromium: Chromium) -> None:
    ada, project, _ = await moon(server)
    window = await chromium.board_of(server.url, ada, project)
    keyboard = window.page.keyboard
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await window.page.route("**/palette*.js", late)
    await window.card("Choose a crew").focus()
    await keyboard.press("Control+k")
    await keyboard.press("Delete")  # of the card behind it
    await keyboard.type("uxx")  # undo, select
    await keyboard.press("Backspace")
    await keyboard.press("Escape")
    await keyboard.press("x")
    await expect(window.page.locator(".slot.selected .title")).to_have_text(["Choose a crew"])
    await keyboard.press("x")

    await keyboard.press("Control+k")
    await keyboard.press("Control+k")
    await keyboard.type("fuel 3x")
    await keyboard.press("Backspace")
    may_come.set()
    await expect(field(window)).to_have_value("fuel 3")
    await keyboard.press("Backspace")
    await keyboard.type("2")
    await expect_chosen(window, "Order fuel 2")
    await keyboard.press("Escape")
    await expect(window.card("Choose a crew")).to_be_focused()
    await expect(window.page.locator(".slot.selected")).to_have_count(0)


async def test_actions_are_done_by_name(server: Server, chromium: Chromium) -> None:
    ada, project, _ = await moon(server)
    window = await chromium.board_of(server.url, ada, project)

    async def do(words: str, action: str) -> None:
        await window.page.keyboard.press("Control+k")
        await field(window).fill(words)
        await options(window).filter(has_text=action).click()
        await expect(field(window)).to_have_count(0)

    await do("invite", "Show the members")
    await expect(window.page.get_by_role("dialog", name="Members")).to_be_visible()
    await window.page.keyboard.press("Escape")
    await expect(window.page.get_by_role("dialog", name="Members")).to_have_count(0)
    await do("dark", "Use dark colours")
    await expect(window.page.locator("html")).to_have_attribute("data-theme", "dark")
    await do("list", "Show the tasks as a list")
    await expect(window.page.locator(".list .list-link")).to_have_count(4)
    await do("board", "Show the tasks as a board")
    await do("new task", "Add a task")
    await expect(window.page.get_by_label("New task in To do")).to_be_focused()
    await do("deleted", "Show the trash")
    await expect(window.page).to_have_url(re.compile("/trash$"))

    await window.page.keyboard.press("Control+k")
    await field(window).fill("no such thing at all")
    await expect(window.page.get_by_text("Nothing found. Try fewer words.")).to_be_visible()
    await expect(options(window)).to_have_count(0)
    await window.page.keyboard.press("Enter")
    await field(window).press("Escape")
    await expect(field(window)).to_have_count(0)
    await do("log out", "Sign out")
    await expect(window.page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_a_finger_finds_on_a_small_screen(server: Server, chromium: Chromium) -> None:
    ada, project, _ = await moon(server)
    window = await chromium.board_of(server.url, ada, project, **SMALL)
    await window.page.get_by_role("button", name="Ada Lovelace: menu").tap()
    await window.page.get_by_role("button", name="Find or do anything").locator("visible=true").tap()
    await field(window).fill("crew")
    await options(window).filter(has_text="Choose a crew").tap()
    await expect(window.page.get_by_label("Title")).to_have_value("Choose a crew")


@pytest.mark.parametrize("options_", [{}, DARK, SMALL], ids=["light", "dark", "phone"])
async def test_axe_finds_nothing_wrong_with_the_palette(
    server: Server, chromium: Chromium, options_: dict[str, Any]
) -> None:
    ada, project, _ = await moon(server)
    window = await chromium.board_of(server.url, ada, project, **options_)
    wrong: dict[str, list[str]] = {}
    await window.page.keyboard.press("Control+k")
    await expect(field(window)).to_be_focused()
    for words, shown in (("", "Sign out"), ("fuel", "Fuel plan"), ("nothing like it", "Nothing found")):
        await field(window).fill(words)
        await expect(window.page.get_by_text(shown).locator("visible=true").first).to_be_visible()
        if found := await window.violations():
            wrong[words] = found
    assert not wrong
