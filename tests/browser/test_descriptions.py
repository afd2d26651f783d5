"""The description in a task's panel: several people write in it at once, and nothing that is typed gets lost."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from tests.browser.test_documents import DARK, SMALL, sign_of, text_of, two_people
from tests.browser.test_unsaved import is_on_device, nothing_is_on_device
from tests.support.api import Json, Person, Project
from tests.support.browsers import STAND_STILL, Chromium, Window
from tests.support.proxy import Network
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORGET_DOCUMENTS = """async () => {
  for (const { name } of await indexedDB.databases()) {
    if (name.startsWith('roomful:')) await new Promise((gone) => { indexedDB.deleteDatabase(name).onsuccess = gone; });
  }
}"""


def field_of(window: Window) -> Locator:
    """Where the description is typed: the plain field, later the editor."""
    return window.page.get_by_role("textbox", name="Description")


async def task_of(chromium: Chromium, url: str, person: Person, project: Project, **options: Any) -> Window:
    """A window in which the only task is open."""
    window = await chromium.board_of(url, person, project, **options)
    await window.card("Order fuel").click()
    await expect(window.page.get_by_role("complementary", name="Task: Order fuel")).to_be_visible()
    return window


async def writing(window: Window) -> None:
    """Open the editor by a click into the text, and wait for it."""
    await field_of(window).click()
    await expect(text_of(window)).to_be_focused()


async def type_at_end(window: Window, text: str) -> None:
    await text_of(window).focus()
    await window.page.keyboard.press("Control+End")
    await window.page.keyboard.type(text)


async def only_task(person: Person, project: Project) -> Json:
    (task,) = (await person.snapshot(project))["tasks"]
    found: Json = task
    return found


async def stored_text(person: Person, project: Project) -> str:
    task = await only_task(person, project)
    if task["document_id"] is None:
        return f"no document, {task['description']}"
    answer = await person.request("GET", f"/documents/{task['document_id']}/content?format=text")
    text: str = answer.text
    return text


async def test_two_people_write_in_one_description(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    await ada.create_task(project, "Order fuel", description="Two tanks.")
    hers = await task_of(chromium, server.url, ada, project)
    his = await task_of(chromium, server.url, bob, project)
    await writing(hers)
    await expect(text_of(his)).to_be_visible()  # opens there by itself

    # Both first put their carets there: who puts it behind what the other is still typing comes between.
    for window in (hers, his):
        await text_of(window).focus()
        await window.page.keyboard.press("Control+End")
    async with asyncio.TaskGroup() as both:
        both.create_task(hers.page.keyboard.type(" Hers, from the depot."))
        both.create_task(his.page.keyboard.type(" His, by rail."))
    for window in (hers, his):
        await expect(text_of(window)).to_contain_text("Hers, from the depot.")
        await expect(text_of(window)).to_contain_text("His, by rail.")
        await expect(sign_of(window)).to_have_text("Saved")
    await expect(his.page.locator(".other-name")).to_have_text("Ada")
    text = await stored_text(ada, project)
    assert text in (
        "Two tanks. Hers, from the depot. His, by rail.",
        "Two tanks. His, by rail. Hers, from the depot.",
    )

    # Undo takes back her own words only: in several steps, if she typed slowly.
    await text_of(hers).focus()
    for _ in range(len(" Hers, from the depot.")):
        if "Hers" in await text_of(hers).inner_text():
            await hers.page.keyboard.press("Control+z")
    await expect(text_of(his)).not_to_contain_text("Hers")
    await expect(text_of(hers)).to_contain_text("His, by rail.")


async def test_opening_a_task_changes_nothing(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    await ada.create_task(project, "Order fuel", description="Two tanks.")
    window = await task_of(chromium, server.url, ada, project)
    await expect(window.page.locator(".task-panel .said")).to_have_text("Two tanks.")
    loaded: list[str] = []
    window.page.on("request", lambda request: loaded.append(request.url))
    for _ in range(12):  # through the whole panel
        await window.page.keyboard.press("Tab")
    await window.page.get_by_label("Title").focus()
    assert [event["type"] for event in await ada.all_events(project)][-1] == "task.created"
    await writing(window)
    assert (await ada.all_events(project))[-1]["data"]["changed"] == ["document_id"]
    assert any("description" in url for url in loaded)

    # With a document it opens without a click, and still changes nothing.
    his = await task_of(chromium, server.url, bob, project)
    await expect(text_of(his)).to_contain_text("Two tanks.")
    await expect(sign_of(his)).to_have_text("Saved")
    assert (await ada.all_events(project))[-1]["data"]["changed"] == ["document_id"]


async def test_what_is_typed_while_it_is_made_is_kept(server: Server, chromium: Chromium) -> None:
    ada, _, project = await two_people(server)
    await ada.create_task(project, "Order fuel", description="Two tanks.")
    window = await task_of(chromium, server.url, ada, project)
    held: list[Route] = []
    await window.page.route("**/document", lambda route: held.append(route))
    await field_of(window).click()
    await window.page.keyboard.type(" Full")
    # A busy machine may miss a ping meanwhile.
    await expect(window.page.locator(".ahead")).to_have_text(re.compile("Saving|Offline"))
    async with asyncio.timeout(20):
        while not held:  # noqa: ASYNC110  # the browser's state
            await asyncio.sleep(0.02)
    await held[0].continue_()
    for letter in " ones, by Monday.":
        await window.page.keyboard.type(letter)
    await expect(text_of(window)).to_have_text("Two tanks. Full ones, by Monday.")
    await expect(text_of(window)).to_be_focused()
    await expect(sign_of(window)).to_have_text("Saved")
    assert await stored_text(ada, project) == "Two tanks. Full ones, by Monday."
    await expect(window.page.locator(".ahead")).to_have_count(0)


async def test_what_is_typed_offline_before_there_is_a_document(server: Server, chromium: Chromium) -> None:
    ada, _, project = await two_people(server)
    await ada.create_task(project, "Order fuel")
    async with Network(server.port) as network:
        url = f"http://127.0.0.1:{network.port}"
        window = await task_of(chromium, url, ada, project)
        network.cut()
        await expect(window.connection).not_to_have_text("Live")
        await field_of(window).click()
        await window.page.keyboard.type("Two tanks.\nFull.")
        await expect(window.page.locator(".ahead")).to_have_text("Offline, kept on this device")
        await is_on_device(window.page, "Full.")
        await window.page.close()

        # The next window offers it.
        network.restore()
        context = chromium.contexts()[-1]
        again = await chromium.window(url, context)
        await again.open(project)
        await again.card("Order fuel").click()
        await expect(again.page.locator(".ahead")).to_contain_text("You wrote this here earlier")
        assert await stored_text(ada, project) == "no document, None"
        await again.page.get_by_role("button", name="Add it").click()
        await expect(text_of(again)).to_contain_text("Full.")  # the empty document is saved before
        await expect(sign_of(again)).to_have_text("Saved")
        assert await stored_text(ada, project) == "Two tanks.\nFull."

        # With a document, and in the same window, it is saved by itself.
        network.cut()
        await expect(sign_of(again)).to_have_text("Offline, kept on this device")
        await type_at_end(again, " By rail.")
        signed = "Two tanks.\n\nFull.\n\nSigned: Bob"
        await ada.change_task(project, await only_task(ada, project), description=signed)
        network.restore()
        await expect(sign_of(again)).to_have_text("Saved")
        await expect(text_of(again)).to_contain_text("Signed: Bob")
        assert await stored_text(ada, project) == "Two tanks.\nFull. By rail.\nSigned: Bob"


@pytest.mark.parametrize("is_lost", [False, True], ids=["with its copy", "without"])
async def test_what_the_editor_has_got_is_offered_again_only_if_it_is_lost(
    server: Server, chromium: Chromium, is_lost: bool
) -> None:
    ada, _, project = await two_people(server)
    await ada.create_task(project, "Order fuel")
    async with Network(server.port) as network:
        window = await task_of(chromium, f"http://127.0.0.1:{network.port}", ada, project)
        page, ahead = window.page, window.page.locator(".ahead")
        await writing(window)
        await page.keyboard.type("Two tanks.")
        await expect(sign_of(window)).to_have_text("Saved")
        await page.get_by_label("Close task").click()

        network.cut()
        await expect(window.connection).not_to_have_text("Live")
        await window.card("Order fuel").click()
        await field_of(window).click()
        await page.keyboard.type(" Full.")  # before the editor has this device's copy
        await expect(text_of(window)).to_have_text("Two tanks. Full.")
        await expect(sign_of(window)).to_have_text("Offline, kept on this device")
        await page.get_by_label("Close task").click()
        await window.card("Order fuel").click()
        await expect(text_of(window)).to_have_text("Two tanks. Full.")
        await expect(ahead).to_have_count(0)
        await is_on_device(page, " Full.")

        await page.get_by_label("Close task").click()
        if is_lost:
            await page.evaluate(FORGET_DOCUMENTS)
        network.restore()
        await page.reload()
        await window.card("Order fuel").click()
        await expect(sign_of(window)).to_have_text("Saved")
        if is_lost:
            await expect(ahead).to_contain_text("You wrote this here earlier")
            assert await stored_text(ada, project) == "Two tanks."
            await page.get_by_role("button", name="Add it").click()
        await expect(text_of(window)).to_have_text("Two tanks. Full.")
        await expect(ahead).to_have_count(0)
        await nothing_is_on_device(page)
        assert await stored_text(ada, project) == "Two tanks. Full."


async def test_a_killed_server_loses_and_doubles_nothing(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    await ada.create_task(project, "Order fuel")
    hers = await task_of(chromium, server.url, ada, project)
    his = await task_of(chromium, server.url, bob, project)
    await writing(hers)
    await expect(text_of(his)).to_be_visible()
    await type_at_end(hers, "Before. ")
    await expect(sign_of(hers)).to_have_text("Saved")
    await expect(text_of(his)).to_contain_text("Before.")

    await server.kill()
    await expect(sign_of(hers)).to_have_text("Offline, kept on this device")
    await type_at_end(hers, "Hers. ")
    await type_at_end(his, "His. ")
    await server.start()
    for window in (hers, his):
        await expect(text_of(window)).to_contain_text("Hers.")
        await expect(text_of(window)).to_contain_text("His.")
        await expect(sign_of(window)).to_have_text("Saved")
    assert sorted(re.findall(r"[A-Z]\w+\.", await stored_text(ada, project))) == ["Before.", "Hers.", "His."]


async def test_by_keyboard_alone(server: Server, chromium: Chromium) -> None:
    ada, _, project = await two_people(server)
    await ada.create_task(project, "Order fuel")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await window.card("Order fuel").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Add a label").or_(page.get_by_placeholder("Add a label")).first.focus()
    await page.keyboard.press("Tab")
    await expect(field_of(window)).to_be_focused()
    await page.keyboard.type("# Fuel")
    await expect(text_of(window)).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("- two tanks")
    await expect(text_of(window).locator("li")).to_have_text("two tanks")
    await page.keyboard.press("Alt+F10")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await page.keyboard.press("Escape")
    await text_of(window).focus()
    await expect(sign_of(window)).to_have_text("Saved")
    await page.keyboard.press("Escape")  # leaves the text
    await expect(page.get_by_role("complementary", name="Task: Order fuel")).to_be_focused()
    await page.keyboard.press("Escape")  # and the task
    await expect(window.card("Order fuel")).to_be_focused()


async def test_a_text_is_drawn_until_its_editor_is_there_and_stays_where_it_is(
    server: Server, chromium: Chromium
) -> None:
    ada, _, project = await two_people(server)
    text = "## Fuel\n\nTwo **tanks** of [it](https://fuel.example).\n\n- [x] order\n- [ ] pay\n\n1. first\n2. second"
    task = await ada.create_task(project, "Order fuel", description=text)
    await ada.post(f"{project.path}/tasks/{task['id']}/document")
    window = await chromium.board_of(server.url, ada, project)
    page, may_load = window.page, asyncio.Event()

    async def wait(route: Route) -> None:
        await may_load.wait()
        await route.continue_()

    await page.route("**/assets/description*.js", wait)
    await window.card("Order fuel").click()
    said = page.locator(".task-panel .said")
    await expect(said.locator("strong")).to_have_text("tanks")
    await expect(said.get_by_role("link", name="it")).to_have_attribute("href", "https://fuel.example")
    await expect(said.locator(".task input")).to_have_count(2)
    await expect(said.locator(".task input").first).to_be_checked()
    words = ("Fuel", "Two tanks", "pay", "second")
    await page.evaluate(STAND_STILL)
    before = [await top_of(said, each) for each in words]
    may_load.set()
    await expect(text_of(window)).to_be_visible()
    await expect(said).to_have_count(0)
    await page.evaluate(STAND_STILL)
    after = [await top_of(text_of(window), each) for each in words]
    assert [abs(one - other) <= 4 for one, other in zip(before, after, strict=True)] == [True] * len(words), (
        before,
        after,
    )


async def top_of(text: Locator, words: str) -> float:
    box = await text.get_by_text(words).first.bounding_box()
    assert box is not None
    return box["y"]


async def test_a_viewer_reads_what_others_type(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    await ada.create_task(project, "Order fuel", description="Two tanks.")
    await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})
    his = await task_of(chromium, server.url, bob, project)
    await expect(his.page.locator(".task-panel .said")).to_have_text("Two tanks.")
    assert await his.page.locator(".task-panel .description textarea").count() == 0
    hers = await task_of(chromium, server.url, ada, project)
    await writing(hers)
    await type_at_end(hers, " Full ones.")
    await expect(text_of(his)).to_contain_text("Two tanks. Full ones.")
    await expect(sign_of(his)).to_have_text("Read only")
    await expect(text_of(his)).to_have_attribute("contenteditable", "false")
    assert await his.page.get_by_role("toolbar").count() == 0


async def test_a_lowered_role_offers_the_unsaved_text(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    await ada.create_task(project, "Order fuel")
    async with Network(server.port) as network:
        his = await task_of(chromium, f"http://127.0.0.1:{network.port}", bob, project)
        await writing(his)
        network.cut()
        await expect(sign_of(his)).to_have_text(re.compile("^Offline"))
        await type_at_end(his, "Too late.")
        await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})
        network.restore()
        await expect(his.page.locator(".unsaved textarea")).to_have_value("Too late.")


async def test_an_earlier_text_comes_back(server: Server, chromium: Chromium) -> None:
    """What somebody has overwritten is a version."""
    ada, _, project = await two_people(server)
    task = await ada.create_task(project, "Order fuel", description="Two tanks.")
    window = await task_of(chromium, server.url, ada, project)
    await writing(window)
    await ada.change_task(project, task, description="Nothing.")
    await expect(text_of(window)).to_have_text("Nothing.")
    await window.page.get_by_role("button", name="Versions").click()
    await window.page.locator(".version").last.click()
    await expect(window.page.get_by_label("Text of this version")).to_have_text("Two tanks.")
    await window.page.get_by_role("button", name="Restore this version").click()
    await window.page.get_by_role("button", name="Restore", exact=True).click()
    await expect(text_of(window)).to_have_text("Two tanks.")
    await window.page.keyboard.press("Escape")
    await expect(window.page.get_by_role("complementary", name="Task: Order fuel")).to_be_visible()


@pytest.mark.parametrize("options", [{}, DARK, SMALL], ids=["light", "dark", "phone"])
async def test_axe_finds_nothing_wrong(server: Server, chromium: Chromium, options: dict[str, Any]) -> None:
    ada, _, project = await two_people(server)
    await ada.create_task(project, "Order fuel", description="# Fuel\n\n- two tanks\n\n[x](https://example.org)")
    window = await task_of(chromium, server.url, ada, project, **options)
    assert await window.violations() == []
    await writing(window)
    await type_at_end(window, " and more words than fit into one line of a narrow panel")
    await expect(sign_of(window)).to_have_text("Saved")
    assert await window.violations() == []
    width, inner = await window.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner
