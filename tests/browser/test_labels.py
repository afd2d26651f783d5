"""Labels, and the lists from which labels, people and columns are chosen."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.support.api import Json, Person, Project
from tests.support.browsers import PHONE, STAND_STILL, Chromium, Window, is_stored
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


async def team(server: Server) -> tuple[Person, Person, Project]:
    ada = await server.api.register("ada", "Lovelace")
    bob = await server.api.register("bob", "Kahn")
    project = await ada.create_project("Moon")
    await ada.add_member(project, bob)
    return ada, bob, project


def options(page: Page) -> Locator:
    return page.get_by_role("listbox").get_by_role("option")


def on_card(window: Window, title: str) -> Locator:
    return window.card(title).locator(".label")


async def opened(window: Window, title: str) -> Page:
    await window.card(title).click()
    await expect(window.page.get_by_label("Title")).to_have_value(title)
    return window.page


async def stored(person: Person, project: Project, count: int) -> list[Json]:
    """The project's tasks once it has this many events: the board shows changes before they are stored."""
    async with asyncio.timeout(30):
        while len(await person.all_events(project)) < count:  # noqa: ASYNC110  # the server's state
            await asyncio.sleep(0.05)
    tasks: list[Json] = (await person.snapshot(project))["tasks"]
    return tasks


async def test_labels_are_chosen_made_and_taken_off_by_keyboard(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    for title, labels in {"One": ["fuel", "urgent"], "Two": ["urgent"], "Three": []}.items():
        await ada.create_task(project, title, labels=labels)
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)
    page = await opened(hers, "Three")
    field = page.locator(".task-panel").get_by_role("combobox", name="Labels")

    # Those of most tasks come first.
    await field.press("ArrowDown")
    await expect(options(page)).to_have_text(["urgent", "fuel"])
    await field.press("ArrowDown")
    await field.press("ArrowDown")
    await field.press("Enter")
    await expect(on_card(his, "Three")).to_have_text(["fuel"])
    await expect(options(page).filter(has_text="fuel")).to_have_attribute("aria-selected", "true")
    assert await hers.violations() == []
    await page.keyboard.type("URG")
    await expect(options(page)).to_have_text(["urgent", "Create “URG”"])
    await field.press("Enter")
    await expect(on_card(his, "Three")).to_have_text(["fuel", "urgent"])
    await page.keyboard.type("moon")
    await expect(options(page)).to_have_text(["Create “moon”"])
    await field.press("Enter")
    await expect(on_card(his, "Three")).to_have_text(["fuel", "urgent", "moon"])
    await page.keyboard.type("fuel")
    await field.press("Enter")  # it has it: taken off
    await expect(on_card(his, "Three")).to_have_text(["urgent", "moon"])
    await field.press("Backspace")
    await expect(on_card(his, "Three")).to_have_text(["urgent"])

    # Escape closes the list, then the panel.
    await field.press("Escape")
    await expect(options(page)).to_have_count(0)
    await expect(field).to_be_visible()
    await field.press("Escape")
    await expect(field).to_have_count(0)
    labels = (await ada.snapshot(project))["labels"]
    assert [label["name"] for label in labels] == ["fuel", "moon", "urgent"]
    assert len({label["color"] for label in labels}) == 3
    for label in labels:
        if label["name"] == "urgent":
            await expect(on_card(his, "Three")).to_have_class(re.compile(f"tint-{label['color']}"))


