"""Imports of CSV on the board."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Route, expect

from tests.support.api import Person, Project
from tests.support.browsers import PHONE, Chromium, Window
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWS = 250


async def opened(server: Server, chromium: Chromium, **options: object) -> tuple[Person, Project, Window]:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project, **options)
    await window.page.evaluate("location.hash += '/settings'")
    await expect(part(window)).to_be_visible()
    return ada, project, window


def part(window: Window) -> Locator:
    return window.page.locator(".settings .sheet").filter(
        has=window.page.get_by_role("heading", name="Import", exact=True)
    )


async def choose(window: Window, text: str | bytes) -> None:
    content = text.encode() if isinstance(text, str) else text
    await (
        part(window)
        .get_by_label("CSV file")
        .set_input_files({"name": "plan.csv", "mimeType": "text/csv", "buffer": content})
    )


def file_of(rows: int) -> str:
    return "Title;Colour\r\n" + "".join(f"Task {row};red\r\n" for row in range(rows))


async def titles(person: Person, project: Project) -> list[str]:
    tasks = sorted((await person.snapshot(project))["tasks"], key=lambda task: task["number"])
    return [task["title"] for task in tasks]


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "color_scheme": "dark"}])
async def test_a_file_is_looked_at_imported_and_reported(
    server: Server, chromium: Chromium, options: dict[str, object]
) -> None:
    ada, project, window = await opened(server, chromium, **options)
    body = (
        "Card Name,List Name,Labels,Members,Due Date,Votes\r\n"
        'Fly,done,"moon, fast",ada lovelace,2026-07-16T10:00:00Z,3\r\n'
        '"\'=Land",Nowhere,,Nobody,soon,0\r\n'
        ",,,,,1\r\n"
    )
    await choose(window, body)
    preview = part(window)
    await expect(preview.get_by_role("button", name="Import 3 rows")).to_be_enabled()
    await expect(preview).to_contain_text("Not taken over: Votes.")
    await expect(preview.locator("tbody tr")).to_have_count(2)
    await expect(preview.locator("tbody tr").first).to_contain_text("Ada Lovelace")
    await expect(preview).to_contain_text("Of the first 3 rows, 1 will be left out, and 3 cells will stay empty.")
    assert await window.violations() == []
    await preview.get_by_role("button", name="Import 3 rows").click()
    await expect(part(window)).to_contain_text("2 tasks made.")
    await expect(part(window).locator(".remarks li")).to_have_count(4)
    await expect(part(window).locator(".remarks li").last).to_contain_text("Line 4")
    assert await window.violations() == []
    async with window.page.expect_download() as waiting:
        await part(window).get_by_role("button", name="Download the report").click()
    report = Path(await (await waiting.value).path()).read_text(encoding="utf-8-sig")
    assert '"4","","","It has no title."' in report
    await part(window).get_by_role("button", name="Done").click()
    await expect(part(window).get_by_label("CSV file")).to_be_visible()
    assert await titles(ada, project) == ["Fly", "=Land"]


async def test_an_import_waits_out_an_outage_and_doubles_nothing(server: Server, chromium: Chromium) -> None:
    ada, project, window = await opened(server, chromium)
    sent, is_away = 0, True

    async def lose(route: Route) -> None:
        """The second part arrives, and its answer is lost; then nothing arrives until the network is back."""
        nonlocal sent
        sent += "dry_run" not in route.request.url
        if sent == 2:
            await route.fetch()
        if sent >= 2 and is_away:
            await route.abort()
        else:
            await route.continue_()

    await window.page.route(re.compile("/import"), lose)
    await choose(window, file_of(ROWS))
    await part(window).get_by_role("button", name=f"Import {ROWS} rows").click()
    await expect(part(window)).to_contain_text("The server can't be reached.")
    await expect(part(window)).to_contain_text(f"100 of {ROWS} rows")
    is_away = False
    # It goes on while the board is looked at.
    await window.page.get_by_role("link", name="Board").click()
    await expect(window.card(f"Task {ROWS - 1}")).to_have_count(1)
    await window.page.get_by_role("link", name="Settings").click()
    await expect(part(window)).to_contain_text("150 tasks made, 100 made before from the same file.")
    await expect(part(window)).to_contain_text("Nothing was left out.")
    assert await titles(ada, project) == [f"Task {row}" for row in range(ROWS)]


async def test_a_stopped_import_goes_on_with_the_same_file(server: Server, chromium: Chromium) -> None:
    ada, project, window = await opened(server, chromium)

    async def stop(route: Route) -> None:
        """The person stops it while the first part is on its way."""
        if "dry_run" not in route.request.url:
            await window.page.get_by_role("button", name="Stop the import").click()
        await route.continue_()

    await choose(window, file_of(ROWS))
    await window.page.route(re.compile("/import"), stop)
    await part(window).get_by_role("button", name=f"Import {ROWS} rows").click()
    await expect(part(window)).to_contain_text("Stopped. 100 tasks made.")
    await expect(part(window)).to_contain_text("150 rows left out")
    await window.page.unroute(re.compile("/import"))

    # The computer was off, and the page is new.
    await window.page.reload()
    await choose(window, file_of(ROWS))
    await part(window).get_by_role("button", name=f"Import {ROWS} rows").click()
    await expect(part(window)).to_contain_text("150 tasks made, 100 made before from the same file.")
    assert await titles(ada, project) == [f"Task {row}" for row in range(ROWS)]

    # Once more is possible, but only if it is meant.
    await part(window).get_by_role("button", name="Done").click()
    await choose(window, file_of(ROWS))
    await part(window).get_by_role("button", name=f"Import {ROWS} rows").click()
    await expect(part(window)).to_contain_text(f"0 tasks made, {ROWS} made before from the same file.")
    await part(window).get_by_role("button", name="Import it once more").click()
    await expect(part(window)).to_contain_text(f"{ROWS} tasks made.")
    assert len(await titles(ada, project)) == 2 * ROWS


async def test_an_export_says_that_its_tasks_are_here_already(server: Server, chromium: Chromium) -> None:
    ada, project, window = await opened(server, chromium, viewport=PHONE)
    tasks = [await ada.create_task(project, title) for title in ("Order fuel", "=Fly", "Paint it")]
    export = (await ada.request("GET", f"{project.path}/export?format=csv")).content
    await ada.change_task(project, tasks[2], title="Paint it red")
    await choose(window, export + b"APO-9,Land\r\n")
    await expect(part(window)).to_contain_text("3 of 4 rows are of tasks that are here already")
    assert await window.violations() == []
    await part(window).get_by_role("button", name="Cancel").click()
    await choose(window, "Title\nLand\n")
    await expect(part(window).get_by_role("button", name="Import 1 row")).to_be_enabled()
    await expect(part(window)).not_to_contain_text("already")


async def test_what_is_no_table_is_refused_with_the_reason(server: Server, chromium: Chromium) -> None:
    _, _, window = await opened(server, chromium)
    await choose(window, "when,where\nnow,here\n")
    await expect(part(window).get_by_role("alert")).to_contain_text("No column holds titles")
    await choose(window, b"Title;x\r\nCaf\xe9;1\r\n")
    await expect(part(window).locator("tbody tr")).to_contain_text("Café")
    await part(window).get_by_role("button", name="Cancel").click()
    await choose(window, 'Title\nFly\n"Land\n')
    await part(window).get_by_role("button", name="Import 1 row").click()
    await expect(part(window)).to_contain_text("1 task made.")
    await expect(part(window).locator(".remarks li")).to_contain_text("Line 3")
