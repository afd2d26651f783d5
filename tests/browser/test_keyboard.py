"""Keyboard shortcuts of the board, their list, and turning letters off."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.support.api import Json, Person, Project
from tests.support.browsers import DESK, PHONE, Chromium, Window, is_stored
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def board(server: Server) -> tuple[Person, Project, list[Json]]:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    return ada, project, [await ada.create_task(project, title) for title in ("Order fuel", "Count down")]


def panel(window: Window, title: str) -> Locator:
    return window.page.get_by_role("complementary", name=f"Task: {title}")


def help_sheet(window: Window) -> Locator:
    return window.page.get_by_role("dialog", name="Keyboard shortcuts")


async def test_every_shortcut_does_what_the_list_says(server: Server, chromium: Chromium) -> None:
    ada, project, _ = await board(server)
    window = await chromium.board_of(server.url, ada, project)
    keyboard = window.page.keyboard

    await window.card("Order fuel").focus()
    await keyboard.press("ArrowDown")
    await expect(window.card("Count down")).to_be_focused()
    await keyboard.press("Home")
    await expect(window.card("Order fuel")).to_be_focused()
    await keyboard.press("End")
    await expect(window.card("Count down")).to_be_focused()

    # A new task, in the column of the focused card.
    for key in ("n", "c"):
        await window.card("Count down").focus()
        await keyboard.press(key)
        await expect(window.page.get_by_label("New task in To do")).to_be_focused()
        await expect(window.page.get_by_label("New task in To do")).to_have_value("")
    await keyboard.type("Land, nicely")  # its letters are no shortcuts
    await keyboard.press("Enter")
    await expect(window.card("Land, nicely").locator(".number")).to_be_visible()
    await keyboard.press("Escape")

    # The title, from the card, and the due date, from the open task.
    await window.card("Order fuel").focus()
    await keyboard.press("e")
    await expect(panel(window, "Order fuel").get_by_label("Title")).to_be_focused()
    await keyboard.type("Order more fuel")
    await keyboard.press("Enter")
    await expect(window.card("Order more fuel")).to_be_visible()
    await panel(window, "Order more fuel").get_by_label("Close task").focus()
    await keyboard.press("d")
    await expect(panel(window, "Order more fuel").get_by_label("Due")).to_be_focused()
    for key, name in (("m", "Status"), ("a", "Assignee"), ("l", "Labels")):
        await panel(window, "Order more fuel").get_by_label("Close task").focus()
        await keyboard.press(key)
        await expect(panel(window, "Order more fuel").get_by_role("combobox", name=name)).to_be_focused()
    await panel(window, "Order more fuel").get_by_label("Close task").focus()
    await keyboard.press("Enter")
    await expect(window.card("Order more fuel")).to_be_focused()

    # To the trash, and back by either key.
    for undo in ("u", "ControlOrMeta+z"):
        await window.card("Count down").focus()
        await keyboard.press("Delete")
        await expect(window.card("Count down")).to_have_count(0)
        await expect(window.card("Land, nicely")).to_be_focused()
        await keyboard.press(undo)
        await expect(window.card("Count down")).to_be_visible()

    # Of the open task, whose panel closes.
    await window.card("Count down").focus()
    await keyboard.press("Enter")
    await expect(panel(window, "Count down")).to_be_visible()
    await keyboard.press("Delete")
    await expect(panel(window, "Count down")).to_have_count(0)
    await is_stored(
        lambda: titles(ada, project),
        ["Order more fuel", "Land, nicely"],
    )


async def test_the_field_of_a_shortcut_is_there_before_the_next_key(server: Server, chromium: Chromium) -> None:
    """However busy the page is: keys that wait are taken one after the other, and a frame may come much later."""
    ada, project, _ = await board(server)
    window = await chromium.board_of(server.url, ada, project)
    press_e = """async (card) => {
      card.focus();
      card.dispatchEvent(new KeyboardEvent("keydown", { key: "e", bubbles: true, cancelable: true }));
      for (let turn = 0; turn < 20; turn++) await null;  // before anything else happens
      return document.activeElement.value;
    }"""
    # The second one while another task is open.
    for title in ("Order fuel", "Count down"):
        assert await window.card(title).evaluate(press_e) == title


async def titles(person: Person, project: Project) -> list[str]:
    tasks = (await person.snapshot(project))["tasks"]
    return [task["title"] for task in sorted(tasks, key=lambda task: str(task["position"]))]


async def test_the_list_shows_what_works_here_and_letters_can_be_turned_off(server: Server, chromium: Chromium) -> None:
    ada, project, _ = await board(server)
    window = await chromium.board_of(server.url, ada, project)
    keyboard = window.page.keyboard
    search = window.page.get_by_role("searchbox", name="Search these tasks")
    await expect(search).to_have_attribute("aria-keyshortcuts", "/")
    await expect(window.card("Order fuel")).to_have_accessible_description(re.compile("X selects"))
    await window.card("Order fuel").focus()
    await keyboard.press("?")
    rows = help_sheet(window).locator("dl > div")
    await expect(rows.filter(has_text="Write a new task").locator("kbd")).to_have_text(["N", "C"])
    await expect(rows.filter(has_text="Undo your last change").locator("kbd")).to_have_text(["Ctrl", "Z", "U"])
    await expect(rows.filter(has_text="Show this list")).to_be_visible()
    await help_sheet(window).get_by_role("checkbox").uncheck()
    await keyboard.press("Escape")
    await expect(help_sheet(window)).to_have_count(0)
    await expect(window.card("Order fuel")).to_be_focused()

    async def letters_do_nothing() -> None:
        await window.card("Order fuel").focus()
        for key in ("x", "e", "n", "?", "u", "/"):
            await keyboard.press(key)
            await expect(window.card("Order fuel")).to_be_focused()
        await keyboard.press("ArrowDown")
        await expect(window.card("Count down")).to_be_focused()
        await expect(window.page.locator(".slot.selected")).to_have_count(0)
        await expect(help_sheet(window)).to_have_count(0)
        await expect(search).not_to_have_attribute("aria-keyshortcuts", re.compile(""))
        await expect(window.page.locator(".strip .key")).to_have_count(0)
        await expect(window.card("Count down")).not_to_have_accessible_description(re.compile("X selects"))

    await letters_do_nothing()
    await window.page.reload()  # the choice is remembered
    await window.is_live()
    await letters_do_nothing()

    # The list is still reached by the menu, and turns them on again.
    await window.page.get_by_role("button", name="Ada Lovelace: menu").click()
    await window.page.get_by_role("button", name="Keyboard shortcuts").click()
    await help_sheet(window).get_by_role("checkbox").check()
    await keyboard.press("Escape")
    await expect(help_sheet(window)).to_have_count(0)  # it gives the focus back
    await window.card("Order fuel").focus()
    await keyboard.press("x")
    await expect(window.page.locator(".slot.selected")).to_have_count(1)
    await keyboard.press("/")
    await expect(search).to_be_focused()


async def test_keys_do_nothing_while_writing_with_modifiers_or_while_composing(
    server: Server, chromium: Chromium
) -> None:
    ada, project, _ = await board(server)
    window = await chromium.board_of(server.url, ada, project)
    keyboard = window.page.keyboard
    everything = "?nxced u"
    await window.page.get_by_label("New task in Done").press_sequentially(everything)
    await expect(window.page.get_by_label("New task in Done")).to_have_value(everything)
    await keyboard.press("Escape")
    await window.card("Order fuel").click()
    await (
        panel(window, "Order fuel")
        .get_by_label("Write a comment")
        .or_(panel(window, "Order fuel").locator(".composer textarea"))
        .first.press_sequentially(everything)
    )
    await expect(help_sheet(window)).to_have_count(0)
    await keyboard.press("Escape")
    await keyboard.press("Escape")

    await window.card("Order fuel").focus()
    for chord in ("Alt+x", "Control+x", "Shift+x"):
        await keyboard.press(chord)
    # As a keyboard for Japanese sends a letter that becomes part of a word.
    await window.card("Order fuel").evaluate(
        """(card) => card.dispatchEvent(
          new KeyboardEvent("keydown", { key: "x", bubbles: true, cancelable: true, isComposing: true }))"""
    )
    await keyboard.press("ArrowDown")
    await expect(window.card("Count down")).to_be_focused()
    await expect(window.page.locator(".slot.selected")).to_have_count(0)


async def test_a_viewer_is_only_offered_what_they_may_do(server: Server, chromium: Chromium) -> None:
    ada, project, _ = await board(server)
    vic = await server.api.register("vic", "Viewer")
    await ada.add_member(project, vic, "viewer")
    window = await chromium.board_of(server.url, vic, project)
    await window.card("Order fuel").focus()
    for key in ("x", "e", "n", "Delete", "Space"):
        await window.page.keyboard.press(key)
    await expect(window.page).to_have_url(re.compile(f"{project.id}$"))
    await window.page.keyboard.press("?")
    await expect(help_sheet(window)).to_contain_text("Go to other cards")
    await expect(help_sheet(window)).not_to_contain_text("Write a new task")
    assert len(await titles(ada, project)) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_list_is_accessible(server: Server, chromium: Chromium, scheme: str) -> None:
    ada, project, _ = await board(server)
    for viewport in (DESK, PHONE):
        window = await chromium.board_of(server.url, ada, project, color_scheme=scheme, viewport=viewport)
        await window.card("Order fuel").focus()
        await window.page.keyboard.press("?")
        await expect(help_sheet(window)).to_be_visible()
        assert await window.violations() == []
        assert await window.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