async def test_a_new_name_and_colour_are_seen_by_others_at_once(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    for title, labels in {"One": ["fuel", "urgent"], "Two": ["urgent"]}.items():
        await ada.create_task(project, title, labels=labels)
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)
    page = await opened(hers, "One")
    await page.get_by_role("button", name="Manage labels").click()
    dialog = page.get_by_role("dialog", name="Labels")
    await expect(dialog.get_by_role("listitem")).to_have_text(
        [re.compile("fuel.*1 task"), re.compile("urgent.*2 tasks")]
    )
    await expect(dialog.get_by_label("New label")).to_be_focused()
    assert await hers.violations() == []

    await dialog.get_by_role("button", name="Change urgent").click()
    await expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.type("Fuel")  # over the selected name
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_have_text("The project already has a label “fuel”.")
    await dialog.get_by_label("Name", exact=True).fill("critical")
    await dialog.get_by_role("listitem").get_by_label("red").check(force=True)
    assert await hers.violations() == []
    await dialog.get_by_role("button", name="Save").click()
    await expect(on_card(his, "One")).to_have_text(["fuel", "critical"])
    await expect(on_card(his, "Two")).to_have_text(["critical"])
    await expect(on_card(his, "Two")).to_have_class(re.compile("tint-red"))
    await expect(page.locator(".task-panel .label").last).to_have_text("critical")

    await dialog.get_by_label("New label").fill("later")
    await dialog.get_by_label("New label").press("Enter")
    await expect(dialog.get_by_role("listitem")).to_have_count(3)
    await dialog.get_by_role("button", name="Delete critical").click()
    question = page.get_by_role("dialog", name="Delete “critical”?")
    await expect(question).to_contain_text("2 tasks have it")
    await question.get_by_role("button", name="Delete label").click()
    await expect(on_card(his, "One")).to_have_text(["fuel"])
    await expect(on_card(his, "Two")).to_have_count(0)
    await expect(dialog.get_by_role("listitem")).to_have_count(2)
    await dialog.get_by_role("button", name="Close").click()
    await page.get_by_role("button", name="Close task").click()
    await page.get_by_role("button", name="Labels of this project").click()
    await expect(dialog.get_by_label("New label")).to_be_focused()
    await dialog.get_by_role("button", name="Close").click()
    await his.page.get_by_role("button", name="Activity").click()
    await expect(his.page.locator(".feed li").nth(0)).to_contain_text("Ada Lovelace deleted the label critical")
    await expect(his.page.locator(".feed li").nth(2)).to_contain_text("renamed a label to critical (was “urgent”)")


