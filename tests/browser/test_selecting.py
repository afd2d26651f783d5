"""Several cards at once: selecting them, changing all of them, undoing that."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, Route, expect

from tests.support.api import Json, Person, Project
from tests.support.browsers import DESK, PHONE, STAND_STILL, Chromium, Window, is_stored, middle
from tests.support.fingers import Finger
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

TITLES = ["Order fuel", "Count down", "Lift off", "Land"]


async def board(server: Server, titles: list[str] = TITLES) -> tuple[Person, Person, Project, list[Json]]:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    return ada, bob, project, [await ada.create_task(project, title) for title in titles]


def bar(window: Window) -> Locator:
    return window.page.get_by_role("region", name="Selected tasks")


def selected(window: Window) -> Locator:
    return window.page.locator(".slot.selected .title")


def menu_of(window: Window) -> Locator:
    """The open menu of the row."""
    return window.page.locator(".bulk-menu:popover-open")


async def choose(window: Window, menu: str, item: str) -> None:
    await bar(window).get_by_role("button", name=menu).click()
    await menu_of(window).get_by_role("option", name=item).click()


async def contents(window: Window, column: str) -> list[str]:
    """The titles in a long column: what is scrolled away is not laid out, and has no inner text."""
    return await window.column(column).locator(".slot .title").all_text_contents()


async def values(person: Person, project: Project, field: str) -> Json:
    """A field of every task of the project, by title."""
    return {task["title"]: task[field] for task in (await person.snapshot(project))["tasks"]}


async def test_cards_are_selected_by_mouse_and_changed_together(server: Server, chromium: Chromium) -> None:
    ada, bob, project, _ = await board(server)
    window = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)
    said = window.page.locator("[aria-live=assertive]")

    await window.card("Order fuel").click(modifiers=["ControlOrMeta"])
    await expect(said).to_have_text("Order fuel selected. 1 selected.")
    await window.card("Lift off").click(modifiers=["Shift"])
    await expect(said).to_have_text("3 selected.")
    await expect(selected(window)).to_have_text(TITLES[:3])
    await window.card("Count down").click(modifiers=["ControlOrMeta"])
    await expect(selected(window)).to_have_text(["Order fuel", "Lift off"])
    await expect(window.page).to_have_url(re.compile(f"{project.id}$"))

    await choose(window, "Assign", bob.name)
    await is_stored(
        lambda: values(ada, project, "assignee_id"),
        {"Order fuel": bob.id, "Count down": None, "Lift off": bob.id, "Land": None},
    )
    await choose(window, "Due date", "Tomorrow")
    await expect(his.card("Lift off")).to_contain_text("Tomorrow")
    await expect(his.page.get_by_text("Tomorrow")).to_have_count(2)

    # A label that only one of them has is added to the other; then it is taken from both.
    await bar(window).get_by_role("button", name="Labels").click()
    field = menu_of(window).get_by_role("combobox", name="Add a label")
    await field.fill("launch")
    await field.press("Enter")
    await expect(field).to_have_value("")
    await expect(his.page.locator(".card .label")).to_have_text(["launch", "launch"])
    await expect(menu_of(window).get_by_role("option", name="launch", selected=True)).to_be_visible()
    await menu_of(window).get_by_role("option", name="launch").click()
    await expect(his.page.locator(".card .label")).to_have_count(0)
    await window.page.keyboard.press("Escape")
    await expect(bar(window).get_by_role("button", name="Labels")).to_be_focused()
    await expect(selected(window)).to_have_count(2)

    await choose(window, "Move to", "Done")
    for each in (window, his):
        await each.expect_titles("Done", ["Order fuel", "Lift off"])
        await each.expect_titles("To do", ["Count down", "Land"])
    await bar(window).get_by_role("button", name="Delete").click()
    await expect(bar(window)).to_have_count(0)
    await his.expect_titles("Done", [])
    trash = await ada.get(f"{project.path}/tasks?deleted=true")
    assert {task["title"] for task in trash} == {"Order fuel", "Lift off"}


async def test_one_undo_takes_back_a_bulk_change_but_for_what_others_changed(
    server: Server, chromium: Chromium
) -> None:
    ada, bob, project, tasks = await board(server)
    window = await chromium.board_of(server.url, ada, project)
    await window.card("Order fuel").click(modifiers=["ControlOrMeta"])
    await window.card("Lift off").click(modifiers=["Shift"])
    await choose(window, "Move to", "In progress")
    await expect(window.undo).to_contain_text("Moved 3 tasks to In progress.")
    await window.undo.hover()  # so that it stays
    await is_stored(
        lambda: values(ada, project, "status"),
        {"Order fuel": "in_progress", "Count down": "in_progress", "Lift off": "in_progress", "Land": "todo"},
    )
    await bob.change_task(project, tasks[1], status="done")
    await window.expect_titles("Done", ["Count down"])
    await window.undo.get_by_role("button", name="Undo").click()
    await window.expect_titles("To do", ["Order fuel", "Lift off", "Land"])
    await expect(window.notice).to_contain_text(f"“Count down” stays as it is: {bob.name} moved it since.")

    # Ctrl+Z does the same for a deletion.
    await window.page.keyboard.press("Escape")
    for title in ("Order fuel", "Lift off"):
        await window.card(title).click(modifiers=["ControlOrMeta"])
    await expect(bar(window).get_by_text("2 selected")).to_be_visible()
    await window.page.keyboard.press("Delete")
    await window.expect_titles("To do", ["Land"])
    await is_stored(lambda: values(ada, project, "status"), {"Count down": "done", "Land": "todo"})
    await window.page.keyboard.press("ControlOrMeta+z")
    await window.expect_titles("To do", ["Order fuel", "Lift off", "Land"])
    await is_stored(
        lambda: values(ada, project, "status"),
        {"Count down": "done", "Land": "todo", "Order fuel": "todo", "Lift off": "todo"},
    )


async def test_cards_are_selected_and_carried_by_keyboard(server: Server, chromium: Chromium) -> None:
    ada, _, project, _ = await board(server)
    await ada.create_task(project, "Recover", status="done")
    window = await chromium.board_of(server.url, ada, project)
    keyboard, said = window.page.keyboard, window.page.locator("[aria-live=assertive]")
    await window.card("Order fuel").focus()
    await keyboard.press("x")
    await expect(said).to_have_text("Order fuel selected. 1 selected.")
    await keyboard.press("Shift+ArrowDown")
    await expect(said).to_have_text("2 selected.")
    await expect(window.card("Count down")).to_be_focused()
    await expect(window.card("Count down")).to_have_accessible_name(re.compile("^Selected:"))

    # All that are selected go along with the one that is carried, and stand together in their order.
    await keyboard.press("Space")
    await expect(said).to_contain_text("Picked up 2 tasks.")
    await keyboard.press("ArrowRight")
    await expect(said).to_contain_text("In progress, 1 of 1")
    await keyboard.press("ArrowRight")
    await expect(said).to_contain_text("Done, 1 of 2")
    await keyboard.press("Space")
    await window.expect_titles("Done", ["Order fuel", "Count down", "Recover"])
    await expect(window.card("Count down")).to_be_focused()

    # By letters to the menus; Escape closes the menu first, then clears.
    await keyboard.press("m")
    await expect(menu_of(window).get_by_role("combobox", name="Move to a column")).to_be_focused()
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await window.expect_titles("In progress", ["Order fuel", "Count down"])
    await keyboard.press("l")
    await expect(menu_of(window).get_by_role("combobox", name="Add a label")).to_be_focused()
    await keyboard.type("xme")  # letters are text here
    await keyboard.press("Escape")
    await expect(menu_of(window)).to_have_count(0)
    await expect(selected(window)).to_have_count(2)
    await keyboard.press("Escape")
    await expect(said).to_have_text("Nothing is selected.")
    await expect(bar(window)).to_have_count(0)
    await expect(window.card("Order fuel")).to_be_focused()


async def test_the_menus_of_the_row_are_searched_by_typing(server: Server, chromium: Chromium) -> None:
    ada, bob, project, _ = await board(server)
    window = await chromium.board_of(server.url, ada, project)
    keyboard = window.page.keyboard
    for title in TITLES[:2]:
        await window.card(title).click(modifiers=["ControlOrMeta"])

    async def open_by(key: str, field: str) -> None:
        await keyboard.press(key)
        await expect(menu_of(window).get_by_role("combobox", name=field)).to_be_focused()

    await open_by("a", "Assign to")
    await keyboard.type("nob")
    await expect(menu_of(window).get_by_role("option")).to_have_text(["Nobody"])
    await menu_of(window).get_by_role("combobox").fill("bob")
    await expect(menu_of(window).get_by_role("option")).to_have_count(1)
    await keyboard.press("Enter")
    await expect(menu_of(window)).to_have_count(0)
    await is_stored(
        lambda: values(ada, project, "assignee_id"),
        {"Order fuel": bob.id, "Count down": bob.id, "Lift off": None, "Land": None},
    )

    await open_by("d", "Today, friday, 24 Dec")
    await keyboard.type("2031-01-31")
    await keyboard.press("Enter")
    await is_stored(
        lambda: values(ada, project, "due_on"),
        {"Order fuel": "2031-01-31", "Count down": "2031-01-31", "Lift off": None, "Land": None},
    )

    await open_by("m", "Move to a column")
    await keyboard.type("nowhere")
    await expect(menu_of(window)).to_contain_text("Nothing found.")
    await keyboard.press("Enter")
    await menu_of(window).get_by_role("combobox").fill("do")
    await expect(menu_of(window).get_by_role("option")).to_have_text(["To do", "Done"])
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await window.expect_titles("Done", TITLES[:2])


async def test_a_key_pressed_while_the_row_loads_is_done_then(server: Server, chromium: Chromium) -> None:
    ada, _, project, _ = await board(server)
    window = await chromium.board_of(server.url, ada, project)
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await window.page.route("**/selection_bar*.js", late)
    await window.card("Order fuel").focus()
    await window.page.keyboard.press("x")
    await expect(selected(window)).to_have_text(["Order fuel"])
    await window.page.keyboard.press("m")
    await expect(window.page.locator(".task-panel")).to_have_count(0)  # where it leads for one card
    await window.page.keyboard.type("done")  # due date, new task and title, if these letters were shortcuts
    await window.page.keyboard.press("Backspace")
    may_come.set()
    field = menu_of(window).get_by_role("combobox", name="Move to a column")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("don")
    await expect(menu_of(window).get_by_role("option")).to_have_text(["Done"])
    await window.page.keyboard.press("Enter")
    await window.expect_titles("Done", ["Order fuel"])


async def test_escape_takes_back_a_key_pressed_while_the_row_loads(server: Server, chromium: Chromium) -> None:
    ada, _, project, _ = await board(server)
    window = await chromium.board_of(server.url, ada, project)
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await window.page.route("**/selection_bar*.js", late)
    await window.card("Order fuel").focus()
    for key in ("x", "m", "Escape", "ArrowDown", "x"):
        await window.page.keyboard.press(key)
    await expect(selected(window)).to_have_text(["Order fuel", "Count down"])
    may_come.set()
    await expect(bar(window)).to_contain_text("2 selected")
    await expect(menu_of(window)).to_have_count(0)
    await window.page.keyboard.press("m")
    await expect(menu_of(window).get_by_role("combobox", name="Move to a column")).to_have_value("")


async def test_rows_of_the_list_are_selected_and_changed_together(server: Server, chromium: Chromium) -> None:
    ada, bob, project, _ = await board(server)
    window = await chromium.board_of(server.url, ada, project)
    page, keyboard = window.page, window.page.keyboard
    await page.get_by_role("button", name="List", exact=True).click()
    chosen, links = page.locator(".list tr.selected .list-link"), page.locator(".list .list-link")
    await page.get_by_role("checkbox", name="Select “Order fuel”").check()
    await expect(bar(window)).to_contain_text("1 selected")
    await links.filter(has_text="Lift off").click(modifiers=["Shift"])
    await expect(chosen).to_have_text(TITLES[:3])
    await expect(page.locator(".task-panel")).to_have_count(0)
    await expect(page.get_by_role("checkbox", name="Select all")).to_have_js_property("indeterminate", True)
    await page.get_by_role("checkbox", name="Select “Count down”").uncheck()
    await choose(window, "Assign", bob.name)
    await is_stored(
        lambda: values(ada, project, "assignee_id"),
        {"Order fuel": bob.id, "Count down": None, "Lift off": bob.id, "Land": None},
    )
    assert await window.violations() == []
    await page.get_by_role("checkbox", name="Select all").check()
    await expect(bar(window)).to_contain_text("4 selected")
    await page.get_by_role("checkbox", name="Select all").uncheck()
    await expect(bar(window)).to_have_count(0)

    # By keyboard; after a deletion the focus is on the row that took the place.
    await links.filter(has_text="Count down").focus()
    await keyboard.press("x")
    await keyboard.press("Shift+ArrowDown")
    await expect(chosen).to_have_text(["Count down", "Lift off"])
    await keyboard.press("Delete")
    await expect(links).to_have_text(["Order fuel", "Land"])
    await expect(page.locator(".list .list-link:focus")).to_have_count(1)
    await is_stored(lambda: values(ada, project, "status"), {"Order fuel": "todo", "Land": "todo"})
    # One row without a selection: the keys of a card.
    await links.filter(has_text="Land").focus()
    await keyboard.press("e")
    await expect(page.get_by_label("Title")).to_be_focused()
    await expect(page.get_by_label("Title")).to_have_value("Land")


async def test_a_viewer_selects_no_row(server: Server, chromium: Chromium) -> None:
    ada, bob, project, _ = await board(server)
    await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})
    window = await chromium.board_of(server.url, bob, project)
    await window.page.get_by_role("button", name="List", exact=True).click()
    await expect(window.page.locator(".list .list-link")).to_have_text(TITLES)
    await expect(window.page.locator(".list").get_by_role("checkbox")).to_have_count(0)
    await window.page.locator(".list .list-link").first.focus()
    await window.page.keyboard.press("x")
    await expect(bar(window)).to_have_count(0)


async def test_selected_cards_are_dragged_together(server: Server, chromium: Chromium) -> None:
    ada, bob, project, _ = await board(server)
    await ada.create_task(project, "Recover", status="done")
    window = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)
    for title in ("Order fuel", "Lift off"):
        await window.card(title).click(modifiers=["ControlOrMeta"])
    await window.lift("Lift off")
    await expect(window.page.locator(".ghost-card")).to_have_attribute("data-count", "2")
    await window.carry_to("Done", share=0.9)
    await window.page.mouse.up()
    await window.undo.hover()  # so that it stays
    for each in (window, his):
        await each.expect_titles("Done", ["Recover", "Order fuel", "Lift off"])
        await each.expect_titles("To do", ["Count down", "Land"])
    await window.undo.get_by_role("button", name="Undo").click()
    await his.expect_titles("To do", TITLES)

    # One that is not selected goes alone, and Escape puts all back.
    await window.drag("Land", "In progress")
    await his.expect_titles("In progress", ["Land"])
    await expect(selected(window)).to_have_count(2)


async def test_a_finger_selects_by_resting_and_then_by_taps(server: Server, chromium: Chromium) -> None:
    ada, _, project, _ = await board(server)
    window = await chromium.board_of(server.url, ada, project, viewport=PHONE, has_touch=True, is_mobile=True)
    finger = await Finger.on(window)
    await finger.down(*await middle(window.card("Order fuel")))
    await expect(window.page.locator(".slot.held")).to_have_count(1)
    await finger.up()
    await expect(selected(window)).to_have_text(["Order fuel"])
    await expect(bar(window)).to_be_visible()
    await window.page.evaluate(STAND_STILL)
    await window.card("Lift off").tap()
    await expect(selected(window)).to_have_text(["Order fuel", "Lift off"])
    await window.card("Order fuel").tap()
    await expect(selected(window)).to_have_text(["Lift off"])
    await bar(window).get_by_role("button", name="Move to").tap()
    await expect(menu_of(window).get_by_role("option", name="Done")).to_be_visible()
    await window.page.evaluate(STAND_STILL)
    box = await menu_of(window).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    await menu_of(window).get_by_role("option", name="Done").tap()
    await window.expect_titles("Done", ["Lift off"])
    await bar(window).get_by_role("button", name="Clear selection").tap()
    await expect(bar(window)).to_have_count(0)
    # Without a selection a tap opens, as before.
    await window.card("Count down").tap()
    await expect(window.page.get_by_role("complementary", name="Task: Count down")).to_be_visible()


async def test_a_click_that_comes_late_after_a_finger_rested_takes_nothing_back(
    server: Server, chromium: Chromium
) -> None:
    """A busy browser tells of the finger's end, and makes a click of it some milliseconds later."""
    ada, _, project, _ = await board(server)
    window = await chromium.board_of(server.url, ada, project, viewport=PHONE, has_touch=True, is_mobile=True)
    rest = """async (card) => {
      const { x, y } = card.getBoundingClientRect();
      const finger = { bubbles: true, cancelable: true, isPrimary: true, pointerId: 7, pointerType: "touch" };
      const send = (type) =>
        card.dispatchEvent(new PointerEvent(type, { ...finger, button: 0, clientX: x + 9, clientY: y + 9 }));
      send("pointerdown");
      while (!document.querySelector(".slot.held")) await new Promise(requestAnimationFrame);
      send("pointerup");
      await new Promise((resolve) => setTimeout(resolve, 50));
      card.click();
    }"""
    await window.card("Order fuel").evaluate(rest)
    await expect(selected(window)).to_have_text(["Order fuel"])
    await expect(bar(window)).to_contain_text("1 selected")
    # The next tap is one.
    await window.page.evaluate(STAND_STILL)
    await window.card("Order fuel").tap()
    await expect(selected(window)).to_have_count(0)


