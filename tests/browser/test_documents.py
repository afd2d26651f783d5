"""Documents on the board: two people write in one."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, expect
from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from tests.support.api import Json, Person, Project
from tests.support.browsers import PHONE, Chromium, Window
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

DARK: dict[str, Any] = {"color_scheme": "dark"}
SMALL: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


def text_of(window: Window) -> Locator:
    return window.page.locator(".ProseMirror")


def sign_of(window: Window) -> Locator:
    return window.page.locator(".save-sign")


async def create_document(person: Person, project: Project, title: str = "Flight plan") -> Json:
    made: Json = await person.post(f"{project.path}/documents", {"title": title})
    return made


async def document_of(chromium: Chromium, url: str, person: Person, document: Json, **options: Any) -> Window:
    """A window in which the document is open, and saved."""
    project = Project(document["project_id"])
    window = await chromium.board_of(url, person, project, **options)
    await window.page.goto(f"{url}/#/projects/{project.id}/documents/{document['id']}")
    await expect(window.page.locator(".document .prose")).to_be_visible()
    return window


async def stored_text(person: Person, document: Json) -> str:
    answer = await person.request("GET", f"/documents/{document['id']}/content?format=text")
    text: str = answer.text
    return text


async def type_at_end(window: Window, text: str) -> None:
    await text_of(window).focus()
    await window.page.keyboard.press("Control+End")
    await window.page.keyboard.type(text)


async def two_people(server: Server) -> tuple[Person, Person, Project]:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    return ada, bob, project


async def test_documents_are_made_renamed_deleted_and_restored(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    hers = await chromium.board_of(server.url, ada, project)
    his = await chromium.board_of(server.url, bob, project)
    for window in (hers, his):
        await window.page.get_by_role("link", name="Documents").click()
        await expect(window.page.get_by_text("No documents yet")).to_be_visible()

    await hers.page.get_by_role("button", name="New document").click()
    await hers.page.get_by_label("Title").fill("Flight plan")
    await hers.page.keyboard.press("Enter")
    await expect(text_of(hers)).to_be_visible()
    await expect(hers.page.get_by_role("heading", name="Flight plan")).to_be_visible()
    await his.page.get_by_role("button", name="Rename Flight plan").click()
    await his.page.get_by_label("Title").fill("Flight plan B")
    await his.page.keyboard.press("Enter")
    await expect(hers.page.get_by_role("heading", name="Flight plan B")).to_be_visible()

    await his.page.get_by_role("button", name="Move Flight plan B to the trash").click()
    await his.page.get_by_role("button", name="Move to trash").click()
    await expect(hers.page.get_by_text("This document is in the trash.")).to_be_visible()
    await hers.page.get_by_role("link", name="Documents", exact=True).last.click()
    await hers.page.get_by_role("button", name="Trash").click()
    await hers.page.get_by_role("button", name="Restore Flight plan B").click()
    await expect(his.page.get_by_role("link", name="Flight plan B")).to_be_visible()


async def test_two_people_write_in_one_document(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    hers = await document_of(chromium, server.url, ada, document)
    his = await document_of(chromium, server.url, bob, document)

    await type_at_end(hers, "Fuel first.")
    await expect(text_of(his)).to_have_text(re.compile("Fuel first"))
    await expect(his.page.locator(".other-name")).to_have_text("Ada")
    await expect(his.page.locator(".document").get_by_role("list", name="Also here")).to_have_text(re.compile("Ada"))
    await type_at_end(his, " Then the crew.")
    await expect(text_of(hers)).to_have_text(re.compile(r"Fuel first\..*Then the crew\."))
    await expect(hers.page.locator(".other-name")).to_have_text("Bob")
    for window in (hers, his):
        await expect(sign_of(window)).to_have_text("Saved")
    assert await stored_text(ada, document) == "Fuel first. Then the crew."

    # Undo takes back her own text, not his: in several steps, if she typed slowly.
    await text_of(hers).focus()
    for _ in range(len("Fuel first.")):
        if "Fuel" in await text_of(hers).inner_text():
            await hers.page.keyboard.press("Control+z")
    await expect(text_of(his)).to_have_text(re.compile(r"^\s*Then the crew\.(Ada)?\s*$"))


async def test_markdown_shortcuts_and_tools_make_rich_text(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    window = await document_of(chromium, server.url, ada, document)
    await type_at_end(window, "# Plan\n- fuel\n\n[ ] check\n\n**now**, `x` and @bo")
    await expect(window.page.get_by_role("option", name="Bob")).to_be_visible()
    await window.page.keyboard.press("Enter")
    await window.page.keyboard.press("Alt+F10")
    await expect(window.page.get_by_role("button", name="Undo")).to_be_focused()
    await window.page.keyboard.press("ArrowLeft")
    await window.page.keyboard.press("Enter")
    await window.page.get_by_role("button", name="Table", exact=True).click()
    for words in ("Stage", "Fuel", "Days"):
        await window.page.keyboard.type(words)
        await window.page.keyboard.press("Tab")
    await expect(sign_of(window)).to_have_text("Saved")
    answer = await ada.request("GET", f"/documents/{document['id']}/content?format=json")
    kinds = [node["type"] for node in answer.json()["content"]]
    assert kinds[:4] == ["heading", "bulletList", "taskList", "paragraph"]
    assert "table" in kinds
    assert f'"{bob.id}"' in answer.text
    assert await window.violations() == []


@pytest.mark.parametrize("options", [{}, DARK, SMALL], ids=["light", "dark", "phone"])
async def test_axe_finds_nothing_wrong(server: Server, chromium: Chromium, options: dict[str, Any]) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    await document_of(chromium, server.url, bob, document)
    window = await document_of(chromium, server.url, ada, document, **options)
    await type_at_end(window, "# Plan\n[ ] fuel")
    await expect(sign_of(window)).to_have_text("Saved")
    assert await window.violations() == []
    width: int = await window.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert width <= 0
    await window.page.get_by_role("link", name="Documents", exact=True).last.click()
    await expect(window.page.get_by_role("link", name="Flight plan")).to_be_visible()
    assert await window.violations() == []


async def test_versions_are_kept_looked_at_and_restored(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    hers = await document_of(chromium, server.url, ada, document)
    his = await document_of(chromium, server.url, bob, document)
    await type_at_end(hers, "Fuel first.")
    await expect(sign_of(hers)).to_have_text("Saved")
    await hers.page.get_by_role("button", name="Versions").click()
    await hers.page.get_by_label("Keep the present text as").fill("As sent to the crew")
    await hers.page.keyboard.press("Enter")
    version = hers.page.get_by_role("button", name="As sent to the crew")
    await expect(version).to_contain_text("Text by Ada, kept by Ada")

    await type_at_end(his, " Or not?")
    await expect(sign_of(his)).to_have_text("Saved")
    await version.click()
    await expect(hers.page.get_by_role("dialog").locator(".prose")).to_have_text("Fuel first.")
    assert await hers.violations() == []
    await hers.page.get_by_role("button", name="Restore this version").click()
    await hers.page.get_by_role("button", name="Restore", exact=True).click()
    await expect(hers.page.locator(".ProseMirror > p")).to_have_text(re.compile(r"Fuel first\.(Bob)?$"))
    await expect(his.page.locator(".ProseMirror > p")).to_have_text(re.compile(r"Fuel first\.(Ada)?$"))
    await expect(hers.page.get_by_text("before Ada restored another one")).to_be_visible()
    await hers.page.keyboard.press("Escape")
    assert await stored_text(bob, document) == "Fuel first."


async def test_viewers_and_archived_projects_only_read(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})
    document = await create_document(ada, project)
    hers = await document_of(chromium, server.url, ada, document)
    await type_at_end(hers, "[ ] fuel")
    his = await document_of(chromium, server.url, bob, document)
    await expect(sign_of(his)).to_have_text("Read only")
    await expect(text_of(his)).to_have_attribute("contenteditable", "false")
    await expect(his.page.get_by_role("toolbar")).to_have_count(0)
    await his.page.locator("input[type=checkbox]").click(force=True)
    await expect(his.page.locator("input[type=checkbox]")).not_to_be_checked()

    await ada.patch(f"{project.path}/members/{bob.id}", {"role": "editor"})
    await expect(text_of(his)).to_have_attribute("contenteditable", "true")
    await type_at_end(his, " and oil")
    await expect(text_of(hers)).to_contain_text("fuel and oil")
    await expect(sign_of(his)).to_have_text("Saved")

    await ada.patch(project.path, {"status": "archived"})
    for window in (hers, his):
        await expect(sign_of(window)).to_have_text("Read only")
        await expect(text_of(window)).to_have_attribute("contenteditable", "false")


async def test_the_first_key_after_the_focus_is_typed(server: Server, chromium: Chromium) -> None:
    """Also in a list, where the browser sets no caret by itself, and before any timer has run."""
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    path = f"/documents/{document['id']}/content?format=markdown"
    await ada.request("PATCH", path, content="- [ ] fuel\n")
    window = await document_of(chromium, server.url, ada, document)
    await expect(sign_of(window)).to_have_text("Saved")
    has_caret = await window.page.evaluate(
        """() => {
          const text = document.querySelector('.ProseMirror');
          getSelection().removeAllRanges();
          text.focus();
          return text.contains(getSelection().anchorNode);
        }"""
    )
    assert has_caret


async def test_the_caret_moves_while_others_write(server: Server, chromium: Chromium) -> None:
    """What they wrote arrives when the browser has moved the caret, but not yet reported it."""
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    hers = await document_of(chromium, server.url, ada, document)
    his = await document_of(chromium, server.url, bob, document)
    await type_at_end(hers, "fuel")
    await expect(text_of(his)).to_contain_text("fuel")
    await his.page.get_by_text("fuel").click()
    await his.page.keyboard.press("Control+Home")
    await expect(hers.page.locator(".other-name")).to_have_text("Bob")
    await his.page.evaluate(
        """() => {
          const { editor } = document.querySelector('.ProseMirror');
          const { provider } = editor.extensionManager.extensions.find(({ name }) => name === 'collaboration').options;
          const emit = provider.emit.bind(provider);
          provider.emit = (name, ...rest) => {
            if (name === 'message') getSelection().modify('move', 'forward', 'documentboundary');
            return emit(name, ...rest);
          };
        }"""
    )
    await hers.page.keyboard.press("Home")
    await hers.page.keyboard.type("No ")
    await expect(text_of(his)).to_contain_text("No ")
    await his.page.keyboard.type(" left")
    await expect(text_of(hers)).to_contain_text("No fuel left")


async def test_the_caret_stays_where_it_moved_while_others_move_theirs(server: Server, chromium: Chromium) -> None:
    """Their carets are drawn when the browser has moved hers, but not yet reported it."""
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    path = f"/documents/{document['id']}/content?format=text"
    await ada.request("PATCH", path, content="fuel")
    hers = await document_of(chromium, server.url, ada, document)
    await expect(sign_of(hers)).to_have_text("Saved")
    await text_of(hers).focus()
    await hers.page.evaluate(
        """async () => {
          const { editor } = document.querySelector('.ProseMirror');
          const { provider } = editor.extensionManager.extensions.find(({ name }) => name === 'collaboration').options;
          const { awareness } = provider;
          while (!awareness.getLocalState().cursor) await new Promise((resolve) => setTimeout(resolve));
          await new Promise((resolve) => setTimeout(resolve, 50)); // all that the focus began has been drawn
          const timers = [], real = window.setTimeout;
          window.setTimeout = (timer) => timers.push(timer);
          awareness.states.set(5, { user: { name: 'Bob' }, cursor: awareness.getLocalState().cursor });
          awareness.emit('change', [{ added: [5], updated: [], removed: [] }, 'test']);
          window.setTimeout = real;
          const draw = timers.pop();
          for (const timer of timers) timer();
          getSelection().modify('move', 'forward', 'documentboundary');
          draw();
        }"""
    )
    await expect(hers.page.locator(".other-name")).to_have_text("Bob")
    await hers.page.keyboard.type(" left")
    await expect(text_of(hers)).to_contain_text("fuel left")


async def test_a_key_is_obeyed_where_the_caret_has_moved(server: Server, chromium: Chromium) -> None:
    """The browser has moved the caret, but not yet reported it: people type faster than a busy page does that."""
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    await ada.request("PATCH", f"/documents/{document['id']}/content?format=text", content="fuel")
    hers = await document_of(chromium, server.url, ada, document)
    await expect(sign_of(hers)).to_have_text("Saved")
    await text_of(hers).focus()
    await hers.page.evaluate(
        """() => {
          const text = document.querySelector('.ProseMirror');
          getSelection().modify('move', 'forward', 'documentboundary');
          text.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 13, bubbles: true }));
        }"""
    )
    await hers.page.keyboard.type("left")
    await expect(text_of(hers).locator("p")).to_have_text(["fuel", "left"])


HOLD = """([clientId]) => {
  const { editor } = document.querySelector('.ProseMirror');
  const { provider } = editor.extensionManager.extensions.find(({ name }) => name === 'collaboration').options;
  const { awareness } = provider;
  const state = awareness.getLocalState();
  awareness.setLocalState(null);
  awareness.clientID = provider.document.clientID = clientId; // another id's caret would be drawn as somebody else's
  awareness.setLocalState(state);
  const held = [];
  provider.onMessage = (event) => held.push(event);
  window.release = () => {
    delete provider.onMessage;
    for (const event of held) provider.onMessage(event);
  };
}"""
"""What the server sends waits for `release()`. Of texts at one place that of the smaller client id comes first."""


@pytest.mark.parametrize("ids", [(5, 9), (9, 5)], ids=["his first", "hers first"])
@pytest.mark.parametrize("before", ["Two tanks.", ""], ids=["in a text", "in an empty document"])
async def test_ones_letters_stay_together_when_others_begin_at_the_same_place(
    server: Server, chromium: Chromium, before: str, ids: tuple[int, int]
) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    if before:
        await ada.request("PATCH", f"/documents/{document['id']}/content?format=text", content=before)
    hers = await document_of(chromium, server.url, ada, document)
    his = await document_of(chromium, server.url, bob, document)
    for window, client_id in zip((his, hers), ids, strict=True):
        await expect(sign_of(window)).to_have_text("Saved")
        await window.page.evaluate(HOLD, [client_id])

    await type_at_end(his, " H")
    await type_at_end(hers, " Hers, from")
    await his.page.evaluate("release()")
    await expect(text_of(his)).to_contain_text("Hers, from")
    await his.page.keyboard.type("is, by")
    await hers.page.evaluate("release()")
    await expect(text_of(hers)).to_contain_text("His, by")
    await hers.page.keyboard.type(" the depot.")
    await his.page.keyboard.type(" rail.")
    for window in (hers, his):
        await expect(text_of(window)).to_contain_text("Hers, from the depot.")
        await expect(text_of(window)).to_contain_text("His, by rail.")
        await expect(sign_of(window)).to_have_text("Saved")
    mine, yours = " His, by rail.", " Hers, from the depot."
    assert await stored_text(ada, document) == before + (mine + yours if ids[0] < ids[1] else yours + mine)


async def test_content_of_a_newer_version_stays_whole(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    hers = await document_of(chromium, server.url, ada, document)
    await add_stranger(ada, document)
    await expect(hers.page.get_by_text("can only be read here")).to_be_visible()  # while it is open
    await expect(hers.page.locator(".prose")).to_contain_text("Hot!")
    his = await document_of(chromium, server.url, bob, document)  # and when it is opened
    await expect(his.page.get_by_text("can only be read here")).to_be_visible()
    await expect(his.page.locator(".prose")).to_contain_text("Hot!")
    state = await ada.request("GET", f"/documents/{document['id']}/content?format=update")
    assert str(read_root(state.content)).count("callout") == 2


def read_root(update: bytes) -> XmlFragment:
    doc: Doc[Any] = Doc()
    doc.apply_update(update)
    root: XmlFragment = doc.get("default", type=XmlFragment)
    return root


async def add_stranger(person: Person, document: Json) -> None:
    """Add a node that the board's editor doesn't know, as a newer editor would."""
    path = f"/documents/{document['id']}/content?format=update"
    doc: Doc[Any] = Doc()
    doc.apply_update((await person.request("GET", path)).content)
    before = doc.get_state()
    root = doc.get("default", type=XmlFragment)
    with doc.transaction():
        callout = root.children.append(XmlElement("callout"))
        callout.children.append(XmlElement("paragraph")).children.append(XmlText("Hot!"))
    answer = await person.request("PATCH", path, content=doc.get_update(before))
    assert answer.status_code == 204, answer.text
