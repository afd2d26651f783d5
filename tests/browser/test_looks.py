"""What the board looks like: what covers what, what moves, what is drawn anew, and what is on paper."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from roomful.inbox.mail.unsubscribing import UnsubscribeTokens
from roomful.signing_key import derived_key
from tests.browser.test_screens import overlap
from tests.conftest import SECRET_KEY
from tests.support.api import Person, Project
from tests.support.browsers import PHONE, STAND_STILL, Chromium, Window, middle
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIZES: list[dict[str, Any]] = [{}, {"viewport": PHONE}, {"viewport": {"width": 2560, "height": 1300}}]
SIZE_NAMES = ["desk", "phone", "wide"]

WATCH_BOARD = """() => {
  window.redrawn = 0;
  const board = document.querySelector('.board');
  new MutationObserver((records) => { window.redrawn += records.length; })
    .observe(board, { childList: true, subtree: true, characterData: true });
}"""
SCROLL = """(screen) => {
  screen.scrollTop = 999;
  return screen.scrollTop;
}"""
IS_WHOLE = """(words) => words.scrollWidth <= words.clientWidth && words.scrollHeight <= words.clientHeight + 1"""
SIZES_OF_COLUMNS = """() => [...document.querySelectorAll('.board .column')].map((column) => {
  const { width, height } = column.getBoundingClientRect();
  return [width, height];
})"""


async def box(locator: Locator) -> dict[str, float]:
    found = await locator.bounding_box()
    assert found is not None, "not on screen"
    return {side: float(found[side]) for side in ("x", "y", "width", "height")}


async def crew(server: Server) -> tuple[Person, Person, Project]:
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Kahn")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    return ada, bob, project


@pytest.mark.parametrize("options", SIZES, ids=SIZE_NAMES)
async def test_a_notice_has_a_row_of_its_own_and_moves_nothing(
    server: Server, chromium: Chromium, options: dict[str, Any]
) -> None:
    ada, _, project = await crew(server)
    for number in range(12):
        await ada.create_task(project, f"Task {number}")
    window = await chromium.board_of(server.url, ada, project, **options)
    field, board = window.page.get_by_label("New task in To do"), window.page.locator(".board")
    await window.page.evaluate(STAND_STILL)
    before = await box(field)
    await window.page.goto(f"{server.url}/#/projects/{project.id}/tasks/nowhere")
    await window.notice.hover()  # so that it stays
    await window.page.evaluate(STAND_STILL)
    assert not await overlap(window.notice, board)
    if "viewport" not in options or options["viewport"] != PHONE:  # there it may take two lines
        assert await box(field) == before


async def test_notices_are_few_and_wait_while_they_are_read(server: Server, chromium: Chromium) -> None:
    ada, _, project = await crew(server)
    window = await chromium.window(server.url)
    page = window.page
    await page.clock.install()
    await window.sign_in(ada)
    await page.get_by_role("button", name="Archive Apollo").click()
    await expect(window.undo).to_be_visible()
    strip = page.locator(".notices")
    await expect(strip).to_have_attribute("role", "status")
    await window.undo.hover()
    await page.clock.fast_forward("01:00")
    await expect(window.undo).to_be_visible()
    # By keyboard, too.
    await window.undo.get_by_role("button", name="Undo").focus()
    await page.mouse.move(5, 5)
    await page.clock.fast_forward("01:00")
    await expect(window.undo).to_be_visible()
    await page.get_by_label("Search projects").focus()
    await page.clock.run_for(5_000)
    await expect(window.undo).to_have_count(0)
    await page.goto(f"{server.url}/#/projects/{project.id}")
    await window.is_live()
    for name in ("one", "two", "three", "four"):
        await page.goto(f"{server.url}/#/projects/{project.id}/tasks/{name}")
        await expect(page).to_have_url(re.compile(f"#/projects/{project.id}$"))
        await page.locator(".notice").last.hover()  # so that it stays
    await expect(page.locator(".notice")).to_have_count(2)


@pytest.mark.parametrize("options", SIZES, ids=SIZE_NAMES)
async def test_an_outage_is_a_row_and_covers_nothing_even_beside_a_task(
    server: Server, chromium: Chromium, options: dict[str, Any]
) -> None:
    ada, _, project = await crew(server)
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project, **options)
    page = window.page
    await window.card("Order fuel").click()
    title = page.get_by_label("Title")
    await expect(title).to_have_value("Order fuel")
    await page.evaluate(STAND_STILL)
    before = await box(title)
    await server.kill()
    banner = page.locator(".banner")
    await expect(banner).to_be_visible()
    await page.evaluate(STAND_STILL)
    for other in (page.locator(".task-panel"), page.locator(".board"), page.locator(".top-bar")):
        assert not await overlap(banner, other)
    menu = await box(page.get_by_role("button", name="Ada Lovelace: menu"))
    assert menu["x"] + menu["width"] <= await page.evaluate("innerWidth")  # the bar has room for all of it
    row = await banner.evaluate("(row) => row.offsetHeight + parseFloat(getComputedStyle(row).marginBottom)")
    assert 0 <= (await box(title))["y"] - before["y"] <= row + 1
    await server.start()


@pytest.mark.parametrize("options", SIZES, ids=SIZE_NAMES)
async def test_an_outage_moves_no_card(server: Server, chromium: Chromium, options: dict[str, Any]) -> None:
    """Under a pointer that is about to press, or that carries, everything stays where it is."""
    ada, _, project = await crew(server)
    for number in range(12):
        await ada.create_task(project, f"Task {number}")
    window = await chromium.board_of(server.url, ada, project, **options)
    page, banner = window.page, window.page.locator(".banner")
    shown = [window.card("Task 0"), window.card("Task 3")]
    if options.get("viewport") != PHONE:  # there the row may take two lines, at the lower edge
        shown.append(page.get_by_label("New task in To do"))

    async def places() -> list[dict[str, float]]:
        await page.evaluate(STAND_STILL)
        return [await box(each) for each in shown]

    before = await places()
    await server.kill()
    await expect(banner).to_be_visible()
    assert await places() == before
    await server.start()
    await window.is_live()
    await expect(banner).to_have_count(0)
    assert await places() == before


async def test_a_card_is_carried_through_an_outage(server: Server, chromium: Chromium) -> None:
    ada, _, project = await crew(server)
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project)
    await window.lift("Order fuel")
    await window.carry_to("Done")
    held = window.column("Done").locator(".slot.held")
    await window.page.evaluate(STAND_STILL)
    before = await box(held)
    await server.kill()
    await expect(window.page.locator(".banner")).to_be_visible()
    await window.page.evaluate(STAND_STILL)
    assert await box(held) == before
    await window.page.mouse.up()
    await window.expect_titles("Done", ["Order fuel"])
    await server.start()
    await window.is_live()
    await expect(window.page.locator(".banner")).to_have_count(0)
    await window.expect_titles("Done", ["Order fuel"])


async def test_a_task_opens_over_the_board_which_stays_as_it_is(server: Server, chromium: Chromium) -> None:
    ada, _, project = await crew(server)
    for status in ("todo", "in_progress", "done"):
        await ada.create_task(project, f"A task {status}", status=status)
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await page.evaluate(STAND_STILL)
    await page.evaluate(WATCH_BOARD)
    before = await page.evaluate(SIZES_OF_COLUMNS)
    await window.card("A task todo").click()
    await expect(page.get_by_label("Title")).to_be_visible()
    await page.evaluate(STAND_STILL)
    assert await page.evaluate(SIZES_OF_COLUMNS) == before
    assert await page.evaluate("() => window.redrawn") == 0
    assert not await overlap(page.get_by_role("group", name="View"), page.locator(".task-panel"))
    # What the panel covers can be scrolled out from under it.
    await page.locator(".board").evaluate("(board) => { board.scrollLeft = board.scrollWidth; }")
    assert not await overlap(window.column("Done"), page.locator(".task-panel"))


async def test_facts_look_like_text_until_one_points_at_them(server: Server, chromium: Chromium) -> None:
    ada, _, project = await crew(server)
    await ada.create_task(project, "Order fuel", due_on="2031-01-31")
    window = await chromium.board_of(server.url, ada, project)
    await window.card("Order fuel").click()
    field = window.page.locator(".task-panel").get_by_label("Due")
    await expect(field).to_be_visible()
    look = "(field) => [getComputedStyle(field).borderTopColor, getComputedStyle(field).backgroundColor]"
    clear = "rgba(0, 0, 0, 0)"
    await window.page.evaluate(STAND_STILL)
    assert await field.evaluate(look) == [clear, clear]
    assert await field.evaluate("(field) => getComputedStyle(field).opacity") == "1"
    await field.hover()
    await window.page.evaluate(STAND_STILL)
    assert (await field.evaluate(look))[1] != clear


async def test_everybody_sees_where_a_carried_card_would_land(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await crew(server)
    for title in ("One", "Two", "Three"):
        await ada.create_task(project, title, status="done")
    await ada.create_task(project, "Order fuel")
    hers, his = [await chromium.board_of(server.url, person, project) for person in (ada, bob)]
    slot = hers.page.locator(".drop-slot")
    await his.card("Order fuel").focus()
    await his.page.keyboard.press("Space")
    await his.page.keyboard.press("ArrowRight")
    await his.page.keyboard.press("ArrowRight")
    await expect(his.column("Done").locator(".slot.held")).to_have_count(1)
    await his.page.keyboard.press("ArrowDown")
    await expect(slot).to_have_count(1)

    async def lies_between(above: str, below: str) -> bool:
        await hers.page.evaluate(STAND_STILL)
        line, upper, lower = await box(slot), await box(hers.card(above)), await box(hers.card(below))
        return upper["y"] + upper["height"] <= line["y"] + 4 and line["y"] <= lower["y"]

    async with asyncio.timeout(20):
        while not await lies_between("One", "Two"):
            await hers.page.wait_for_timeout(50)
    await his.page.keyboard.press("Escape")
    await expect(slot).to_have_count(0)


async def test_a_carrying_pointer_is_where_the_card_is_carried(server: Server, chromium: Chromium) -> None:
    """Not on the card, which others see where it was."""
    ada, bob, project = await crew(server)
    await ada.create_task(project, "Order fuel")
    hers, his = [await chromium.board_of(server.url, person, project) for person in (ada, bob)]
    await his.lift("Order fuel")
    await his.carry_to("Done", share=0.1)
    x, y = await middle(his.column("Done").locator(".slot.held"))
    await his.page.mouse.move(x, y, steps=2)
    cursor = hers.page.locator(".cursor")
    await expect(cursor).to_be_visible()
    there = await box(hers.column("Done"))
    async with asyncio.timeout(20):
        while not there["x"] < (await box(cursor))["x"] < there["x"] + there["width"]:
            await hers.page.wait_for_timeout(50)
    await his.page.keyboard.press("Escape")
    await his.page.mouse.up()


@pytest.mark.parametrize("options", SIZES[:2], ids=SIZE_NAMES[:2])
async def test_the_bar_stays_while_parts_of_a_project_scroll(
    server: Server, chromium: Chromium, options: dict[str, Any]
) -> None:
    ada, _, project = await crew(server)
    for number in range(40):
        await ada.create_task(project, f"Task {number}", labels=["fuel"])
    window = await chromium.board_of(server.url, ada, project, **options)
    page = window.page
    for address, shown in (
        ("", ".board .slot"),
        ("?view=list", ".list-link"),
        ("/settings", ".settings"),
        ("/trash", ".trash-words"),
    ):
        await page.goto(f"{server.url}/#/projects/{project.id}{address}")
        await expect(page.locator(shown).first).to_be_visible()
        if address == "/settings":
            await page.get_by_label("CSV file").set_input_files(
                {"name": "plan.csv", "mimeType": "text/csv", "buffer": b"Title\nFly\n"}
            )
            await expect(page.get_by_role("button", name="Import 1 row")).to_be_visible()
        assert await page.locator(".screen").evaluate(SCROLL) == 0, address


async def test_choices_of_the_filter_are_as_wide_as_what_they_show(server: Server, chromium: Chromium) -> None:
    ada, _, project = await crew(server)
    window = await chromium.board_of(server.url, ada, project)
    due = window.page.get_by_role("combobox", name="Due")
    column = window.page.get_by_role("combobox", name="Column")
    assert (await box(due))["width"] < (await box(column))["width"] < 150


async def test_a_resting_pointer_fades_and_one_that_is_offline_goes(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await crew(server)
    await ada.create_task(project, "Order fuel")
    hers, his = [await chromium.board_of(server.url, person, project) for person in (ada, bob)]
    cursor = hers.page.locator(".cursor")
    await his.page.mouse.move(*await middle(his.card("Order fuel")))
    await expect(cursor).to_be_visible()
    await expect(cursor).to_have_class(re.compile(r"\bidle\b"))
    x, y = await middle(his.card("Order fuel"))
    async with asyncio.TaskGroup() as both:
        # For some seconds: her page looks for that itself, however slow this test is.
        both.create_task(hers.page.locator(".cursor:not(.idle)").wait_for())
        await his.page.mouse.move(x + 30, y + 5)
    await his.page.context.close()
    await expect(cursor).to_have_count(0)


@pytest.mark.parametrize("options", SIZES[:2], ids=SIZE_NAMES[:2])
async def test_an_empty_project_offers_three_things_that_are_ticked_off(
    server: Server, chromium: Chromium, options: dict[str, Any]
) -> None:
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Kahn")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project, **options)
    page = window.page
    steps = page.get_by_role("complementary", name="First steps")
    done = steps.locator(".done")
    head = window.column("To do").locator(".column-head")
    await expect(steps.locator(".plain")).to_have_count(3)
    assert await window.violations() == []
    before = await box(head)
    await steps.get_by_role("button", name="Write down a task").click()
    await expect(page.get_by_label("New task in To do")).to_be_focused()
    await page.keyboard.type("Order fuel")
    await page.keyboard.press("Enter")
    await expect(done).to_have_text(["Done: Write down a task"])
    await steps.get_by_role("button", name="Bring somebody in").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await ada.add_member(project, bob)
    await expect(done).to_have_count(2)
    await ada.post(f"{project.path}/documents", {"title": "Flight plan"})
    await expect(done).to_have_count(3)
    assert await window.violations() == []
    assert await box(head) == before  # nothing moves under a pointer
    await page.goto(f"{server.url}/#/projects/{project.id}/documents")
    await expect(page.get_by_role("heading", name="Documents")).to_be_visible()  # the board is gone
    await page.goto(f"{server.url}/#/projects/{project.id}")
    await expect(head).to_be_visible()
    await expect(steps).to_have_count(0)

    other = await ada.create_project("Gemini")
    await page.goto(f"{server.url}/#/projects/{other.id}")
    await steps.get_by_role("button", name="Hide the first steps").click()
    await expect(steps).to_have_count(0)
    await page.reload()
    await window.is_live()
    await expect(steps).to_have_count(0)


async def test_a_phone_shows_the_whole_name_while_others_are_there(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Kahn")
    project = await ada.create_project("Moon landing")
    await ada.add_member(project, bob)
    document = await ada.post(f"{project.path}/documents", {"title": "The plan of the flight"})
    his = await chromium.board_of(server.url, bob, project)
    window = await chromium.board_of(server.url, ada, project, viewport=PHONE)
    page = window.page
    await expect(page.get_by_role("list", name="Also here")).to_be_visible()
    assert await page.locator(".bar-title").evaluate(IS_WHOLE)
    await page.get_by_role("button", name="Ada Lovelace: menu").click()
    await page.get_by_role("button", name="Activity").click()
    await expect(page.get_by_role("complementary", name="Activity")).to_be_visible()
    for each in (his, window):
        await each.page.goto(f"{server.url}/#/projects/{project.id}/documents/{document['id']}")
        await expect(each.page.locator(".save-sign")).to_have_text("Saved")
    await expect(page.locator(".document-head .faces")).to_be_visible()
    assert await page.locator(".document-head h2").evaluate(IS_WHOLE)


async def test_the_field_for_comments_stays_in_view_when_one_is_sent(server: Server, chromium: Chromium) -> None:
    ada, _, project = await crew(server)
    task = await ada.create_task(project, "Order fuel")
    for _ in range(6):
        await ada.comment(project, task)
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await window.card("Order fuel").click()
    comments = page.locator(".discussion .comment")
    await expect(comments).to_have_count(6)
    field = page.get_by_label("Add a comment")
    await field.fill("Well?")
    await field.press("Control+Enter")
    await expect(comments).to_have_count(7)
    await expect(comments.last.get_by_role("button", name="Delete")).to_be_visible()  # it is stored
    body = await box(page.locator(".task-panel .panel-body"))
    async with asyncio.timeout(20):
        while (found := await box(field))["y"] + found["height"] > body["y"] + body["height"]:
            await page.wait_for_timeout(50)


async def test_the_versions_leave_the_tools_of_the_text_free(server: Server, chromium: Chromium) -> None:
    ada, _, project = await crew(server)
    document = await ada.post(f"{project.path}/documents", {"title": "Flight plan"})
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await page.goto(f"{server.url}/#/projects/{project.id}/documents/{document['id']}")
    await expect(page.locator(".save-sign")).to_have_text("Saved")
    await page.get_by_role("button", name="Versions", exact=True).click()
    panel = page.locator(".panel.versions")
    await expect(panel).to_be_visible()
    await page.evaluate(STAND_STILL)
    assert not await overlap(panel, page.get_by_role("toolbar", name="Format"))


async def test_the_colours_of_a_column_are_one_row(server: Server, chromium: Chromium) -> None:
    ada, _, project = await crew(server)
    window = await chromium.board_of(server.url, ada, project)
    await window.page.get_by_role("button", name="Add column").click()
    swatches = window.page.get_by_role("dialog").locator(".swatch")
    await expect(swatches).to_have_count(10)
    await window.page.evaluate(STAND_STILL)
    assert len({(await box(each))["y"] for each in await swatches.all()}) == 1


async def test_the_page_that_ends_mail_keeps_off_the_edges(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    token = UnsubscribeTokens(derived_key(SECRET_KEY, "unsubscribe")).issue(ada.id)
    window = await chromium.window(server.url, viewport=PHONE, color_scheme="dark")
    page = window.page
    await page.goto(f"{server.url}/api/v1/mail/unsubscribe/{token}")
    await expect(page.get_by_role("heading", name="No more mail?")).to_be_visible()
    assert await window.violations() == []
    await page.get_by_role("button", name="Send me no more mail").click()
    await expect(page.get_by_text("You get no more mail.")).to_be_visible()
    assert await window.violations() == []
    words = await box(page.get_by_text("You get no more mail."))
    assert words["x"] >= 16
    assert words["x"] + words["width"] <= PHONE["width"] - 16


@pytest.mark.parametrize(("locale", "shown"), [("de-DE", "31. Jan. 2031"), ("en-US", "Jan 31, 2031")])
async def test_days_are_written_as_the_reader_writes_them(
    server: Server, chromium: Chromium, locale: str, shown: str
) -> None:
    ada, _, project = await crew(server)
    await ada.create_task(project, "Order fuel", due_on="2031-01-31")
    window = await chromium.board_of(server.url, ada, project, locale=locale)
    await expect(window.card("Order fuel").locator(".due")).to_contain_text(shown)


async def test_an_unknown_address_of_the_server_says_so_and_leads_home(server: Server, chromium: Chromium) -> None:
    window = await chromium.window(server.url)
    page = window.page
    answer = await page.goto(f"{server.url}/nothing/here")
    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    await expect(page).to_have_title("Page not found · Roomful")
    assert await window.violations() == []
    await page.get_by_role("link", name="Go to Roomful").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.url.split("#")[0] == f"{server.url}/"


async def test_on_paper_is_the_whole_board_or_the_open_task(server: Server, chromium: Chromium) -> None:
    ada, _, project = await crew(server)
    for number in range(90):
        await ada.create_task(project, f"Task {number}")
    await ada.create_task(project, "The last one", status="done", description="- [x] Launch\n- [ ] Land")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    pdf = await page.pdf()
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 2
    await page.emulate_media(media="print")
    await expect(page.locator(".board .slot")).to_have_count(91)
    last = await box(window.card("The last one"))
    first = await box(window.card("Task 89"))
    assert last["y"] > first["y"] + first["height"]  # the columns are one below the other
    for chrome in (".top-bar button", ".strip", ".quick-add", ".notices", ".connection", ".column-menu"):
        assert await page.locator(chrome).evaluate_all("(found) => found.every((each) => !each.checkVisibility())")
    await page.goto(f"{server.url}/#/projects/{project.id}")
    await page.emulate_media(media="screen")
    await window.card("The last one").click()
    await expect(page.get_by_label("Title")).to_have_value("The last one")
    await page.emulate_media(media="print")
    await expect(page.get_by_label("Title")).to_be_visible()
    await expect(page.locator(".task-panel .said input").first).to_be_visible()  # what is done, and what isn't
    await expect(page.get_by_text("Assign to me")).to_be_hidden()
    await expect(page.locator(".board")).to_be_hidden()
    assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


async def test_on_paper_a_document_shows_nobody_who_is_writing(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await crew(server)
    document = await ada.post(f"{project.path}/documents", {"title": "Flight plan"})
    path = f"/documents/{document['id']}/content?format=markdown&mode=replace"
    await ada.request("PATCH", path, content="Launch in July.")
    hers, his = [await chromium.board_of(server.url, person, project) for person in (ada, bob)]
    for window in (hers, his):
        await window.page.goto(f"{server.url}/#/projects/{project.id}/documents/{document['id']}")
        await expect(window.page.locator(".ProseMirror")).to_contain_text("Launch in July.")
    await his.page.locator(".ProseMirror p").click()
    await expect(hers.page.locator(".other-caret")).to_be_visible()
    await hers.page.emulate_media(media="print")
    await expect(hers.page.locator(".other-caret")).to_be_hidden()
    await expect(hers.page.get_by_text("Launch in July.")).to_be_visible()


@pytest.mark.parametrize("options", SIZES, ids=SIZE_NAMES)
async def test_a_slow_line_shows_an_outline_that_the_board_fits_into(
    server: Server, chromium: Chromium, options: dict[str, Any]
) -> None:
    ada, bob, project = await crew(server)
    await bob.post(f"{project.path}/documents", {"title": "Flight plan"})
    window = await chromium.board_of(server.url, ada, project, **options)
    page = window.page
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await page.route("**/assets/*.js", late)
    await page.reload(wait_until="commit")
    outlined = page.locator(".outline-board div").first
    await expect(outlined).to_be_visible()
    promised = await box(outlined)
    may_come.set()
    await window.is_live()
    await expect(page.locator(".outline")).to_have_count(0)
    await page.evaluate(STAND_STILL)
    column = await box(window.column("To do"))
    assert [round(column[side]) for side in ("x", "y", "width")] == [
        round(promised[side]) for side in ("x", "y", "width")
    ]


async def test_a_board_is_loaded_with_no_request_made_twice(server: Server, chromium: Chromium) -> None:
    ada, _, project = await crew(server)
    window: Window = await chromium.board_of(server.url, ada, project)
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    await window.page.reload()
    await window.is_live()
    assert len(asked) == len(set(asked)), asked
    assert f"GET {server.url}/api/v1/projects/{project.id}/snapshot" in asked
