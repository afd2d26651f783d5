"""Writing in documents: while programs change them, by an input method, in long ones, by menu."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import CDPSession, Locator, Route, expect
from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from tests.browser.conftest import environment_for
from tests.browser.test_document_versions import put_caret_behind, put_markdown
from tests.browser.test_documents import (
    DARK,
    SMALL,
    create_document,
    document_of,
    sign_of,
    stored_text,
    text_of,
    two_people,
    type_at_end,
)
from tests.support.api import Json, Person
from tests.support.browsers import Chromium, Window
from tests.support.busy_time import BusyTime
from tests.support.databases import SqliteFiles
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS = 30
LONG_PARAGRAPHS = 1_000
"""100 kB."""
KEYS = " and now some more words"
MOST_GROWTH = 5.0
"""Of the cost of a key, from a short document to a long one. It is 2."""


async def test_two_people_type_while_a_program_changes_the_document(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    await put_markdown(ada, document, "# Flight plan\n\nStatus: 0\n\nHers: \n\nHis: \n")
    hers = await document_of(chromium, server.url, ada, document)
    his = await document_of(chromium, server.url, bob, document)
    await put_caret_behind(hers, "Hers:")
    await put_caret_behind(his, "His:")
    upper, lower = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 7, "abcdefghijklmnopqrstuvwxyz" * 7

    async with asyncio.TaskGroup() as work:
        work.create_task(hers.page.keyboard.type(upper, delay=10))
        work.create_task(his.page.keyboard.type(lower, delay=10))
        for number in range(ROUNDS):
            await set_status(bob, document, number + 1)

    for window in (hers, his):
        await expect(sign_of(window)).to_have_text("Saved")
        await expect(text_of(window).locator("p", has_text="Status")).to_contain_text(f"Status: {ROUNDS}")
    lines = (await stored_text(ada, document)).split("\n")
    assert lines == ["Flight plan", f"Status: {ROUNDS}", f"Hers:{upper}", f"His:{lower}"]


async def set_status(person: Person, document: Json, number: int) -> None:
    """As a program does: read, change a word, write back at what was read."""
    path = f"/documents/{document['id']}/content?format=markdown"
    read = await person.request("GET", path)
    goal = re.sub(r"Status: \d+", f"Status: {number}", read.text)
    answer = await person.request("PATCH", path, content=goal, If_Match=read.headers["ETag"])
    assert answer.status_code == 204, answer.text


async def compose(cdp: CDPSession, text: str) -> None:
    """What an input method shows before it is sure, underlined, in place of what it has shown."""
    await cdp.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})


async def test_an_input_method_goes_on_while_others_write(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    await put_markdown(ada, document, "Hers: \n\nHis: \n")
    hers = await document_of(chromium, server.url, ada, document)
    his = await document_of(chromium, server.url, bob, document)
    await put_caret_behind(hers, "Hers:")
    await put_caret_behind(his, "His:")
    cdp = await hers.page.context.new_cdp_session(hers.page)

    await compose(cdp, "n")
    await compose(cdp, "に")
    await his.page.keyboard.type(" elsewhere")
    await expect(text_of(hers)).to_contain_text("elsewhere")
    await compose(cdp, "にほ")
    await compose(cdp, "にほん")
    await cdp.send("Input.insertText", {"text": "日本"})
    await expect(text_of(his)).to_contain_text("Hers:日本")

    await compose(cdp, "g")
    await compose(cdp, "ご")
    await put_caret_behind(his, "Hers:")
    await his.page.keyboard.press("Home")
    await his.page.keyboard.type("Now ")  # in the very line
    await expect(text_of(hers)).to_contain_text("Now ")
    await compose(cdp, "ごは")
    await cdp.send("Input.insertText", {"text": "語"})
    for window in (hers, his):
        await expect(text_of(window)).to_contain_text("語")
        await expect(sign_of(window)).to_have_text("Saved")
    assert (await stored_text(ada, document)).split("\n") == ["Now Hers:日本語", "His: elsewhere"]


async def test_a_key_costs_little_in_a_long_document(server: Server, chromium: Chromium) -> None:
    """`make bench ARGS=writing` has the clock's times."""
    ada, _, project = await two_people(server)
    cost: dict[str, float] = {}
    for name, paragraphs in (("short", 2), ("long", LONG_PARAGRAPHS)):
        document = await create_document(ada, project)
        line = "Some words of the flight plan, **some** of them bold, and others not at all, as it goes with plans. "
        await put_markdown(ada, document, "\n\n".join(["Here:", *[line] * paragraphs]))
        window = await document_of(chromium, server.url, ada, document)
        await expect(sign_of(window)).to_have_text("Saved")
        await put_caret_behind(window, "Here:")
        busy = await BusyTime.of(window)
        await window.page.keyboard.type("warming up", delay=20)
        await expect(sign_of(window)).to_have_text("Saved")
        await busy.restart()
        await window.page.keyboard.type(KEYS, delay=20)
        await expect(sign_of(window)).to_have_text("Saved")
        cost[name] = await busy.measured() / len(KEYS)
        assert f"Here:warming up{KEYS}" in await stored_text(ada, document)
        await window.page.close()
    assert cost["long"] < MOST_GROWTH * cost["short"], cost


