"""The board when the day changes while it is open."""

from datetime import datetime, time, timedelta

import pytest
from playwright.async_api import expect

from tests.support.browsers import ZONE, Chromium, signed_in_state, today
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

LATE = time(23, 55, tzinfo=ZONE)


async def test_what_was_due_tomorrow_is_due_today(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Moon")
    await ada.create_task(project, "Order fuel", due_on=str(today() + timedelta(days=1)))
    context = await chromium.context(storage_state=signed_in_state(server.url, ada))
    window = await chromium.window(server.url, context)
    await window.page.clock.install(time=datetime.combine(today(), LATE))
    await window.open(project)
    await expect(window.card("Order fuel")).to_contain_text("Tomorrow")
    strip = window.page.get_by_role("search")
    await strip.get_by_label("Due").select_option("Today")
    await expect(strip.get_by_role("status")).to_have_text("No task matches")

    await window.page.clock.fast_forward("06:00")
    await expect(strip.get_by_role("status")).to_have_text("1 of 1 task")
    await expect(window.card("Order fuel")).to_contain_text("Today")
    field = window.page.get_by_label("New task in To do")
    await field.fill("Order food today")
    await field.press("Enter")
    await expect(window.card("Order food")).to_contain_text("Today")
