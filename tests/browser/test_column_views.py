"""Columns as one person wants to see them: sorted, collapsed."""

import pytest
from playwright.async_api import expect

from tests.support.browsers import Chromium, middle
from tests.support.finding import choose, moon, shown
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_columns_are_sorted_and_collapsed_for_one_person(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await moon(server)
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)
    await choose(hers, "To do", "By due date")
    await expect(shown(hers, "To do")).to_have_text(["Order food", "Order fuel", "Choose a crew"])
    await expect(shown(his, "To do")).to_have_text(["Order fuel", "Choose a crew", "Order food"])
    await choose(hers, "To do", "By title")
    await expect(shown(hers, "To do")).to_have_text(["Choose a crew", "Order food", "Order fuel"])

    # A drop in it changes nothing, and says why.
    await hers.lift("Order fuel")
    await hers.carry_to("To do", share=0.05)
    await hers.page.mouse.up()
    await expect(hers.notice).to_contain_text("“To do” is sorted by title.")
    await expect(shown(hers, "To do")).to_have_text(["Choose a crew", "Order food", "Order fuel"])
    # One from another column takes its place.
    async with hers.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await hers.drag("Build the rocket", "To do", share=0.9)
    await expect(shown(hers, "To do")).to_have_text(["Build the rocket", "Choose a crew", "Order food", "Order fuel"])

    await choose(hers, "Done", "Collapse")
    expand = hers.column("Done").get_by_role("button", name="Done")
    await expect(expand).to_be_focused()
    await expect(expand).to_have_attribute("aria-expanded", "false")
    async with hers.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await hers.lift("Order food")
        await hers.page.mouse.move(*await middle(expand), steps=10)
        await expect(hers.column("Done").locator(".slot.held")).to_have_count(1)
        await hers.page.mouse.up()
    await expect(hers.column("Done").locator(".count")).to_contain_text("1 task")
    await expect(shown(his, "Done")).to_have_text(["Order food"])

    await hers.page.reload()
    await hers.is_live()
    await expect(shown(hers, "To do")).to_have_text(["Build the rocket", "Choose a crew", "Order fuel"])
    await expect(shown(hers, "Done")).to_have_count(0)
    await expand.focus()
    await hers.page.keyboard.press("Enter")
    await expect(shown(hers, "Done")).to_have_text(["Order food"])
    await expect(hers.page.get_by_role("button", name="Options of Done")).to_be_focused()
    await choose(hers, "To do", "By hand")
    await expect(shown(hers, "To do")).to_have_text(["Order fuel", "Choose a crew", "Build the rocket"])


async def test_a_viewer_sorts_too_and_changes_nothing(server: Server, chromium: Chromium) -> None:
    ada, _, project = await moon(server)
    eve = await server.api.register("eve", "Moore")
    await ada.add_member(project, eve, "viewer")
    window = await chromium.board_of(server.url, eve, project)
    await choose(window, "To do", "Newest first")
    await expect(shown(window, "To do")).to_have_text(["Order food", "Choose a crew", "Order fuel"])
    await window.page.get_by_role("button", name="Options of To do").click()
    await expect(window.page.locator(".column-menu:popover-open button")).to_have_text(
        ["By hand", "By due date", "By title", "Newest first", "Collapse"]
    )
