"""The first five minutes: the addresses that `--demo` prints, two windows, a server that restarts."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import environment_for
from tests.support.browsers import Chromium, Window
from tests.support.databases import SqliteFiles
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def signed_in(chromium: Chromium, server: Server, address: str) -> Window:
    """A window on the demo project, reached by clicks only."""
    window = await chromium.window(server.url)
    await window.page.goto(address)
    await window.page.get_by_role("button", name="Sign in").click()
    await window.page.locator(".project-card").get_by_role("link").first.click()
    await window.is_live()
    return window


async def test_the_printed_addresses_lead_to_a_live_board(
    chromium: Chromium, sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    environment = environment_for(sqlite_files.create(tmp_path / "roomful.db"))
    async with Server(tmp_path, environment, arguments=["--demo"]) as server:
        adas, bobs = [line for line in server.log.splitlines() if "/#/sign-in?" in line]
        hers, his = [await signed_in(chromium, server, address) for address in (adas, bobs)]
        title = (await hers.titles("To do"))[0]
        await hers.drag(title, "Done")
        await expect(his.column("Done").get_by_text(title)).to_be_visible()

        await server.kill()
        for window in (hers, his):
            await expect(window.connection).to_have_text(re.compile("Reconnecting"))
        await hers.drag(title, "In progress")  # it waits for the server
        await server.start()
        await hers.is_live()
        await expect(his.column("In progress").get_by_text(title)).to_be_visible()
