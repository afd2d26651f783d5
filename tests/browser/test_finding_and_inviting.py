"""Searching, filtering and inviting, by touch, by keyboard alone, and by a screen reader."""

from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.test_main_tasks import FINGERS, panel, tab_to, team
from tests.support.api import PASSWORD, Person, Project
from tests.support.browsers import Chromium, Window
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIPBOARD: dict[str, Any] = {"permissions": ["clipboard-read", "clipboard-write"]}


async def three_tasks(server: Server) -> tuple[Person, Project]:
    """Two of them are to be ordered, and one of those is Bob's."""
    ada, bob, project = await team(server)
    await ada.create_task(project, "Order fuel", assignee_id=bob.id)
    await ada.create_task(project, "Order food")
    await ada.create_task(project, "Count down")
    return ada, project


def shown(window: Window) -> Locator:
    """The titles of the cards on screen."""
    return window.page.locator(".board .slot:visible .title")


def new_address() -> str:
    return f"grace.{uuid4().hex[:8]}@example.test"


async def copied(page: Page) -> str:
    text: str = await page.evaluate("navigator.clipboard.readText()")
    return text


async def test_finding_by_touch(server: Server, chromium: Chromium) -> None:
    ada, project = await three_tasks(server)
    window = await chromium.board_of(server.url, ada, project, **FINGERS)
    strip = window.page.get_by_role("search")
    await strip.get_by_role("searchbox").tap()
    await expect(strip.get_by_role("searchbox")).to_be_focused()
    await window.page.keyboard.type("order")
    await expect(shown(window)).to_have_text(["Order fuel", "Order food"])
    await strip.get_by_role("button", name="Filter").tap()
    await strip.get_by_label("Assignee").select_option("Bob Baker")
    await expect(shown(window)).to_have_text(["Order fuel"])
    await expect(strip.get_by_role("status")).to_have_text("1 of 3 tasks")
    await strip.get_by_role("button", name="Clear").tap()
    await expect(shown(window)).to_have_count(3)


async def test_inviting_by_touch(server: Server, chromium: Chromium) -> None:
    ada, project = await three_tasks(server)
    page = (await chromium.board_of(server.url, ada, project, **FINGERS, **CLIPBOARD)).page
    await page.get_by_role("button", name="Members").tap()
    await page.get_by_role("button", name="Invite by link").tap()
    await page.get_by_role("button", name="Make a link").tap()
    await page.get_by_role("button", name="Copy").tap()
    await expect(page.get_by_text("Copied.")).to_be_visible()

    window = await chromium.window(server.url, **FINGERS)
    await window.page.goto(await copied(page))
    for field, text in (("Name", "Grace Hopper"), ("E-mail address", new_address()), ("Password", PASSWORD)):
        await window.page.get_by_label(field).tap()
        await expect(window.page.get_by_label(field)).to_be_focused()
        await window.page.keyboard.type(text)
    await window.page.get_by_role("button", name="Create account and join").tap()
    await window.is_live()
    await expect(shown(window)).to_have_count(3)


async def test_finding_by_keyboard_alone(server: Server, chromium: Chromium) -> None:
    ada, project = await three_tasks(server)
    window = await chromium.board_of(server.url, ada, project)
    page, keyboard = window.page, window.page.keyboard
    await keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await keyboard.type("order")
    await expect(shown(window)).to_have_text(["Order fuel", "Order food"])
    await tab_to(page, page.get_by_label("Assignee"))
    await keyboard.type("Bob")
    await expect(shown(window)).to_have_text(["Order fuel"])
    await tab_to(page, window.card("Order fuel"))
    await keyboard.press("Enter")
    await expect(panel(window, "Order fuel")).to_be_focused()
    await keyboard.press("Escape")
    await expect(window.card("Order fuel")).to_be_focused()
    await keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await tab_to(page, page.get_by_role("search").get_by_role("button", name="Clear"))
    await keyboard.press("Enter")
    await expect(shown(window)).to_have_count(3)
    await keyboard.press("ControlOrMeta+k")
    await expect(page.get_by_role("combobox", name="Find or do anything")).to_be_focused()
    await keyboard.type("count")
    await expect(page.get_by_role("dialog").get_by_role("option", selected=True)).to_contain_text("Count down")
    await keyboard.press("Enter")
    await expect(panel(window, "Count down")).to_be_focused()


