"""Versions of documents on the board: what changed between two of them, and the way back while people type."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from tests.browser.test_documents import (
    DARK,
    SMALL,
    create_document,
    document_of,
    sign_of,
    stored_text,
    text_of,
    two_people,
)
from tests.support.api import Json, Person
from tests.support.browsers import Chromium, Window, lose_first_answer
from tests.support.held_answers import hold_first_answer
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def put_markdown(person: Person, document: Json, markdown: str) -> None:
    path = f"/documents/{document['id']}/content?format=markdown&mode=replace"
    answer = await person.request("PATCH", path, content=markdown)
    assert answer.status_code == 204, answer.text


async def keep_version(person: Person, document: Json, label: str) -> Json:
    made: Json = await person.post(f"/documents/{document['id']}/versions", {"label": label})
    return made


async def look_at(window: Window, label: str) -> Locator:
    """The dialog of a version."""
    await window.page.get_by_role("button", name="Versions", exact=True).click()
    await window.page.get_by_role("button", name=label).click()
    return window.page.get_by_role("dialog")


@pytest.mark.parametrize("options", [{}, DARK, SMALL], ids=["light", "dark", "phone"])
async def test_what_changed_between_two_versions_is_marked(
    server: Server, chromium: Chromium, options: dict[str, Any]
) -> None:
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    await put_markdown(ada, document, "# Flight plan\n\nThe red rocket flies.\n\n- [ ] fuel\n- [ ] wax\n")
    await keep_version(ada, document, "As sent to the crew")
    await put_markdown(ada, document, "# Flight plan\n\nThe green rocket flies today.\n\n- [ ] fuel\n")
    await keep_version(ada, document, "After the meeting")
    await put_markdown(ada, document, "# Flight plan\n\nThe green rocket flies.\n\n- [ ] fuel\n\n---\n")

    window = await document_of(chromium, server.url, ada, document, **options)
    dialog = await look_at(window, "As sent to the crew")
    await expect(dialog.get_by_role("region", name="Text of this version")).to_contain_text("The red rocket flies.")
    await dialog.get_by_label("Compare with").select_option("The present text")
    changed = dialog.get_by_role("region", name="What changed")
    await expect(changed.get_by_role("deletion")).to_have_text(["red", "wax"])
    await expect(changed.get_by_role("insertion")).to_have_text(["green", ""])  # a word, and a line across
    await expect(dialog.locator("p[role=status]")).to_have_text(
        "Changes from “As sent to the crew” to the present text: 2 inserted, 2 deleted."
    )
    assert await window.violations() == []
    width: int = await window.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert width <= 0

    await dialog.get_by_label("Compare with").select_option("After the meeting")
    await expect(changed.get_by_role("insertion")).to_have_text(["green", " today"])
    await window.page.keyboard.press("Escape")
    dialog = await look_back(window, "After the meeting")  # from the newer one it is the same change
    await dialog.get_by_label("Compare with").select_option("As sent to the crew")
    await expect(changed.get_by_role("insertion")).to_have_text(["green", " today"])
    await expect(dialog.locator("p[role=status]")).to_contain_text("from “As sent to the crew” to “After the meeting”")


async def look_back(window: Window, label: str) -> Locator:
    """The dialog of another version, from the open list."""
    await window.page.get_by_role("button", name=label).click()
    return window.page.get_by_role("dialog")


async def test_a_version_that_is_the_present_text_shows_no_change(server: Server, chromium: Chromium) -> None:
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    await put_markdown(ada, document, "Fuel first.")
    await keep_version(ada, document, "Kept")
    window = await document_of(chromium, server.url, ada, document)
    dialog = await look_at(window, "Kept")
    await dialog.get_by_label("Compare with").select_option("The present text")
    await expect(dialog.locator("p[role=status]")).to_have_text(
        "No words have changed from “Kept” to the present text."
    )


async def test_a_version_is_restored_while_two_people_type(server: Server, chromium: Chromium) -> None:
    """Each letter is in the present text or in the version that was made before the restore, once and in its order."""
    ada, bob, project = await two_people(server)
    document = await create_document(ada, project)
    await put_markdown(ada, document, "Hers: \n\nHis: \n\n1234567890\n")
    version = await keep_version(ada, document, "Begin")
    hers = await document_of(chromium, server.url, ada, document)
    his = await document_of(chromium, server.url, bob, document)
    upper, lower = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 3, "abcdefghijklmnopqrstuvwxyz" * 3
    await put_caret_behind(hers, "Hers:")
    await put_caret_behind(his, "His:")

    async with asyncio.TaskGroup() as typing:
        typing.create_task(hers.page.keyboard.type(upper, delay=15))
        typing.create_task(his.page.keyboard.type(lower, delay=15))
        await expect(text_of(hers)).to_contain_text(re.compile("g"))
        await expect(text_of(his)).to_contain_text(re.compile("G"))
        await ada.post(f"/documents/{document['id']}/versions/{version['id']}/restore", expect=200)
    for window in (hers, his):
        await expect(sign_of(window)).to_have_text("Saved")
    present = await stored_text(ada, document)
    [made] = [each for each in await ada.get(f"/documents/{document['id']}/versions") if each["trigger"] == "restore"]
    before = (await ada.request("GET", f"/documents/{document['id']}/versions/{made['id']}/content?format=text")).text
    for typed in (upper, lower):
        kept = "".join(re.findall(rf"[{typed[:26]}]", strip_names(before) + strip_names(present)))
        assert kept == typed
    assert present.count("1234567890") == 1


async def test_a_slow_restore_closes_no_other_version(server: Server, chromium: Chromium) -> None:
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    for words in ("Fuel", "Wax"):
        await put_markdown(ada, document, f"{words} first.")
        await keep_version(ada, document, f"About {words}")
    window = await document_of(chromium, server.url, ada, document)
    held = await hold_first_answer(window.page, "**/restore", "POST")
    dialog = await look_at(window, "About Fuel")
    await dialog.get_by_role("button", name="Restore this version").click()
    await window.page.get_by_role("button", name="Restore", exact=True).click()
    await held.given()
    await window.page.keyboard.press("Escape")
    dialog = await look_back(window, "About Wax")
    await expect(dialog.locator(".prose")).to_have_text("Wax first.")
    await held.arrive()
    await expect(window.notice).to_be_visible()
    await expect(dialog.locator(".prose")).to_have_text("Wax first.")


@pytest.mark.parametrize("options", [{}, DARK, SMALL], ids=["light", "dark", "phone"])
async def test_a_version_that_could_not_be_loaded_is_asked_for_again(
    server: Server, chromium: Chromium, options: dict[str, Any]
) -> None:
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    await put_markdown(ada, document, "Fuel first.")
    await keep_version(ada, document, "Kept")
    window = await document_of(chromium, server.url, ada, document, **options)
    page, is_away = window.page, True

    async def answer(route: Route) -> None:
        await (route.abort() if is_away else route.continue_())

    await page.route("**/content?format=json", answer)
    dialog = await look_at(window, "Kept")
    await dialog.get_by_label("Compare with").select_option("The present text")
    await expect(dialog.get_by_role("alert")).to_contain_text("can't be reached")
    assert await window.violations() == []
    async with page.expect_event("requestfailed"):
        await dialog.get_by_role("button", name="Try again").click()
    await expect(dialog.get_by_role("button", name="Try again")).to_be_visible()
    is_away = False
    await dialog.get_by_role("button", name="Try again").click()
    await expect(dialog.locator("p[role=status]")).to_contain_text("No words have changed")
    await expect(dialog.get_by_role("alert")).to_have_count(0)


async def test_a_name_that_was_begun_is_kept_and_used_once(server: Server, chromium: Chromium) -> None:
    ada, _, project = await two_people(server)
    document = await create_document(ada, project)
    window = await document_of(chromium, server.url, ada, document)
    page = window.page
    lost = await lose_first_answer(page, "**/versions")
    await page.get_by_role("button", name="Activity").click()
    await page.get_by_role("button", name="Versions", exact=True).click()
    field = page.get_by_label("Keep the present text as")
    await field.fill("As sent")
    await field.press("Escape")
    await expect(field).to_have_count(0)
    await expect(page.get_by_role("complementary", name="Activity")).to_be_visible()  # not closed by the same key
    await expect(page.get_by_role("button", name="Versions", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(field).to_have_value("As sent")
    await page.get_by_role("button", name="Keep", exact=True).click()
    await expect(window.notice).to_contain_text("can't be reached")
    await page.get_by_role("button", name="Keep", exact=True).click()
    await expect(field).to_have_value("")
    assert len(lost) == 1
    assert [each["label"] for each in await ada.get(f"/documents/{document['id']}/versions")] == ["As sent"]


def strip_names(text: str) -> str:
    return text.replace("Hers:", "").replace("His:", "")


async def put_caret_behind(window: Window, words: str) -> None:
    paragraph = text_of(window).locator("p", has_text=words)
    await paragraph.click()
    await window.page.keyboard.press("End")