def menu_of(window: Window) -> Locator:
    return window.page.get_by_role("listbox", name="Insert")


@pytest.mark.parametrize("options", [{}, DARK, SMALL], ids=["light", "dark", "phone"])
async def test_a_slash_opens_a_menu(server: Server, chromium: Chromium, options: dict[str, Any]) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    window = await document_of(chromium, server.url, ada, document, **options)
    await expect(sign_of(window)).to_have_text("Saved")
    keyboard = window.page.keyboard
    await type_at_end(window, "/")
    await expect(menu_of(window).get_by_role("option")).to_have_count(12)  # all but the text that it is
    await expect(text_of(window)).to_have_attribute("aria-activedescendant", "caret-list-0")
    assert await window.violations() == []
    box = await menu_of(window).bounding_box()
    assert box is not None
    size = window.page.viewport_size
    assert size is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]

    await keyboard.press("ArrowDown")
    await expect(menu_of(window).get_by_role("option", selected=True)).to_have_text("Heading 2")
    await keyboard.press("Enter")
    await expect(menu_of(window)).to_have_count(0)
    await keyboard.type("Plan")
    await keyboard.press("Enter")
    await keyboard.type("/todo")
    await expect(menu_of(window).get_by_role("option")).to_have_text("Check list")
    option = menu_of(window).get_by_role("option", name="Check list")
    await (option.tap() if options.get("has_touch") else option.click())
    await keyboard.type("fuel")
    await keyboard.press("Enter")
    await keyboard.press("Enter")
    await keyboard.type("/mention")
    await keyboard.press("Enter")
    await keyboard.type("bo")
    await expect(window.page.get_by_role("option", name="Bob")).to_be_visible()
    await keyboard.press("Enter")
    await keyboard.press("Enter")
    await keyboard.type("/image")
    await keyboard.press("Enter")
    await window.page.get_by_label("Address").fill("https://images.example/moon.png")
    await window.page.get_by_label("What it shows").fill("The moon")
    await keyboard.press("Enter")
    await expect(text_of(window).locator("figure")).to_contain_text("The moon")
    await expect(sign_of(window)).to_have_text("Saved")
    answer = await ada.request("GET", f"/documents/{document['id']}/content?format=json")
    kinds = [node["type"] for node in answer.json()["content"]]
    assert kinds[:4] == ["heading", "taskList", "paragraph", "image"]
    assert f'"{bob.id}"' in answer.text
    assert "/" not in (await stored_text(ada, document)).replace("https://images.example/moon.png", "")


async def test_what_was_typed_in_a_dialog_of_the_editor_is_kept(server: Server, chromium: Chromium) -> None:
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    window = await document_of(chromium, server.url, ada, document)
    page = window.page

    async def ask_for_image() -> None:
        await type_at_end(window, "/image")
        await expect(menu_of(window)).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Address")).to_be_focused()

    await ask_for_image()
    await page.get_by_label("Address").fill("https://images.example/moon.png")
    await page.get_by_label("What it shows").fill("The moon")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Keep as draft").click()
    await ask_for_image()
    await expect(page.get_by_label("Address")).to_have_value("https://images.example/moon.png")
    await expect(page.get_by_label("What it shows")).to_have_value("The moon")
    await page.get_by_role("button", name="Add image").click()
    await expect(text_of(window).locator("figure")).to_contain_text("The moon")
    await ask_for_image()  # used, and gone
    await expect(page.get_by_label("Address")).to_have_value("")