async def test_a_labels_name_that_was_begun_is_kept(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await page.get_by_role("button", name="Labels of this project").click()
    field = page.get_by_label("New label")
    await field.fill("urgent")
    await field.press("Escape")
    await expect(field).to_have_count(0)
    await page.get_by_role("button", name="Labels of this project").click()
    await expect(field).to_have_value("urgent")
    await field.press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_text(re.compile("urgent"))
    await expect(field).to_have_value("")


async def test_what_is_typed_while_a_label_is_made_is_kept(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    held: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/labels", lambda route: held.put_nowait(route))
    await page.get_by_role("button", name="Labels of this project").click()
    field, add = page.get_by_label("New label"), page.get_by_role("button", name="Add label")
    await field.fill("urgent")
    await field.press("Enter")
    async with asyncio.timeout(20):
        request = await held.get()
    await expect(add).to_be_disabled()
    await field.fill("later")
    await request.continue_()
    await expect(add).to_be_enabled()
    await expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_text(re.compile("urgent"))
    await expect(field).to_have_value("later")


async def test_the_same_new_label_of_two_people_who_are_offline(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await team(server)
    await ada.create_task(project, "One", labels=["old"])
    windows = [await chromium.board_of(server.url, person, project) for person in (ada, bob)]
    for window, name in zip(windows, ("Urgent", "urgent"), strict=True):
        page = await opened(window, "One")
        await page.context.set_offline(True)
        await expect(window.connection).to_have_text(re.compile("Offline"))
        for label in (name, f"only {name}"):
            await page.get_by_label("Labels").fill(label)
            await page.keyboard.press("Enter")
        await expect(on_card(window, "One")).to_have_text(["old", name, f"only {name}"])
    for window in windows:
        await window.page.context.set_offline(False)
        await window.is_live()

    async def labels() -> list[str]:
        [task] = (await ada.snapshot(project))["tasks"]
        return sorted(label.lower() for label in task["labels"])

    for window in windows:
        await expect(window.page.get_by_text("Not sent yet", exact=True)).to_have_count(0)
    await is_stored(labels, ["old", "only urgent", "urgent"])
    for window in windows:
        await expect(on_card(window, "One")).to_have_count(3)


async def test_a_task_is_given_to_oneself_by_one_key(server: Server, chromium: Chromium) -> None:
    ada, _, project = await team(server)
    for title in ("One", "Two"):
        await ada.create_task(project, title)
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await window.card("One").focus()
    await page.keyboard.press("i")
    await expect(window.card("One")).to_contain_text("Assigned to Ada Lovelace")
    await expect(window.card("One")).to_be_focused()
    await page.keyboard.press("i")
    await expect(window.card("One")).not_to_contain_text("Assigned")
    await opened(window, "Two")
    await page.get_by_role("button", name="Assign to me").click()
    await expect(page.locator(".task-panel").get_by_label("Assignee")).to_have_value("Ada Lovelace")
    await expect(page.get_by_role("button", name="Assign to me")).to_have_count(0)
    tasks = {task["title"]: task["assignee_id"] for task in await stored(ada, project, 7)}
    assert tasks == {"One": None, "Two": ada.id}


async def test_people_are_found_by_typing(server: Server, chromium: Chromium) -> None:
    ada, _, project = await team(server)
    await ada.create_task(project, "One", assignee_id=ada.id)
    window = await chromium.board_of(server.url, ada, project)
    page = await opened(window, "One")
    field = page.locator(".task-panel").get_by_role("combobox", name="Assignee")
    await expect(field).to_have_value("Ada Lovelace")
    await field.click()
    await expect(options(page).locator(".choice-name")).to_have_text(["Ada Lovelace", "Nobody", "Bob Kahn"])
    assert await window.violations() == []
    await page.keyboard.type("kah")
    await expect(options(page).locator(".choice-name")).to_have_text(["Bob Kahn"])
    await field.press("Escape")
    await expect(field).to_have_value("Ada Lovelace")
    await expect(options(page)).to_have_count(0)
    await page.keyboard.type("nobody else")  # nobody of that name
    await expect(options(page)).to_have_count(0)
    await field.press("Tab")
    await expect(field).to_have_value("Ada Lovelace")
    await field.fill("bob")
    await field.press("Enter")
    await expect(field).to_have_value("Bob Kahn")
    await field.click()
    await options(page).filter(has_text="Nobody").click()
    await expect(field).to_have_value("Nobody")
    tasks = await stored(ada, project, 5)
    assert tasks[0]["assignee_id"] is None
    events = [event for event in await ada.all_events(project) if event["type"] == "task.updated"]
    assert len(events) <= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_labels_and_people_by_finger_on_a_small_screen(server: Server, chromium: Chromium, scheme: str) -> None:
    ada, _, project = await team(server)
    colours = ["blue", "green", "orange", "purple", "teal", "pink", "yellow", "red", "gray"]
    for colour in colours:
        await ada.post(f"{project.path}/labels", {"name": colour.title(), "color": colour})
    await ada.create_task(project, "One", labels=[colour.title() for colour in colours])
    await ada.create_task(project, "Two")
    window = await chromium.board_of(server.url, ada, project, color_scheme=scheme, **SMALL)
    page = window.page
    assert await window.violations() == []
    await window.card("Two").tap()
    await expect(page.get_by_label("Title")).to_have_value("Two")
    for name, choice in (("Labels", "Teal"), ("Assignee", "Bob Kahn"), ("Status", "Done")):
        await page.locator(".task-panel").get_by_role("combobox", name=name).tap()
        await expect(page.get_by_role("listbox")).to_be_visible()
        await page.evaluate(STAND_STILL)
        box = await page.get_by_role("listbox").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        assert box["y"] + box["height"] <= PHONE["height"]
        assert await window.violations() == []
        await options(page).filter(has_text=choice).tap()
    await expect(page.locator(".task-panel .label")).to_have_text(["Teal"])
    await expect(page.locator(".task-panel").get_by_role("combobox", name="Assignee")).to_have_value("Bob Kahn")
    await expect(page.locator(".task-panel").get_by_role("combobox", name="Status")).to_have_value("Done")
    await page.get_by_role("button", name="Manage labels").tap()
    dialog = page.get_by_role("dialog", name="Labels")
    await dialog.get_by_role("button", name="Change Teal").tap()
    await expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    assert await page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    assert await window.violations() == []
