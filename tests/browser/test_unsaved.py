"""Every way of leaving the board while something is unsaved: what was written is there again, or was saved."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.async_api import BrowserContext, Dialog, Page, Request, expect

from tests.support.api import PASSWORD, Person, Project
from tests.support.browsers import STAND_STILL, Chromium, Window, kill_browser, run_profile
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

ON_DEVICE = """async () => {
  const answer = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const found = [];
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith('roomful.unsaved:')) continue;
    const database = await answer(indexedDB.open(name));
    for (const store of ['drafts', 'changes']) {
      found.push(...await answer(database.transaction(store).objectStore(store).getAll()));
    }
    database.close();
  }
  return JSON.stringify(found);
}"""

HOLD_DEVICE = """async (milliseconds) => {
  const { name } = (await indexedDB.databases()).find(({ name }) => name.startsWith('roomful.unsaved:'));
  const opening = indexedDB.open(name);
  await new Promise((resolve) => { opening.onsuccess = resolve; });
  const transaction = opening.result.transaction(['drafts', 'changes'], 'readwrite');
  const until = performance.now() + milliseconds;
  const again = () => {
    globalThis.isHeld = true;
    if (performance.now() < until) transaction.objectStore('drafts').get('x').onsuccess = again;
  };
  again();
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
  opening.result.close();
}"""

IN_VIEW = """(box) => {
  const { top, bottom, left, right } = box.getBoundingClientRect();
  const panel = box.closest('.panel-body').getBoundingClientRect();
  return top >= panel.top - 1 && bottom <= Math.min(panel.bottom, innerHeight) + 1 && left >= 0 && right <= innerWidth;
}"""


class Team(NamedTuple):
    """Ada writes in Bob's project."""

    ada: Person
    bob: Person
    project: Project
    task: dict[str, Any]


async def team(server: Server) -> Team:
    ada, bob = await named(server, "ada", "Ada Lovelace"), await named(server, "bob", "Bob Kahn")
    project = await bob.create_project("Apollo")
    await bob.add_member(project, ada)
    return Team(ada, bob, project, await bob.create_task(project, "Order fuel"))


async def named(server: Server, word: str, name: str) -> Person:
    person = await server.api.register(word)
    await person.patch("/auth/me", {"name": name})
    person.name = name
    return person


async def is_on_device(page: Page, text: str) -> None:
    async with asyncio.timeout(20):
        while text not in await page.evaluate(ON_DEVICE):  # noqa: ASYNC110  # the browser's database
            await asyncio.sleep(0.05)