async def test_a_link_to_a_script_is_not_opened(server: Server, chromium: Chromium) -> None:
    """The editor makes none, but a program can write one."""
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    doc: Doc[Any] = Doc()
    words = doc.get("default", type=XmlFragment).children.append(XmlElement("paragraph")).children.append(XmlText())
    words.insert(0, "Press me", {"link": {"href": "javascript:alert(1)"}})
    path = f"/documents/{document['id']}/content?format=update"
    assert (await ada.request("PATCH", path, content=doc.get_update())).status_code == 204
    window = await document_of(chromium, server.url, ada, document)
    page = window.page
    await text_of(window).get_by_text("Press me").click()
    await page.keyboard.press("Control+k")
    address, outward = page.get_by_label("Address"), page.get_by_role("dialog").get_by_role("link", name="Open")
    await expect(address).to_have_value("javascript:alert(1)")
    await expect(outward).to_have_count(0)
    await address.fill("example.org")
    await address.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await text_of(window).get_by_text("Press me").click()
    await page.keyboard.press("Control+k")
    await expect(outward).to_have_attribute("href", "https://example.org/")


async def test_a_check_list_is_typed_as_in_markdown(server: Server, chromium: Chromium) -> None:
    """The bullet that `-` makes becomes an entry to tick off; those around it stay bullets."""
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    window = await document_of(chromium, server.url, ada, document)
    await expect(sign_of(window)).to_have_text("Saved")
    await type_at_end(window, "- tanks\n[ ] fuel\n")
    await expect(text_of(window).get_by_role("checkbox")).to_have_count(2)
    await window.page.keyboard.type("lid\n\n- [x] paid\n")
    await expect(text_of(window).get_by_role("checkbox")).to_have_count(4)
    await expect(sign_of(window)).to_have_text("Saved")
    answer = await ada.request("GET", f"/documents/{document['id']}/content?format=markdown")
    assert answer.text == "- tanks\n\n* [ ] fuel\n* [ ] lid\n* [x] paid\n* [ ]\n"


async def test_a_slash_that_is_no_menu_stays_text(server: Server, chromium: Chromium) -> None:
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    window = await document_of(chromium, server.url, ada, document)
    await type_at_end(window, "/he")
    await expect(menu_of(window)).to_be_visible()
    await window.page.keyboard.press("Escape")
    await expect(menu_of(window)).to_have_count(0)
    await window.page.keyboard.press("Enter")
    await window.page.keyboard.type("and/or")
    await expect(menu_of(window)).to_have_count(0)
    await window.page.keyboard.press("Enter")
    await window.page.keyboard.type("/zzz")
    await expect(menu_of(window)).to_be_hidden()
    await window.page.keyboard.press("Enter")
    await expect(sign_of(window)).to_have_text("Saved")
    assert (await stored_text(ada, document)).rstrip() == "/he\nand/or\n/zzz"


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


async def test_images_of_trusted_hosts_are_shown_at_once(
    sqlite_files: SqliteFiles, tmp_path: Path, chromium: Chromium
) -> None:
    environment = environment_for(sqlite_files.create(tmp_path / "roomful.db"))
    async with Server(tmp_path, {**environment, "ROOMFUL_IMAGE_HOSTS": "*.images.example"}) as server:
        ada, _, project = await two_people(server)
        document = await create_document(ada, project)
        await put_markdown(
            ada, document, "![The moon](https://a.images.example/moon.png)\n\n![Mars](https://mars.example/mars.png)\n"
        )
        window = await chromium.board_of(server.url, ada, project)
        asked: list[str] = []

        async def send_image(route: Route) -> None:
            asked.append(route.request.url)
            await route.fulfill(body=PIXEL, content_type="image/png")

        await window.page.route(re.compile(r"\.example/"), send_image)
        await window.page.goto(f"{server.url}/#/projects/{project.id}/documents/{document['id']}")
        moon = text_of(window).get_by_role("img", name="The moon")
        await expect(moon).to_have_js_property("naturalWidth", 1)
        await expect(text_of(window).get_by_role("link", name="Show from mars.example")).to_be_visible()
        assert asked == ["https://a.images.example/moon.png"]
        assert await window.violations() == []
