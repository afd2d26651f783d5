"""The sign beside a document: it says Saved only when everything is stored."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.test_documents import (
    create_document,
    document_of,
    sign_of,
    stored_text,
    text_of,
    two_people,
    type_at_end,
)
from tests.support.browsers import Chromium, Window, is_stored
from tests.support.proxy import Network
from tests.support.server import Server, run_command

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUTS = 6

# How many windows of this browser have changes that the server lacks.
NOTES = "() => Object.keys(localStorage).filter((key) => key.startsWith('roomful.unsaved.')).length"

# Every text that the sign has shown.
RECORD = """() => {
  window.shown = [];
  const sign = document.querySelector('.save-sign');
  const note = () => window.shown.push(sign.textContent);
  new MutationObserver(note).observe(sign, { childList: true, characterData: true, subtree: true });
}"""


async def signs(window: Window) -> list[str]:
    """What the sign has shown since the last call, and shows now."""
    shown: list[str] = await window.page.evaluate(
        "() => window.shown.splice(0).concat(document.querySelector('.save-sign').textContent)"
    )
    return shown


@contextmanager
def no_commits(server: Server) -> Iterator[None]:
    """Nothing can be stored meanwhile: somebody else writes into the database."""
    path = server.environment["ROOMFUL_DATABASE_URL"].partition("///")[2]
    writer = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        writer.execute("BEGIN IMMEDIATE")
        yield
    finally:
        writer.close()


async def test_saved_is_never_shown_before_the_commit(server: Server, chromium: Chromium) -> None:
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    async with Network(server.port) as network:
        window = await document_of(chromium, f"http://127.0.0.1:{network.port}", ada, document)
        await expect(sign_of(window)).to_have_text("Saved")
        await window.page.evaluate(RECORD)
        written = ""
        false = 0
        for number in range(CUTS):
            with no_commits(server):
                # First something typed while connected, then a cut, and more while it is cut and connected again.
                words = f"{number} before, "
                await type_at_end(window, words)
                await signs(window)
                network.cut()
                await expect(sign_of(window)).to_have_text(re.compile("^Offline"))
                await type_at_end(window, "meanwhile, ")
                network.restore()
                await expect(sign_of(window)).not_to_have_text(re.compile("^Offline"))
                await type_at_end(window, "after. ")
                false += (await signs(window)).count("Saved")
            written += words + "meanwhile, after. "
            await expect(sign_of(window)).to_have_text("Saved")
            assert await stored_text(ada, document) == written
            await signs(window)
        assert false == 0
        await expect(text_of(window)).to_have_text(written.strip())


async def test_a_killed_server_loses_and_doubles_nothing(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    hers = await document_of(chromium, server.url, ada, document)
    his = await document_of(chromium, server.url, bob, document)
    await type_at_end(hers, "Before. ")
    await expect(sign_of(hers)).to_have_text("Saved")
    await expect(text_of(his)).to_contain_text("Before.")

    await server.kill()
    await expect(sign_of(hers)).to_have_text("Offline, kept on this device")
    await type_at_end(hers, "Hers. ")
    await type_at_end(his, "His. ")
    await server.start()
    await type_at_end(hers, "More.")
    for window in (hers, his):
        await expect(text_of(window)).to_contain_text("More.")
        await expect(text_of(window)).to_contain_text("His.")
        await expect(sign_of(window)).to_have_text("Saved")
    text = await stored_text(ada, document)
    assert sorted(re.findall(r"[A-Z]\w+\.", text)) == ["Before.", "Hers.", "His.", "More."]


async def test_text_typed_offline_survives_closing_the_document(server: Server, chromium: Chromium) -> None:
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    window = await document_of(chromium, server.url, ada, document)
    await expect(sign_of(window)).to_have_text("Saved")
    await server.kill()
    await expect(sign_of(window)).to_have_text("Offline, kept on this device")
    await type_at_end(window, "On the train.")
    await window.page.get_by_role("link", name="Documents", exact=True).last.click()
    await window.page.get_by_role("link", name="Flight plan").click()  # opens without a server
    await expect(text_of(window)).to_have_text("On the train.")
    await server.start()
    await window.page.reload()
    await expect(sign_of(window)).to_have_text("Saved")
    await expect(text_of(window)).to_have_text("On the train.")
    assert await stored_text(ada, document) == "On the train."


async def test_a_second_tab_saves_only_what_it_has(server: Server, chromium: Chromium) -> None:
    """Of what was typed since, the device still knows that nobody has it: a sign-out must not delete it."""
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    first = await document_of(chromium, server.url, ada, document)
    await expect(sign_of(first)).to_have_text("Saved")
    page = first.page
    await page.route_web_socket(re.compile("/hocuspocus"), lambda socket: socket.close())
    await page.reload()
    await type_at_end(first, "Before.")
    second = await chromium.window(server.url, page.context)
    await second.page.goto(page.url)
    await expect(text_of(second)).to_have_text("Before.")
    await expect(sign_of(second)).to_have_text("Saved")
    await is_stored(partial(second.page.evaluate, NOTES), 0)
    await type_at_end(first, " After.")
    await is_stored(partial(second.page.evaluate, NOTES), 1)


async def test_a_lowered_role_offers_the_unsaved_text(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    async with Network(server.port) as network:
        his = await document_of(chromium, f"http://127.0.0.1:{network.port}", bob, document)
        await expect(sign_of(his)).to_have_text("Saved")
        network.cut()
        await expect(sign_of(his)).to_have_text(re.compile("^Offline"))
        await type_at_end(his, "Too late.")
        await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})
        network.restore()
        await expect(sign_of(his)).to_have_text("Can't be saved: You can only read this document.")
        await expect(his.page.locator(".unsaved textarea")).to_have_value("Too late.")
        await expect(text_of(his)).to_have_attribute("contenteditable", "false")
        assert await his.violations() == []

        await his.page.get_by_role("button", name="Forget it").click()
        await his.page.get_by_role("dialog").get_by_role("button", name="Forget it").click()
        await expect(sign_of(his)).to_have_text("Read only")
        await expect(text_of(his)).not_to_contain_text("Too late.")
        await expect(his.page.locator(".unsaved")).to_have_count(0)


async def test_a_deleted_document_offers_the_unsaved_text(server: Server, chromium: Chromium) -> None:
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    async with Network(server.port) as network:
        his = await document_of(chromium, f"http://127.0.0.1:{network.port}", bob, document)
        await expect(sign_of(his)).to_have_text("Saved")
        network.cut()
        await expect(sign_of(his)).to_have_text(re.compile("^Offline"))
        await type_at_end(his, "Too late.")
        await ada.delete(f"/documents/{document['id']}")
        network.restore()
        await expect(his.page.get_by_role("heading", name="This document is closed")).to_be_visible()
        await expect(his.page.locator(".unsaved textarea")).to_have_value("Too late.")


async def test_a_replaced_history_offers_the_unsaved_text(server: Server, chromium: Chromium, tmp_path: Path) -> None:
    """The database comes back as it was, under two open windows. One has text that was never saved, and both have text
    that the server has lost.
    """
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    async with Network(server.port) as network:
        hers = await document_of(chromium, f"http://127.0.0.1:{network.port}", ada, document)
        his = await document_of(chromium, server.url, bob, document)
        await type_at_end(hers, "Kept. ")
        await expect(sign_of(hers)).to_have_text("Saved")
        await expect(text_of(his)).to_contain_text("Kept.")
        await server.terminate()
        database = Path(server.environment["ROOMFUL_DATABASE_URL"].partition("///")[2])
        backup = tmp_path / "backup.db"
        shutil.copyfile(database, backup)
        await server.start()
        await expect(sign_of(his)).to_have_text("Saved")
        await type_at_end(his, "Lost. ")
        await expect(sign_of(his)).to_have_text("Saved")
        await expect(text_of(hers)).to_contain_text("Lost.")

        network.cut()
        await expect(sign_of(hers)).to_have_text(re.compile("^Offline"))
        await type_at_end(hers, "Late.")
        await server.kill()
        for path in (database, *database.parent.glob(f"{database.name}-*")):
            path.unlink()
        shutil.copyfile(backup, database)
        told = await run_command(["db", "restored"], tmp_path, server.environment)
        assert told.exit_code == 0, told
        await server.start()
        network.restore()
        for window in (hers, his):
            await expect(text_of(window)).to_have_text(re.compile(r"^Kept\. ?(Ada|Bob)?$"))
            await expect(sign_of(window)).to_have_text("Saved")
        await expect(hers.page.locator(".unsaved textarea")).to_have_value("Kept. Lost. Late.")
        await expect(his.page.locator(".unsaved textarea")).to_have_value("Kept. Lost. ")
        await expect(his.page.locator(".unsaved")).to_contain_text("The server was restored from a backup")
        assert await his.violations() == []
        await type_at_end(hers, "Again.")
        await expect(sign_of(hers)).to_have_text("Saved")
        assert await stored_text(ada, document) == "Kept. Again."


async def test_pasted_html_becomes_plain_content_under_the_pages_policy(server: Server, chromium: Chromium) -> None:
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    window = await document_of(chromium, server.url, ada, document)
    await expect(sign_of(window)).to_have_text("Saved")
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    await text_of(window).focus()
    await window.page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData('text/html', `<h2 onclick="alert(1)">Plan</h2><p>Hello <b>there</b>
            <a href="javascript:alert(1)">x</a><img src="https://evil.example/p.png" onerror="alert(1)">
            <script>alert(1)<\\/script><iframe src="https://evil.example/"></iframe>
            <style>.ProseMirror { display: none }</style><object data="https://evil.example/o"></object>
            <svg><script>alert(1)<\\/script></svg><form action="https://evil.example/"><input name="x"></form>
            <span style="background: url(https://evil.example/s.png)">styled</span>
            <a href="java&#10;script:alert(1)">y</a><base href="https://evil.example/"></p>`);
          document.querySelector('.ProseMirror').dispatchEvent(
            new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    await expect(text_of(window).locator("h2")).to_have_text("Plan")
    await expect(text_of(window).locator("strong")).to_have_text("there")
    await expect(sign_of(window)).to_have_text("Saved")
    inside = text_of(window).locator(
        "script, iframe, [onclick], [onerror], a[href^=javascript], img:not(.ProseMirror-separator)"
    )
    await expect(inside).to_have_count(0)
    assert not [url for url in asked if "evil.example" in url]
    answer = await ada.request("GET", f"/documents/{document['id']}/content?format=json")
    assert "javascript:" not in answer.text
    stopped = re.compile("inline event handler|inline style|base-uri|javascript:")
    assert [complaint for complaint in chromium.complaints if not stopped.search(complaint)] == []
    chromium.complaints.clear()  # the browser reports what the policy has stopped, as it should