async def nothing_is_on_device(page: Page, *, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while json.loads(await page.evaluate(ON_DEVICE)):  # noqa: ASYNC110  # the browser's database
            await asyncio.sleep(0.05)


async def is_saved(person: Person, project: Project, title: str) -> None:
    async with asyncio.timeout(20):
        while title not in [task["title"] for task in (await person.snapshot(project))["tasks"]]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def begin(window: Window, title: str, addition: str) -> None:
    """Open a task and go on with its title, without saving it."""
    await window.card(title).click()
    field = window.page.get_by_label("Title")
    await field.click()
    await field.press("End")
    await window.page.keyboard.type(addition)
    await expect(field).to_have_value(title + addition)


async def sign_in(page: Page, person: Person) -> None:
    await page.get_by_label("E-mail address").fill(person.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def choose(page: Page, person: Person, item: str) -> None:
    """Something in the person's menu."""
    await page.get_by_role("button", name=f"{person.name}: menu").click()
    await page.get_by_role("button", name=item).click()


async def reload(window: Window, _: Team) -> Page:
    await window.page.reload()
    return window.page


async def close_the_tab(window: Window, team: Team) -> Page:
    await is_on_device(window.page, "Order fuel and")
    address, context = window.page.url, window.page.context
    await window.page.close()
    page = await context.new_page()
    await page.goto(address)
    return page


async def go_elsewhere(window: Window, _: Team) -> Page:
    await window.page.get_by_role("link", name="Roomful: all projects").click()
    await window.page.get_by_role("link", name=re.compile("Apollo")).click()
    return window.page


async def go_back(window: Window, _: Team) -> Page:
    await window.page.go_back()
    await expect(window.page.get_by_label("Title")).to_have_count(0)
    return window.page


async def press_escape(window: Window, _: Team) -> Page:
    await window.page.keyboard.press("Escape")
    await expect(window.page.get_by_label("Title")).not_to_be_focused()
    return window.page


async def click_outside(window: Window, _: Team) -> Page:
    await window.page.get_by_role("heading", name="In progress").click()
    return window.page


async def lose_the_sign_in(window: Window, team: Team) -> Page:
    await is_on_device(window.page, "Order fuel and")
    await team.ada.post("/auth/logout", expect=204)
    await expect(window.page.get_by_text("You were signed out")).to_be_visible()
    await sign_in(window.page, team.ada)
    return window.page


async def sign_out(window: Window, team: Team) -> Page:
    await is_on_device(window.page, "Order fuel and")
    await choose(window.page, team.ada, "Sign out")
    leaving = window.page.get_by_role("dialog", name="Sign out now?")
    await expect(leaving.or_(window.page.get_by_label("E-mail address"))).to_be_visible()
    if await leaving.is_visible():  # the title was not sent by then
        await leaving.get_by_role("button", name="Sign out").click()
    await sign_in(window.page, team.ada)
    return window.page


Way = Callable[[Window, Team], Awaitable[Page]]
WAYS: tuple[Way, ...] = (
    reload,
    close_the_tab,
    go_elsewhere,
    go_back,
    press_escape,
    click_outside,
    lose_the_sign_in,
    sign_out,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a_title_in_the_middle_of_a_sentence(server: Server, chromium: Chromium, way: Way) -> None:
    group = await team(server)
    window = await chromium.board_of(server.url, group.ada, group.project)
    await begin(window, "Order fuel", " and oxygen")
    page = await way(window, group)

    address = f"{server.url}/#/projects/{group.project.id}/tasks/{group.task['id']}"
    await page.goto(address)
    await expect(page.get_by_label("Title")).to_have_value("Order fuel and oxygen")
    if await page.get_by_text("You began this and did not save it").is_visible():
        await page.get_by_role("button", name="Save", exact=True).click()
    await is_saved(group.bob, group.project, "Order fuel and oxygen")
    await expect(page.get_by_text("You began this and did not save it")).to_have_count(0)
    await nothing_is_on_device(page)


async def test_the_crash_of_the_browser(server: Server, tmp_path: Path) -> None:
    group = await team(server)
    async with run_profile(tmp_path) as context:
        window = Window(await context.new_page(), server.url, [])
        await window.sign_in(group.ada)
        await window.open(group.project)
        await window.page.get_by_label("New task in Done").fill("Half a thou")
        await begin(window, "Order fuel", " and oxygen")
        await is_on_device(window.page, "Order fuel and oxygen")
        kill_browser(tmp_path)
    async with run_profile(tmp_path) as context:
        page = await context.new_page()
        await page.goto(f"{server.url}/#/projects/{group.project.id}/tasks/{group.task['id']}")
        await expect(page.get_by_label("E-mail address").or_(page.get_by_label("Title"))).to_be_visible()
        if await page.get_by_label("E-mail address").is_visible():  # the sign-in is not written at once
            await sign_in(page, group.ada)
        await expect(page.get_by_label("Title")).to_have_value("Order fuel and oxygen")
        await expect(page.get_by_label("New task in Done")).to_have_value("Half a thou")


async def lower_the_role(team: Team) -> None:
    await team.bob.patch(f"{team.project.path}/members/{team.ada.id}", {"role": "viewer"})


async def archive_the_project(team: Team) -> None:
    await team.bob.patch(team.project.path, {"status": "archived"})


async def remove_the_member(team: Team) -> None:
    await team.bob.remove_member(team.project, team.ada)


async def delete_the_task(team: Team) -> None:
    await team.bob.delete(f"{team.project.path}/tasks/{team.task['id']}")


async def delete_the_project(team: Team) -> None:
    await team.bob.delete(team.project.path)


@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
@pytest.mark.parametrize(
    "act",
    [lower_the_role, archive_the_project, remove_the_member, delete_the_task, delete_the_project],
    ids=lambda act: act.__name__,
)
async def test_the_other_ends_it(
    server: Server, chromium: Chromium, act: Callable[[Team], Awaitable[None]], online: bool
) -> None:
    """While she writes, or while what she saved waits for the network."""
    group = await team(server)
    window = await chromium.board_of(server.url, group.ada, group.project)
    page = window.page
    await page.get_by_label("New task in Done").fill("Half a thou")
    if not online:
        await page.context.set_offline(True)
        await expect(window.connection).to_have_text(re.compile("Offline"))
    await begin(window, "Order fuel", " and oxygen")
    if not online:
        await page.keyboard.press("Enter")
        await expect(page.locator(".task-panel").get_by_text("Not sent yet")).to_be_visible()
    await is_on_device(page, "Order fuel and oxygen")
    await act(group)
    if not online:
        await page.context.set_offline(False)

    told = page.get_by_text(re.compile("You are a viewer|is archived|no longer have access|was deleted"))
    await expect(told.first).to_be_visible()
    if act is delete_the_task:
        await expect(page.get_by_label("Title")).to_have_count(0)
    # Wherever she is now, the menu has it.
    await choose(page, group.ada, "Not saved yet")
    drafts = page.get_by_role("dialog", name="Not saved yet")
    for text in ("Order fuel and oxygen", "Half a thou"):
        await expect(drafts.get_by_text(text, exact=True)).to_be_visible()
    assert "Order fuel and oxygen" in await page.evaluate(ON_DEVICE)
    if act is lower_the_role:
        await drafts.get_by_role("button", name="Close").click()
        await expect(page.get_by_text("You can't change the title any more")).to_be_visible()
        await group.bob.patch(f"{group.project.path}/members/{group.ada.id}", {"role": "editor"})
        await expect(page.get_by_label("New task in Done")).to_have_value("Half a thou")
        await expect(page.get_by_label("Title")).to_have_value("Order fuel and oxygen")


async def test_every_field_is_there_after_a_reload(server: Server, chromium: Chromium) -> None:
    group = await team(server)
    window = await chromium.board_of(server.url, group.bob, group.project)
    page = window.page

    async def write(label: str, text: str) -> None:
        """The page goes while the last letter is written."""
        await page.get_by_label(label, exact=True).fill(text)
        await page.reload()

    await write("New task in In progress", "Half a task")
    await expect(page.get_by_label("New task in In progress")).to_have_value("Half a task")
    await window.card("Order fuel").click()
    await write("Labels", "urg")
    await expect(page.get_by_label("Labels")).to_have_value("urg")
    await page.get_by_role("button", name="Members").click()
    await write("Invite by e-mail address", "grace@")
    await page.get_by_role("button", name="Members").click()
    await expect(page.get_by_label("Invite by e-mail address")).to_have_value("grace@")
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()

    await page.goto(f"{server.url}/#/projects/{group.project.id}/documents")
    await page.get_by_role("button", name="New document").click()
    await write("Title", "Flight pl")
    await page.get_by_role("button", name="New document").click()
    await expect(page.get_by_label("Title")).to_have_value("Flight pl")
    await page.goto(f"{server.url}/#/account")
    await write("Name", "Bob K")
    await expect(page.get_by_label("Name")).to_have_value("Bob K")
    await page.goto(f"{server.url}/#/")
    await page.get_by_role("button", name="New project").click()
    await write("Description (optional)", "Fly th")
    await page.get_by_role("button", name="New project").click()
    await expect(page.get_by_label("Description (optional)")).to_have_value("Fly th")

    # Saved, it is no draft any more.
    await page.get_by_label("Name", exact=True).fill("Gemini")
    await page.get_by_role("button", name="Create project").click()
    await expect(page.get_by_role("heading", name="Gemini")).to_be_visible()
    await choose(page, group.bob, "Not saved yet")
    drafts = page.get_by_role("dialog", name="Not saved yet")
    await expect(drafts.locator("blockquote")).to_have_count(5)
    await expect(drafts.get_by_text("Gemini")).to_have_count(0)
    assert await window.violations() == []
    await drafts.get_by_role("button", name="Discard Your name").click()
    await expect(drafts.locator("blockquote")).to_have_count(4)
    await drafts.get_by_role("link", name=re.compile("Open Label")).click()
    await expect(page.get_by_label("Labels")).to_have_value("urg")


async def test_a_dialog_asks_before_it_forgets(server: Server, chromium: Chromium) -> None:
    group = await team(server)
    window = await chromium.window(server.url)
    await window.sign_in(group.ada)
    page = window.page
    await page.get_by_role("button", name="New project").click()
    name = page.get_by_label("Name", exact=True)
    question = page.get_by_role("dialog", name="Keep what you wrote?")
    await expect(name).to_be_focused()
    await page.evaluate(STAND_STILL)
    box = await page.get_by_role("dialog", name="New project").bounding_box()
    assert box is not None
    outside = (box["x"] - 60, box["y"] + 60)

    # Selecting text may end outside.
    await name.fill("Gemini")
    inside = await name.bounding_box()
    assert inside is not None
    await page.mouse.move(inside["x"] + 40, inside["y"] + 10)
    await page.mouse.down()
    await page.mouse.move(*outside, steps=4)
    await page.mouse.up()
    await expect(name).to_be_visible()
    await expect(question).to_have_count(0)
    # So may a press that is taken back.
    await page.mouse.move(*outside)
    await page.mouse.down()
    await page.mouse.move(inside["x"] + 40, inside["y"] + 10, steps=4)
    await page.mouse.up()
    await expect(question).to_have_count(0)

    for leave in ("outside", "Escape", "Close", "Cancel"):
        if leave == "outside":
            await page.mouse.click(*outside)
        elif leave == "Escape":
            await name.press("Escape")
        else:
            await page.get_by_role("button", name=leave).click()
        await expect(question).to_be_visible()
        await question.get_by_role("button", name="Close").click()
        await expect(name).to_have_value("Gemini")
    await page.mouse.click(*outside)
    await question.get_by_role("button", name="Keep as draft").click()
    await expect(name).to_have_count(0)
    await page.get_by_role("button", name="New project").click()
    await expect(name).to_have_value("Gemini")
    await expect(name).to_be_focused()
    await name.press("Escape")
    await question.get_by_role("button", name="Discard").click()
    await expect(name).to_have_count(0)
    await page.get_by_role("button", name="New project").click()
    await expect(name).to_have_value("")
    await page.mouse.click(*outside)  # with nothing written it closes without a question
    await expect(name).to_have_count(0)
    await nothing_is_on_device(page)


async def test_nobody_else_on_the_device_sees_it(server: Server, chromium: Chromium) -> None:
    group = await team(server)
    window = await chromium.board_of(server.url, group.ada, group.project)
    page = window.page
    await page.get_by_label("New task in Done").fill("A surprise for Bob")
    await server.kill()
    await expect(window.connection).to_have_text(re.compile("Reconnecting"))
    for number in range(3):
        await window.add("To do", f"Secret {number}")
    await is_on_device(page, "Secret 2")

    await choose(page, group.ada, "Sign out")
    leaving = page.get_by_role("dialog", name="Sign out now?")
    await expect(leaving).to_contain_text("3 changes wait to be sent. 1 draft is not saved.")
    await expect(leaving).to_contain_text("stays on this device, for you alone")
    await leaving.get_by_role("button", name="Stay").click()
    await choose(page, group.ada, "Sign out")
    await leaving.get_by_role("button", name="Sign out").click()
    await expect(window.notice).to_contain_text("Nobody else is shown it")
    await server.start()

    await sign_in(page, group.bob)
    await window.is_live()
    await expect(page.get_by_label("New task in Done")).to_have_value("")
    await expect(window.card("Secret 0")).to_have_count(0)
    await choose(page, group.bob, "Not saved yet")
    await expect(page.get_by_text("Everything you wrote is saved")).to_be_visible()
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await choose(page, group.bob, "Sign out")  # without a question

    await sign_in(page, group.ada)
    await window.expect_titles("To do", ["Order fuel", "Secret 0", "Secret 1", "Secret 2"])
    await expect(page.get_by_label("New task in Done")).to_have_value("A surprise for Bob")
    await choose(page, group.ada, "Sign out")
    await leaving.get_by_role("button", name="Delete them").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await nothing_is_on_device(page)


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "leases"])
async def test_changes_outlive_their_tab_and_are_sent_once(server: Server, chromium: Chromium, locks: bool) -> None:
    group = await team(server)
    first = await chromium.board_of(server.url, group.ada, group.project)
    if not locks:  # as on plain HTTP
        await first.page.context.add_init_script("delete Navigator.prototype.locks")
        await first.page.reload()
        await first.is_live()
        assert await first.page.evaluate("!('locks' in navigator)")
    second = await chromium.window(server.url, first.page.context)
    await second.open(group.project)
    await server.kill()
    await expect(first.connection).to_have_text(re.compile("Reconnecting"))
    await expect(second.connection).to_have_text(re.compile("Reconnecting"))
    titles = [f"Task {number}" for number in range(6)]
    for number, title in enumerate(titles):
        tab = second if number % 2 else first
        await tab.add("In progress", title)
        # Each tab shows what the other one has to send.
        await expect(first.card(title)).to_contain_text("Not sent yet")
        await expect(second.card(title)).to_contain_text("Not sent yet")
    keys: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/tasks"):
            keys.append(request.headers["idempotency-key"])

    first.page.context.on("requestfinished", note)
    await server.start()
    for tab in (first, second):
        await tab.is_live()
        await tab.expect_titles("In progress", titles)
        await expect(tab.page.get_by_text("Not sent yet", exact=True)).to_have_count(0)
    await nothing_is_on_device(second.page)
    async with asyncio.timeout(20):
        while len(keys) < 6:  # noqa: ASYNC110  # the browser tells of an answer a little later
            await asyncio.sleep(0.05)
    assert len(keys) == len(set(keys)) == 6

    # The tabs are closed, and another screen of another tab sends the rest.
    await server.kill()
    await expect(second.connection).to_have_text(re.compile("Reconnecting"))
    await second.add("To do", "Task 6")
    await second.drag("Task 6", "Done")
    await expect(first.column("Done")).to_contain_text("Task 6")
    await is_on_device(first.page, '"move"')
    third = await chromium.window(server.url, second.page.context)
    await first.page.close()
    await second.page.close()
    await server.start()
    await third.page.goto(f"{server.url}/#/account")
    await nothing_is_on_device(third.page, seconds=75)  # a tab that was closed while it sent keeps its lease for 45 s
    events = [event for event in await group.bob.all_events(group.project) if event["actor_id"] == group.ada.id]
    made = [(event["type"], event["data"]["task"]["title"]) for event in events]
    assert made == [("task.created", title) for title in [*titles, "Task 6"]] + [("task.moved", "Task 6")]


async def test_every_unsent_change_says_so_and_faces_go(server: Server, chromium: Chromium) -> None:
    group = await team(server)
    for title in ("Moved", "Labelled", "Planned"):
        await group.bob.create_task(group.project, title)
    his = await chromium.board_of(server.url, group.bob, group.project)
    window = await chromium.board_of(server.url, group.ada, group.project)
    page = window.page
    faces = page.get_by_role("list", name="Also here")
    await expect(faces).to_contain_text("Bob Kahn")
    await page.context.set_offline(True)
    await expect(window.connection).to_have_text(re.compile("Offline"))
    await expect(faces).to_have_count(0)

    await window.drag("Moved", "Done")
    await begin(window, "Order fuel", " now")
    await page.keyboard.press("Enter")
    await window.card("Labelled").click()
    await expect(page.get_by_label("Title")).to_have_value("Labelled")
    await page.get_by_label("Labels").fill("urgent")
    await page.keyboard.press("Enter")
    await window.card("Planned").click()
    await expect(page.get_by_label("Title")).to_have_value("Planned")
    await page.locator(".task-panel").get_by_label("Due").fill("2026-07-16")
    await page.get_by_label("Close task").click()
    for title in ("Moved", "Order fuel now", "Labelled", "Planned"):
        await expect(window.card(title)).to_contain_text("Not sent yet")
    await choose(page, group.ada, "Not saved yet")
    await expect(page.get_by_role("dialog").locator(".drafts li")).to_have_count(4)
    assert await window.violations() == []
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()

    await page.context.set_offline(False)
    await expect(page.get_by_text("Not sent yet", exact=True)).to_have_count(0)
    await expect(faces).to_contain_text("Bob Kahn")
    await his.expect_titles("Done", ["Moved"])
    await expect(his.card("Labelled")).to_contain_text("urgent")


async def test_labels_of_two_people_merge(server: Server, chromium: Chromium) -> None:
    group = await team(server)
    await group.bob.change_task(group.project, group.task, labels=["old", "kept"])
    window = await chromium.board_of(server.url, group.ada, group.project)
    await window.card("Order fuel").click()
    await window.page.context.set_offline(True)
    await expect(window.connection).to_have_text(re.compile("Offline"))
    await window.page.get_by_label("Labels").fill("hers")
    await window.page.keyboard.press("Enter")
    await window.page.get_by_label("Remove label old").click()
    await group.bob.change_task(group.project, group.task, labels=["old", "kept", "his"])
    await window.page.context.set_offline(False)
    await window.is_live()
    await expect(window.page.locator(".task-panel .label")).to_have_text(["kept", "his", "hers"])
    await nothing_is_on_device(window.page)
    await expect(window.notice).to_have_count(0)
    (task,) = (await group.bob.snapshot(group.project))["tasks"]
    assert task["labels"] == ["kept", "his", "hers"]


@pytest.mark.parametrize("choice", ["Use theirs", "Keep mine", "Take both"])
async def test_an_offline_title_that_meets_anothers(server: Server, chromium: Chromium, choice: str) -> None:
    group = await team(server)
    window = await chromium.board_of(server.url, group.ada, group.project, viewport={"width": 1280, "height": 720})
    page = window.page
    await page.context.set_offline(True)
    await expect(window.connection).to_have_text(re.compile("Offline"))
    await begin(window, "Order fuel", " today")
    await page.keyboard.press("Enter")
    await is_on_device(page, "Order fuel today")
    await group.bob.change_task(group.project, group.task, title="Order cheap fuel")
    await page.context.set_offline(False)

    conflict = page.locator(".conflict")
    await expect(conflict).to_contain_text("Somebody saved a different text while you were writing")
    assert await window.undo.count() == 0  # nothing was changed that could be undone
    await expect(conflict.locator("figure")).to_have_text([re.compile("Order cheap fuel"), re.compile("fuel today")])
    await expect(conflict.locator("mark")).to_have_text(["cheap ", " today"])
    async with asyncio.timeout(20):
        while not await conflict.evaluate(IN_VIEW):  # it scrolls there
            await page.wait_for_timeout(50)
    assert await window.violations() == []
    await page.reload()  # it outlives that, too
    await conflict.get_by_role("button", name=choice).click()
    if choice == "Keep mine":
        await expect(window.notice).to_contain_text("The activity shows what it replaced")  # for some seconds
    await expect(conflict).to_have_count(0)
    title = {"Use theirs": "Order cheap fuel", "Keep mine": "Order fuel today", "Take both": "Order cheap fuel today"}
    await expect(page.get_by_label("Title")).to_have_value(title[choice])
    if choice == "Take both":
        await expect(page.get_by_label("Title")).to_be_focused()
        await page.keyboard.press("Enter")
    await is_saved(group.bob, group.project, title[choice])
    if choice == "Keep mine":
        await page.get_by_role("button", name="Activity").click()
        await expect(page.locator(".feed li").first).to_contain_text("(was “Order cheap fuel”)")


async def test_a_browser_that_keeps_nothing_asks_before_it_leaves(server: Server, chromium: Chromium) -> None:
    group = await team(server)
    context = await signed_in(chromium, server, group.ada)
    await context.add_init_script(
        "delete window.indexedDB; Object.defineProperty(window, 'indexedDB', { value: null })"
    )
    window = await chromium.window(server.url, context)
    await window.open(group.project)
    page = window.page
    await page.get_by_label("New task in To do").press_sequentially("Half a thou")
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    async with page.expect_event("dialog"):
        await page.close(run_before_unload=True)
    await expect(page.get_by_label("New task in To do")).to_have_value("Half a thou")
    assert asked == ["beforeunload"]
    # Written and sent, it may go.
    await page.get_by_label("New task in To do").press("Enter")
    await is_saved(group.bob, group.project, "Half a thou")
    await choose(page, group.ada, "Not saved yet")
    await expect(page.get_by_text("Everything you wrote is saved")).to_be_visible()
    async with page.expect_event("close"):
        await page.close(run_before_unload=True)


async def signed_in(chromium: Chromium, server: Server, person: Person) -> BrowserContext:
    window = await chromium.window(server.url)
    await window.sign_in(person)
    return window.page.context


async def test_nobody_writes_over_what_the_device_is_slow_to_read(server: Server, chromium: Chromium) -> None:
    ada, _, project, task = await team(server)
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await begin(window, "Order fuel", " now")
    await is_on_device(page, "Order fuel now")
    other = await page.context.new_page()
    await other.goto(f"{server.url}/healthz")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(other.evaluate(HOLD_DEVICE, 3_000))
        await other.wait_for_function("() => globalThis.isHeld")
        await page.goto(f"{server.url}/#/projects/{project.id}/tasks/{task['id']}")
        await page.reload()
        field = page.get_by_label("Title")
        await field.press("End")
        await page.keyboard.type(" or never")
        await expect(field).to_have_value("Order fuel now or never")
    await is_on_device(page, "Order fuel now or never")


async def test_what_a_device_tells_of_too_late_is_among_the_drafts(server: Server, chromium: Chromium) -> None:
    """After three seconds a field no longer waits for it."""
    ada, _, project, task = await team(server)
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await begin(window, "Order fuel", " now")
    await is_on_device(page, "Order fuel now")
    other = await page.context.new_page()
    await other.goto(f"{server.url}/healthz")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(other.evaluate(HOLD_DEVICE, 12_000))
        await other.wait_for_function("() => globalThis.isHeld")
        await page.goto(f"{server.url}/#/projects/{project.id}/tasks/{task['id']}")
        await page.reload()
        field = page.get_by_label("Title")
        await field.press("End")
        await page.keyboard.type(" or never")
        await expect(field).to_have_value("Order fuel or never")
    await is_on_device(page, '"Order fuel now"')
    await is_on_device(page, '"Order fuel or never"')
    await field.press("Enter")  # saves what the field has
    await expect(window.card("Order fuel or never")).to_be_visible()
    await choose(page, ada, "Not saved yet")
    drafts = page.get_by_role("dialog", name="Not saved yet").locator("blockquote")
    await expect(drafts).to_have_text(["Order fuel now"])
