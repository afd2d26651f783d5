"""Finding tasks: the filter, and the address that keeps it."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.support.browsers import PHONE, STAND_STILL, Chromium, middle
from tests.support.finding import address_has, choose, moon, order_of, outcome, search, shown
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

DARK: dict[str, Any] = {"color_scheme": "dark"}
SMALL: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


async def test_a_search_is_typed_and_kept_in_the_address(server: Server, chromium: Chromium) -> None:
    """By keyboard alone; a reload, Back and the link itself show the same."""
    ada, bob, project = await moon(server)
    window = await chromium.board_of(server.url, ada, project)
    await window.page.keyboard.press("/")
    await expect(search(window)).to_be_focused()
    await window.page.keyboard.type("ord")
    await expect(shown(window, "To do")).to_have_text(["Order fuel", "Order food"])
    await expect(outcome(window)).to_have_text("2 of 4 tasks")
    await expect(window.column("To do").locator(".count")).to_contain_text("2 of 3")
    await expect(window.column("In progress").locator(".column-empty")).to_have_text("No task here matches.")
    await address_has(window, "?text=ord")

    # A slash within a text is one.
    await window.page.keyboard.type("er/")
    await expect(search(window)).to_have_value("order/")
    await expect(outcome(window)).to_have_text("No task matches")
    await window.page.keyboard.press("Backspace")
    await address_has(window, "?text=order")

    await window.page.reload()
    await window.is_live()
    await expect(search(window)).to_have_value("order")
    await expect(shown(window, "To do")).to_have_text(["Order fuel", "Order food"])

    # The whole text was one step.
    await window.page.go_back()
    await expect(search(window)).to_have_value("")
    await expect(shown(window, "To do")).to_have_count(3)
    await window.page.go_forward()
    await expect(shown(window, "To do")).to_have_text(["Order fuel", "Order food"])

    # The filter stays beside an open task, in its link too.
    await window.card("Order food").click()
    await expect(window.page.get_by_label("Title")).to_have_value("Order food")
    await address_has(window, "?text=order")
    his = await chromium.board_of(server.url, bob, project)
    await his.page.goto(window.page.url)
    await expect(his.page.get_by_label("Title")).to_have_value("Order food")
    await expect(shown(his, "To do")).to_have_text(["Order fuel", "Order food"])
    await window.page.keyboard.press("Escape")
    await expect(window.page.locator(".task-panel")).to_have_count(0)
    await expect(window.card("Order food")).to_be_focused()

    await search(window).press("Escape")
    await expect(shown(window, "To do")).to_have_count(3)
    await expect(outcome(window)).to_have_count(0)


async def test_choices_narrow_the_board_by_mouse(server: Server, chromium: Chromium) -> None:
    ada, _, project = await moon(server)
    window = await chromium.board_of(server.url, ada, project)
    strip = window.page.get_by_role("search")
    await strip.get_by_role("button", name="Mine").click()
    await expect(shown(window, "To do")).to_have_text(["Order fuel"])
    await expect(strip.get_by_label("Assignee")).to_have_value(ada.id)
    await address_has(window, f"?person={ada.id}")
    await strip.get_by_label("Assignee").select_option("Bob Kahn")
    await expect(shown(window, "To do")).to_have_text(["Choose a crew"])
    await expect(shown(window, "In progress")).to_have_text(["Build the rocket"])
    await strip.get_by_label("Assignee").select_option("Nobody")
    await expect(shown(window, "To do")).to_have_text(["Order food"])
    await strip.get_by_role("button", name="Clear").click()
    await expect(strip.get_by_role("button", name="Clear")).to_have_count(0)

    await strip.get_by_label("Label").select_option("urgent")
    await expect(shown(window, "To do")).to_have_text(["Order fuel", "Order food"])
    await strip.get_by_label("Due").select_option("Overdue")
    await expect(shown(window, "To do")).to_have_text(["Order food"])
    await strip.get_by_label("Column").select_option("In progress")
    await expect(outcome(window)).to_have_text("No task matches")
    await window.page.go_back()
    await expect(shown(window, "To do")).to_have_text(["Order food"])
    await strip.get_by_label("Due").select_option("Today")
    await expect(shown(window, "To do")).to_have_text(["Order fuel"])

    # An address may name what is gone, or the reader.
    await window.page.goto(f"{server.url}/#/projects/{project.id}?label=gone")
    await expect(strip.get_by_label("Label")).to_have_value("gone")
    await expect(outcome(window)).to_have_text("No task matches")
    await window.page.goto(f"{server.url}/#/projects/{project.id}?mine")
    await expect(shown(window, "To do")).to_have_text(["Order fuel"])


async def test_changes_of_others_come_and_go_with_the_filter(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await moon(server)
    window = await chromium.board_of(server.url, ada, project)
    await search(window).fill("order")
    await expect(shown(window, "To do")).to_have_text(["Order fuel", "Order food"])
    tasks = {task["title"]: task for task in (await ada.snapshot(project))["tasks"]}
    await bob.change_task(project, tasks["Choose a crew"], title="Order a crew")
    await expect(shown(window, "To do")).to_have_text(["Order fuel", "Order a crew", "Order food"])
    await window.card("Order fuel").focus()
    await bob.change_task(project, tasks["Order fuel"], title="Buy fuel")
    await expect(shown(window, "To do")).to_have_text(["Order a crew", "Order food"])
    # The focus was on the card that went.
    await expect(window.card("Order a crew")).to_be_focused()
    await bob.create_task(project, "Order chairs")
    await bob.create_task(project, "Paint chairs")
    await expect(shown(window, "To do")).to_have_text(["Order a crew", "Order food", "Order chairs"])
    # What one adds oneself is shown until the filter changes.
    await window.add("To do", "Sweep")
    await expect(shown(window, "To do")).to_have_text(["Order a crew", "Order food", "Order chairs", "Sweep"])
    await search(window).fill("order c")
    await expect(shown(window, "To do")).to_have_text(["Order a crew", "Order chairs"])


async def test_a_filtered_board_takes_drops_beside_what_is_hidden(server: Server, chromium: Chromium) -> None:
    ada, _, project = await moon(server)
    window = await chromium.board_of(server.url, ada, project)
    await search(window).fill("order")
    await expect(shown(window, "To do")).to_have_text(["Order fuel", "Order food"])
    # By keyboard: once down is below the next card that is shown.
    await window.card("Order fuel").focus()
    await window.page.keyboard.press("Space")
    async with window.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await window.page.keyboard.press("ArrowDown")
        await window.page.keyboard.press("Space")
    await expect(shown(window, "To do")).to_have_text(["Order food", "Order fuel"])
    assert await order_of(ada, project, "todo") == ["Choose a crew", "Order food", "Order fuel"]

    # By mouse, to the top: above the first card that is shown, and below the hidden one before it.
    await window.lift("Order fuel")
    await window.page.evaluate(STAND_STILL)
    x, y = await middle(window.card("Order food"))
    async with window.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await window.page.mouse.move(x, y - 30, steps=8)
        await expect(shown(window, "To do")).to_have_text(["Order fuel", "Order food"])
        await window.page.mouse.up()
    assert await order_of(ada, project, "todo") == ["Choose a crew", "Order fuel", "Order food"]

    # Into a column whose cards are all hidden: at its end.
    async with window.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await window.drag("Order fuel", "In progress")
    assert await order_of(ada, project, "in_progress") == ["Build the rocket", "Order fuel"]
    await expect(shown(window, "In progress")).to_have_text(["Order fuel"])


async def test_the_way_through_documents_and_the_palette_keeps_the_look(server: Server, chromium: Chromium) -> None:
    ada, _, project = await moon(server)
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await search(window).fill("order")
    await address_has(window, "text=order")
    await page.get_by_role("link", name="Documents").click()
    await expect(page.get_by_role("heading", name="Documents", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Board").click()
    await address_has(window, "text=order")
    await expect(shown(window, "To do")).to_have_text(["Order fuel", "Order food"])

    async def find(text: str, title: str) -> None:
        await page.keyboard.press("Control+k")
        await page.get_by_role("combobox", name="Find or do anything").fill(text)
        await page.locator(".palette").get_by_role("option").filter(has_text=title).first.click()

    await find("food", "Order food")
    await expect(page.get_by_label("Title")).to_have_value("Order food")
    await address_has(window, "text=order")
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Documents").click()
    await expect(page.get_by_role("heading", name="Documents", exact=True)).to_be_visible()
    await find("board", "Show the board")
    await address_has(window, "text=order")
    await expect(shown(window, "To do")).to_have_text(["Order fuel", "Order food"])


@pytest.mark.parametrize("options", [{}, DARK, SMALL], ids=["light", "dark", "phone"])
async def test_axe_finds_nothing_wrong_in_what_is_found(
    server: Server, chromium: Chromium, options: dict[str, Any]
) -> None:
    ada, _, project = await moon(server)
    window = await chromium.board_of(server.url, ada, project, **options)
    wrong: dict[str, list[str]] = {}
    for query in ("?text=order&due=today", "?text=nothing", "?view=list&sort=due", "?view=list&text=nothing"):
        await window.page.goto(f"{server.url}/#/projects/{project.id}{query}")
        await expect(search(window)).to_have_value("order" if "order" in query else re.compile("^(nothing)?$"))
        await expect(window.page.locator(".list, .board, .state").first).to_be_visible()
        if found := await window.violations():
            wrong[query] = found
    await window.page.goto(f"{server.url}/#/projects/{project.id}")
    await choose(window, "To do", "By due date")
    await choose(window, "Done", "Collapse")
    await expect(window.column("Done").get_by_role("button", name="Done")).to_be_focused()
    await window.page.get_by_role("button", name="Options of To do").click()
    if found := await window.violations():
        wrong["columns"] = found
    assert not wrong