async def test_inviting_by_keyboard_alone(server: Server, chromium: Chromium) -> None:
    ada, project = await three_tasks(server)
    page = (await chromium.board_of(server.url, ada, project, **CLIPBOARD)).page
    await page.keyboard.press("ControlOrMeta+k")
    await expect(page.get_by_role("combobox", name="Find or do anything")).to_be_focused()
    await page.keyboard.type("invite")
    await expect(page.get_by_role("dialog").get_by_role("option", selected=True)).to_contain_text("Show the members")
    await page.keyboard.press("Enter")
    await tab_to(page, page.get_by_role("button", name="Invite by link"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("They join as")).to_be_focused()
    await page.keyboard.press("V")  # a later letter would be a choice of its own on a slow machine
    await expect(page.get_by_label("They join as")).to_have_value("viewer")
    await tab_to(page, page.get_by_role("button", name="Make a link"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Link to send")).to_be_focused()
    await page.keyboard.press("ControlOrMeta+c")  # it is selected

    window = await chromium.window(server.url)
    await window.page.goto(await copied(page))
    for field, text in (("Name", "Grace Hopper"), ("E-mail address", new_address()), ("Password", PASSWORD)):
        await tab_to(window.page, window.page.get_by_label(field))
        await window.page.keyboard.type(text)
    await window.page.keyboard.press("Enter")
    await window.is_live()
    await expect(shown(window)).to_have_count(3)
    await expect(window.page.get_by_label("New task in To do")).to_have_count(0)


async def test_finding_by_the_tree_of_a_screen_reader(server: Server, chromium: Chromium) -> None:
    ada, project = await three_tasks(server)
    window = await chromium.board_of(server.url, ada, project)
    strip = window.page.get_by_role("search", name="Which tasks are shown")
    await strip.get_by_role("searchbox", name="Search these tasks").fill("order")
    await expect(strip.get_by_role("status")).to_have_text("2 of 3 tasks")
    await strip.get_by_role("combobox", name="Assignee").select_option("Bob Baker")
    await expect(strip).to_match_aria_snapshot("""
      - search "Which tasks are shown":
        - group "View":
          - button "Board" [pressed]
          - button "List"
        - searchbox "Search these tasks": order
        - button "Mine"
        - combobox "Assignee":
          - option "Bob Baker" [selected]
        - combobox "Label"
        - combobox "Due"
        - combobox "Column"
        - status: 1 of 3 tasks
        - button "Clear"
    """)
    await expect(window.page.get_by_role("main")).to_match_aria_snapshot("""
      - main:
        - region "To do 1 of 3 tasks":
          - list:
            - /children: equal
            - listitem:
              - 'link "Order fuel APOLLO-1 Assigned to Bob Baker"'
    """)


async def test_inviting_by_the_tree_of_a_screen_reader(server: Server, chromium: Chromium) -> None:
    ada, project = await three_tasks(server)
    page = (await chromium.board_of(server.url, ada, project)).page
    await page.get_by_role("banner").get_by_role("button", name="Members").click()
    members = page.get_by_role("dialog", name="Members")
    await members.get_by_role("button", name="Invite by link").click()
    await members.get_by_role("combobox", name="They join as").select_option("Viewer")
    await members.get_by_role("button", name="Make a link").click()
    link = members.get_by_role("textbox", name="Link to send")
    await expect(link).to_have_accessible_description("The link is shown only now. Whoever has it can join.")
    await expect(members).to_match_aria_snapshot("""
      - dialog "Members":
        - region "Invitations":
          - textbox "Link to send"
          - button "Copy"
          - button "Invite by link"
          - heading "Open invitations" [level=3]
          - list:
            - listitem:
              - text: /Anybody with the link As viewer · until .+ · 0 of 1 used/
              - button "Withdraw the invitation for Anybody with the link"
    """)

    guest = (await chromium.window(server.url)).page
    await guest.goto(await link.input_value())
    main = guest.get_by_role("main")
    await expect(main.get_by_role("heading", level=1)).to_have_text("Ada Lovelace invites you to Apollo")
    await main.get_by_role("textbox", name="Name").fill("Grace Hopper")
    await main.get_by_role("textbox", name="E-mail address").fill(new_address())
    await main.get_by_label("Password").fill(PASSWORD)
    await main.get_by_role("button", name="Create account and join").click()
    await expect(guest.get_by_role("region", name="To do 3 tasks")).to_be_visible()
    await expect(members.get_by_role("combobox", name="Role of Grace Hopper")).to_have_value("viewer")
