"""Columns of one's own, numbers and check lists on the board."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, Route, expect

from tests.support.api import Json, Person, Project
from tests.support.browsers import PHONE, STAND_STILL, Chromium, Window, is_stored, middle
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def team(server: Server) -> tuple[Person, Person, Project]:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Moon")
    await ada.add_member(project, bob)
    return ada, bob, project


async def add(person: Person, project: Project, name: str, category: str = "in_progress", **fields: object) -> Json:
    added: Json = await person.post(f"{project.path}/columns", {"name": name, "category": category, **fields})
    return added


def heads(window: Window) -> Locator:
    return window.page.locator(".board .column-name")


async def expect_on_screen(window: Window, names: list[str]) -> None:
    """The columns from left to right, as they are drawn."""
    await window.page.wait_for_function(
        """(names) => {
          const columns = [...document.querySelectorAll('.board .column')];
          columns.sort((a, b) => a.getBoundingClientRect().x - b.getBoundingClientRect().x);
          return JSON.stringify(columns.map((each) => each.querySelector('.column-name').textContent)) === names;
        }""",
        arg=str(names).replace("'", '"').replace(", ", ","),
    )


async def choose(window: Window, column: str, item: str) -> None:
    await window.page.get_by_role("button", name=f"Options of {column}").click()
    await window.page.get_by_role("button", name=item).locator("visible=true").click()


async def test_two_people_make_a_column_and_change_it(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)

    await hers.page.get_by_role("button", name="Add column").click()
    dialog = hers.page.get_by_role("dialog", name="New column")
    await dialog.get_by_label("Name").fill("Review")
    await dialog.get_by_label("Limit").fill("1")
    await dialog.get_by_label("blue").check(force=True)
    await dialog.get_by_role("button", name="Add column").click()
    await expect(dialog).to_have_count(0)
    for window in (hers, his):
        await expect(heads(window)).to_have_text(["To do", "In progress", "Review", "Done"])

    await his.add("Review", "Check fuel")
    await his.add("Review", "Check crew")
    await expect(hers.column("Review").locator(".over-limit")).to_have_text("Over limit")
    await expect(hers.column("Review").locator("h2")).to_have_text(
        re.compile(r"Review\s*2 / 1 tasks, limit 1Over limit")
    )
    await expect(hers.column("To do").locator(".over-limit")).to_have_count(0)

    await choose(his, "Review", "Name, colour and limit")
    dialog = his.page.get_by_role("dialog", name="Change column")
    # Another field is changed by her meanwhile, and stays.
    await dialog.get_by_label("Name").fill("Ready")
    review = (await ada.snapshot(project))["columns"][2]
    await ada.patch(f"{project.path}/columns/{review['id']}", {"wip_limit": 5})
    await dialog.get_by_role("button", name="Save").click()
    await expect(heads(hers)).to_have_text(["To do", "In progress", "Ready", "Done"])
    changed = (await ada.snapshot(project))["columns"][2]
    assert (changed["name"], changed["wip_limit"], changed["color"]) == ("Ready", 5, "blue")
    await expect(hers.column("Ready").locator(".over-limit")).to_have_count(0)

    await hers.page.get_by_role("button", name="Activity").click()
    await expect(hers.page.locator(".feed li").first).to_contain_text("Bob renamed a column to Ready")


async def test_a_columns_name_that_was_begun_is_kept(server: Server, chromium: Chromium) -> None:
    ada, _, project = await team(server)
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    dialog = page.get_by_role("dialog", name="New column")
    await page.get_by_role("button", name="Add column").click()
    await dialog.get_by_label("Name").fill("Landed")
    await dialog.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Keep as draft").click()
    await expect(dialog).to_have_count(0)
    await page.get_by_role("button", name="Add column").click()
    await expect(dialog.get_by_label("Name")).to_have_value("Landed")
    await dialog.get_by_role("button", name="Add column").click()
    await expect(dialog).to_have_count(0)
    await expect(heads(window)).to_have_text(["To do", "In progress", "Landed", "Done"])
    await choose(window, "Landed", "Name, colour and limit")
    await page.get_by_label("Name", exact=True).fill("Back")
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Discard").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await choose(window, "Landed", "Name, colour and limit")
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Landed")


async def test_columns_are_moved_by_menu_and_by_drag(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    await ada.create_task(project, "Order fuel")
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)

    # By keyboard: the menu opens at Enter, Escape leads back to its button.
    options = hers.page.get_by_role("button", name="Options of To do")
    await options.focus()
    await hers.page.keyboard.press("Enter")
    await expect(hers.page.locator(".column-menu:popover-open")).to_have_count(1)
    await hers.page.keyboard.press("Escape")
    await expect(options).to_be_focused()
    await hers.page.keyboard.press("Enter")
    await hers.page.keyboard.press("Tab")
    await hers.page.keyboard.press("Tab")  # "Move left" is not possible
    await expect(hers.page.locator(":focus")).to_have_text("Move right")
    await hers.page.keyboard.press("Enter")
    for window in (hers, his):
        await expect_on_screen(window, ["In progress", "To do", "Done"])

    # By its head, to the far left; the cards stay cards.
    await his.page.evaluate(STAND_STILL)
    x, y = await middle(his.column("Done").locator(".column-name"))
    await his.page.mouse.move(x, y)
    await his.page.mouse.down()
    left, _ = await middle(his.column("In progress").locator(".column-name"))
    await his.page.mouse.move(left - 20, y, steps=12)
    await expect_on_screen(his, ["Done", "In progress", "To do"])
    await expect_on_screen(hers, ["In progress", "To do", "Done"])
    await his.page.mouse.up()
    for window in (hers, his):
        await expect(heads(window)).to_have_text(["Done", "In progress", "To do"])
        await expect_on_screen(window, ["Done", "In progress", "To do"])
    await expect(his.page.locator(".column.carried")).to_have_count(0)

    # Escape puts it back.
    await his.page.evaluate(STAND_STILL)
    x, y = await middle(his.column("Done").locator(".column-name"))
    await his.page.mouse.move(x, y)
    await his.page.mouse.down()
    await his.page.mouse.move(x + 600, y, steps=12)
    await expect_on_screen(his, ["In progress", "Done", "To do"])
    await his.page.keyboard.press("Escape")
    await his.page.mouse.up()
    await expect_on_screen(his, ["Done", "In progress", "To do"])

    async def names() -> list[str]:
        return [column["name"] for column in (await ada.snapshot(project))["columns"]]

    await is_stored(names, ["Done", "In progress", "To do"])


async def test_a_column_moves_as_often_as_one_presses(server: Server, chromium: Chromium) -> None:
    ada, _, project = await team(server)
    window = await chromium.board_of(server.url, ada, project)
    may_go = asyncio.Event()

    async def slow(route: Route) -> None:
        await may_go.wait()
        await route.continue_()

    await window.page.route("**/columns/*", slow)
    await choose(window, "To do", "Move right")
    await choose(window, "To do", "Move right")
    may_go.set()
    await expect(heads(window)).to_have_text(["In progress", "Done", "To do"])


async def test_a_collapsed_column_is_carried_by_its_head(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)
    await choose(hers, "Done", "Collapse")
    head = hers.column("Done").locator(".expand")
    await expect(head).to_be_focused()
    await hers.page.evaluate(STAND_STILL)
    x, y = await middle(head)
    await hers.page.mouse.move(x, y)
    await hers.page.mouse.down()
    left, _ = await middle(hers.column("To do").locator(".column-name"))
    await hers.page.mouse.move(left - 20, y, steps=12)
    await expect_on_screen(hers, ["Done", "To do", "In progress"])
    await hers.page.mouse.up()
    for window in (hers, his):
        await expect_on_screen(window, ["Done", "To do", "In progress"])
        await expect(heads(window)).to_have_text(["Done", "To do", "In progress"])
    await expect(head).to_have_attribute("aria-expanded", "false")  # the drop was no click
    await expect(hers.page.locator(".column.carried")).to_have_count(0)
    await head.click()
    await expect(hers.page.get_by_role("button", name="Options of Done")).to_be_focused()


async def test_cards_move_between_any_columns_while_one_is_deleted(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    review = await add(ada, project, "Review")
    await add(ada, project, "Archive", "done")
    for title in ("Order fuel", "Count down"):
        await ada.create_task(project, title)
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)

    await his.drag("Order fuel", "Review")
    await hers.expect_titles("Review", ["Order fuel"])
    await his.drag("Order fuel", "Archive")
    await hers.expect_titles("Archive", ["Order fuel"])
    await his.drag("Order fuel", "Review")
    await hers.expect_titles("Review", ["Order fuel"])

    # He carries a card over the column that she deletes; its tasks go where she says.
    await his.lift("Count down")
    await his.carry_to("Review")
    await choose(hers, "Review", "Delete column")
    dialog = hers.page.get_by_role("dialog", name="Delete “Review”?")
    await dialog.get_by_label("Its task goes to").select_option(label="Archive")
    await dialog.get_by_role("button", name="Delete column").click()
    await hers.expect_titles("Archive", ["Order fuel"])
    await expect(heads(his)).to_have_text(["To do", "In progress", "Done", "Archive"])
    await his.page.mouse.up()
    await expect(his.page.locator(".ghost-card")).to_have_count(0)
    snapshot = await ada.snapshot(project)
    assert review["id"] not in {task["column_id"] for task in snapshot["tasks"]}
    assert len(snapshot["tasks"]) == 2

    # The last column of its kind stays.
    await choose(hers, "To do", "Delete column")
    await expect(hers.page.get_by_role("dialog", name="This column stays")).to_be_visible()


async def test_numbers_links_and_check_lists(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    fuel = await ada.create_task(project, "Order fuel", description="Call\n\n- [x] Ada\n- [ ] Bob\n  - [X] Cleo")
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)
    await hers.add("To do", "Count down")
    await expect(his.card("Count down").locator(".number")).to_have_text("MOON-2")
    await expect(his.card("Order fuel").locator(".checks")).to_have_text("2/3 of its check list")
    await ada.change_task(project, fuel, description="- [x] Ada\n- [x] Bob\n- [ ] Cleo\n- [x] Dora")
    await expect(his.card("Order fuel").locator(".checks")).to_have_text("3/4 of its check list")
    document = await ada.post(f"{project.path}/tasks/{fuel['id']}/document")
    path = f"/documents/{document['id']}/content?format=markdown&mode=append"
    await ada.request("PATCH", path, content="- [ ] Eve", Content_Type="text/markdown")  # as typing does
    await expect(his.card("Order fuel").locator(".checks")).to_have_text("3/5 of its check list")
    await his.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    await his.card("Order fuel").click()
    panel = his.page.get_by_role("complementary", name="Task: Order fuel")
    await expect(panel.locator(".number")).to_have_text("MOON-1")
    await expect(his.page).to_have_title("MOON-1 Order fuel · Moon")
    await panel.get_by_role("button", name="Copy link").click()
    await expect(his.notice).to_contain_text("copied")
    link = await his.page.evaluate("() => navigator.clipboard.readText()")

    # The key shows everywhere once it is changed, and the link opens the task for others.
    await ada.patch(project.path, {"key": "LUNA"})
    await expect(his.page).to_have_title("LUNA-1 Order fuel · Moon")
    await expect(hers.card("Count down").locator(".number")).to_have_text("LUNA-2")
    await hers.page.goto(link)
    await expect(hers.page.get_by_role("complementary", name="Task: Order fuel")).to_be_visible()
    await hers.page.get_by_label("Close task").click()
    await expect(hers.page).to_have_title("Moon · Roomful")


async def test_a_viewer_sees_columns_and_can_not_change_them(server: Server, chromium: Chromium) -> None:
    ada, _, project = await team(server)
    vic = await server.api.register("vic")
    await ada.add_member(project, vic, "viewer")
    await add(ada, project, "Review", color="#ff8800", wip_limit=2)
    window = await chromium.board_of(server.url, vic, project)
    await expect(heads(window)).to_have_text(["To do", "In progress", "Review", "Done"])
    await expect(window.page.locator(".column-menu button").filter(has_text="Delete column")).to_have_count(0)
    await expect(window.page.get_by_role("button", name="Add column")).to_have_count(0)
    dot = window.column("Review").locator(".dot")
    await expect(dot).to_have_css("background-color", "rgb(255, 136, 0)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_many_columns_on_a_small_and_a_large_screen(server: Server, chromium: Chromium, scheme: str) -> None:
    ada, _, project = await team(server)
    for number in range(5):
        await add(ada, project, f"Step {number} of a column with a long name", wip_limit=1, color="purple")
    columns = (await ada.snapshot(project))["columns"]
    for title in ("Order fuel for the whole journey", "Count down"):
        await ada.create_task(project, title, column_id=columns[2]["id"], labels=["supplies"])
    desk = await chromium.board_of(server.url, ada, project, color_scheme=scheme)
    widths = await desk.page.locator(".board .column").evaluate_all("(all) => all.map((each) => each.offsetWidth)")
    assert all(250 <= width <= 380 for width in widths)
    assert await desk.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    # The last column comes into view with the focus.
    await desk.page.get_by_role("button", name="Options of Done").focus()
    await expect(desk.column("Done").locator(".column-name")).to_be_in_viewport()
    assert await desk.violations() == []
    phone = await chromium.board_of(server.url, ada, project, color_scheme=scheme, viewport=PHONE)
    assert await phone.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    await phone.page.get_by_role("button", name="Options of To do").click()
    menu = phone.page.locator(".column-menu:popover-open")
    await expect(menu).to_be_visible()
    await phone.page.evaluate(STAND_STILL)
    box = await menu.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert await phone.violations() == []