async def test_the_selection_follows_what_others_do(server: Server, chromium: Chromium) -> None:
    ada, bob, project, tasks = await board(server)
    window = await chromium.board_of(server.url, bob, project)
    await window.page.get_by_role("button", name="Options of To do").click()
    await window.page.get_by_role("button", name="Select all tasks").locator("visible=true").click()
    await expect(bar(window)).to_contain_text("4 selected")
    await ada.delete(f"{project.path}/tasks/{tasks[0]['id']}")
    await expect(bar(window)).to_contain_text("3 selected")
    await ada.change_task(project, tasks[1], status="done")
    await window.expect_titles("Done", ["Count down"])
    await expect(bar(window)).to_contain_text("3 selected")
    # Who may change nothing any more has nothing selected.
    await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})
    await expect(bar(window)).to_have_count(0)
    await window.card("Land").focus()
    await window.page.keyboard.press("x")
    await window.page.keyboard.press("Delete")
    await expect(selected(window)).to_have_count(0)
    assert len(await values(ada, project, "status")) == 3


async def test_a_bulk_change_waits_without_a_network_and_its_refusals_are_one_notice(
    server: Server, chromium: Chromium
) -> None:
    ada, bob, project, tasks = await board(server)
    window = await chromium.board_of(server.url, ada, project)
    for title in TITLES[:3]:
        await window.card(title).click(modifiers=["ControlOrMeta"])
    await window.page.context.set_offline(True)
    await choose(window, "Assign", bob.name)
    await expect(window.page.get_by_text("Not sent yet")).to_have_count(3)
    # Somebody assigns one of them and deletes another one meanwhile.
    await ada.change_task(project, tasks[0], assignee_id=ada.id)
    await ada.delete(f"{project.path}/tasks/{tasks[1]['id']}")
    await window.page.context.set_offline(False)
    await is_stored(
        lambda: values(ada, project, "assignee_id"), {"Order fuel": ada.id, "Lift off": bob.id, "Land": None}
    )
    await expect(window.notice).to_have_count(1)
    await expect(window.notice).to_contain_text("2 of the tasks were not changed.")
    # What she chose is a draft beside what is saved.
    await window.page.keyboard.press("Escape")
    await window.card("Order fuel").click()
    await window.page.get_by_role("button", name="Keep mine").click()
    await is_stored(
        lambda: values(ada, project, "assignee_id"), {"Order fuel": bob.id, "Lift off": bob.id, "Land": None}
    )


async def test_two_hundred_cards_are_changed_a_few_at_a_time(server: Server, chromium: Chromium) -> None:
    ada, bob, project, _ = await board(server, [f"Task {number}" for number in range(200)])
    window = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)
    in_flight = most = 0

    def begin(method: str) -> None:
        nonlocal in_flight, most
        in_flight += method == "PATCH"
        most = max(most, in_flight)

    def end(method: str) -> None:
        nonlocal in_flight
        in_flight -= method == "PATCH"

    window.page.on("request", lambda request: begin(request.method))
    for event in ("requestfinished", "requestfailed"):
        window.page.on(event, lambda request: end(request.method))
    await window.page.get_by_role("button", name="Options of To do").click()
    await window.page.get_by_role("button", name="Select all tasks").locator("visible=true").click()
    await choose(window, "Move to", "Done")
    await expect(bar(window).get_by_role("progressbar")).to_be_visible()
    await expect(window.column("Done").locator(".slot")).to_have_count(200)  # at once, here
    await expect(his.column("Done").locator(".slot")).to_have_count(200, timeout=120_000)
    await expect(bar(window).get_by_role("progressbar")).to_have_count(0)
    assert await contents(his, "Done") == [f"Task {number}" for number in range(200)]
    assert most <= 4
    await window.page.keyboard.press("ControlOrMeta+z")
    await expect(his.column("To do").locator(".slot")).to_have_count(200, timeout=120_000)
    assert await contents(his, "To do") == [f"Task {number}" for number in range(200)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_row_looks_well_and_covers_no_card(server: Server, chromium: Chromium, scheme: str) -> None:
    ada, _, project, _ = await board(server, [f"Task {number}" for number in range(15)])
    for viewport in (DESK, PHONE):
        window = await chromium.board_of(server.url, ada, project, color_scheme=scheme, viewport=viewport)
        await window.card("Task 1").focus()
        for key in ("x", "ArrowDown", "x"):
            await window.page.keyboard.press(key)
        await expect(bar(window)).to_contain_text("2 selected")
        await window.page.evaluate(STAND_STILL)
        row = await bar(window).bounding_box()
        columns = await window.page.locator(".board").bounding_box()
        assert row is not None
        assert columns is not None
        assert columns["y"] + columns["height"] <= row["y"] + 9  # its padding
        assert row["x"] >= 0
        assert row["x"] + row["width"] <= viewport["width"]
        assert row["y"] + row["height"] <= viewport["height"]
        assert await window.violations() == []
        await bar(window).get_by_role("button", name="Due date").click()
        await expect(menu_of(window).get_by_role("option", name="Tomorrow")).to_be_visible()
        assert await window.violations() == []
