"""Comments in a task's panel: two people of two names, live, and one of them offline."""

import asyncio
import contextlib
import re

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page, Route, expect

from tests.support.api import Json, Person, Project
from tests.support.browsers import PHONE, Chromium, Window
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def people(server: Server) -> tuple[Person, Person, Project, Json]:
    """Ada Lovelace owns a project with one task, Bob Kahn edits."""
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    await ada.patch("/auth/me", {"name": "Ada Lovelace"})
    await bob.patch("/auth/me", {"name": "Bob Kahn"})
    project = await ada.create_project("Apollo")
    await ada.add_member(project, bob)
    return ada, bob, project, await ada.create_task(project, "Order fuel")


def field(page: Page, label: str = "Add a comment") -> Locator:
    return page.get_by_role("textbox", name=label, exact=True)


def comment(page: Page, text: str) -> Locator:
    return page.locator(".comment").filter(has=page.get_by_text(text, exact=True))


async def say(page: Page, text: str, label: str = "Add a comment") -> None:
    await field(page, label).fill(text)
    await page.keyboard.press("Control+Enter")
    await expect(comment(page, text)).to_be_visible()


async def stored(person: Person, project: Project, task: Json, count: int) -> list[Json]:
    """The task's comments, once there are this many: the board shows them earlier."""
    async with asyncio.timeout(30):
        while len(found := await person.get(f"{project.path}/tasks/{task['id']}/comments?limit=200")) != count:  # noqa: ASYNC110  # the server's state
            await asyncio.sleep(0.05)
    comments: list[Json] = found
    return comments


async def opened(window: Window) -> Page:
    await window.card("Order fuel").click()
    await expect(window.page.get_by_role("heading", name="Comments")).to_be_visible()
    return window.page


async def test_two_people_discuss_a_task(server: Server, chromium: Chromium) -> None:
    ada, bob, project, task = await people(server)
    hers = await opened(ada_window := await chromium.board_of(server.url, ada, project))
    his = await opened(await chromium.board_of(server.url, bob, project))

    await field(his).press("x")
    await expect(hers.get_by_text("Bob Kahn is writing…")).to_be_visible()
    await say(his, "Is the fuel here?")
    await expect(field(his)).to_have_value("")
    await expect(comment(hers, "Is the fuel here?")).to_contain_text("Bob Kahn")
    await expect(ada_window.card("Order fuel").locator(".comments")).to_have_text("1 comment")

    await hers.get_by_role("button", name="Reply to Bob Kahn").click()
    await expect(field(hers, "Reply to Bob Kahn")).to_be_focused()
    await say(hers, "All of it.", "Reply to Bob Kahn")
    await expect(his.locator(".replies").get_by_text("All of it.")).to_be_visible()

    await comment(his, "All of it.").get_by_role("button", name="React").click()
    await his.get_by_role("button", name="Rocket").click()
    chip = comment(hers, "All of it.").locator(".reaction")
    await expect(chip).to_have_text("🚀 1: Bob Kahn")
    await chip.click()
    await expect(comment(his, "All of it.").locator(".reaction")).to_have_text(re.compile("🚀 2"))
    await comment(his, "All of it.").locator(".reaction").click()
    await expect(comment(hers, "All of it.").locator(".reaction")).to_have_text(re.compile("🚀 1"))

    await hers.get_by_role("button", name="Edit your comment").click()
    await expect(field(hers, "Edit your comment")).to_have_value("All of it.")
    await field(hers, "Edit your comment").fill("All of it, and more.")
    await hers.get_by_role("button", name="Save").click()
    await expect(comment(his, "All of it, and more.")).to_contain_text("edited")

    await hers.get_by_role("button", name="Resolve the thread of Bob Kahn").click()
    await expect(his.get_by_text("Resolved: Bob Kahn, 1 reply")).to_be_visible()
    await expect(comment(his, "Is the fuel here?")).to_be_visible()  # not folded before his eyes
    await his.get_by_role("button", name="Reopen the thread of Bob Kahn").click()
    await expect(hers.get_by_text("Resolved:")).to_have_count(0)

    await comment(his, "Is the fuel here?").get_by_role("button", name="Delete comment").click()
    await his.get_by_role("button", name="Undo").hover()  # so that it stays
    for page in (hers, his):
        await expect(page.get_by_text("This comment was deleted.")).to_be_visible()
        await expect(comment(page, "All of it, and more.")).to_be_visible()
    await his.get_by_role("button", name="Undo").click()
    for page in (hers, his):
        await expect(comment(page, "Is the fuel here?")).to_be_visible()
        await expect(page.get_by_text("This comment was deleted.")).to_have_count(0)
    await expect(ada_window.card("Order fuel").locator(".comments")).to_have_text("2 comments")
    await comment(his, "Is the fuel here?").get_by_role("button", name="Delete comment").click()
    for page in (hers, his):
        await expect(page.get_by_text("This comment was deleted.")).to_be_visible()
    await expect(ada_window.card("Order fuel").locator(".comments")).to_have_text("1 comment")
    assert [each["body"] for each in await stored(ada, project, task, 2)] == ["", "All of it, and more."]
    types = [event["type"] for event in await ada.all_events(project) if event["type"].startswith("comment.")]
    deleted_and_restored = ["comment.deleted", "comment.created"]
    assert types == ["comment.created"] * 2 + ["comment.updated"] * 6 + deleted_and_restored + ["comment.deleted"]

    await hers.get_by_label("Close task").click()
    await hers.get_by_role("button", name="Activity").click()
    feed = hers.locator(".feed li")
    await expect(feed.first).to_contain_text("Bob Kahn deleted a comment on Order fuel")
    await feed.first.get_by_role("link", name="Order fuel").click()
    await expect(comment(hers, "All of it, and more.")).to_be_visible()


async def test_people_are_mentioned_by_keyboard_by_finger_and_by_name(server: Server, chromium: Chromium) -> None:
    ada, bob, project, task = await people(server)
    page = await opened(await chromium.board_of(server.url, ada, project, has_touch=True))
    area = field(page)
    await area.press_sequentially("Ask @ka")
    option = page.get_by_role("listbox", name="People").get_by_role("option", name="Bob Kahn")
    await expect(option).to_have_attribute("aria-selected", "true")
    assert await area.get_attribute("aria-activedescendant") == await option.get_attribute("id")
    await page.keyboard.press("Enter")
    await expect(area).to_have_value("Ask @Bob Kahn ")
    await area.press_sequentially("or @b")
    await option.tap()
    await expect(area).to_have_value("Ask @Bob Kahn or @Bob Kahn ")
    await expect(area).to_be_focused()
    await area.press_sequentially("@")
    await expect(option).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(option).to_have_count(0)
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".said .mention")).to_have_text(["@Bob Kahn", "@Bob Kahn"])
    mention = f"@[Bob Kahn](mention://user/{bob.id})"
    (written,) = await stored(ada, project, task, 1)
    assert (written["body"], written["mentions"]) == (
        f"Ask {mention} or {mention}",
        [{"id": bob.id, "name": "Bob Kahn"}],
    )
    await bob.patch("/auth/me", {"name": "Robert Kahn"})
    await expect(page.locator(".said .mention").first).to_have_text("@Robert Kahn")
    # Typed to the end without the list, the name is a mention, too; and an edit keeps it.
    await say_and_check(
        page, ada, project, task, "Well, @Robert Kahn?", f"Well, @[Robert Kahn](mention://user/{bob.id})?"
    )


async def say_and_check(page: Page, person: Person, project: Project, task: Json, text: str, body: str) -> None:
    await field(page).fill(text)
    await page.get_by_role("button", name="Comment", exact=True).click()
    await expect(page.locator(".comment")).to_have_count(2)
    await expect(page.locator(".comment").last.locator(".said")).to_have_text(text)
    assert (await stored(person, project, task, 2))[-1]["body"] == body


async def test_what_is_written_outlives_the_panel_the_page_and_the_network(server: Server, chromium: Chromium) -> None:
    ada, bob, project, task = await people(server)
    window = await chromium.board_of(server.url, ada, project)
    page = await opened(window)
    await field(page).fill("Half a sent")
    await page.keyboard.press("Escape")  # leaves the field, not the task
    await expect(field(page)).to_have_value("Half a sent")
    await page.get_by_label("Close task").click()
    await page.reload()
    await window.is_live()
    await opened(window)
    await expect(field(page)).to_have_value("Half a sent")

    await page.context.set_offline(True)
    await expect(window.connection).not_to_have_text("Live")
    await field(page).press("End")
    await field(page).press_sequentially("ence.")
    await page.get_by_role("button", name="Comment", exact=True).click()
    await expect(comment(page, "Half a sentence.")).to_contain_text("Not sent yet")
    await bob.comment(project, task, "Meanwhile.")
    await stored(bob, project, task, 1)
    await page.context.set_offline(False)
    await expect(comment(page, "Meanwhile.")).to_be_visible()
    await expect(page.get_by_text("Not sent yet")).to_have_count(0)
    await expect(page.locator(".comment .said")).to_have_text(["Meanwhile.", "Half a sentence."])
    assert [each["body"] for each in await stored(bob, project, task, 2)] == ["Meanwhile.", "Half a sentence."]


async def test_a_comment_whose_answer_went_with_the_page_is_there_once(server: Server, chromium: Chromium) -> None:
    ada, _, project, task = await people(server)
    window = await chromium.board_of(server.url, ada, project)
    page = await opened(window)
    given: list[str] = []
    may_arrive = asyncio.Event()

    async def hold(route: Route) -> None:
        if route.request.method != "POST":
            await route.fallback()
            return
        answer = await route.fetch()
        given.append(route.request.url)
        await may_arrive.wait()
        with contextlib.suppress(PlaywrightError):  # its page may be gone
            await route.fulfill(response=answer)

    await page.route("**/comments**", hold)
    for is_new in (True, False):
        given.clear()
        may_arrive.clear()
        if is_new:
            await say(page, "Yes.")
        else:
            await page.get_by_role("button", name="Delete comment").click()
            await stored(ada, project, task, 0)
            await page.keyboard.press("Control+z")
        await stored(ada, project, task, 1)
        await page.reload()
        await window.is_live()
        async with asyncio.timeout(20):
            while len(given) < 2:  # noqa: ASYNC110  # the page's requests
                await asyncio.sleep(0.05)
        may_arrive.set()
        await expect(page.locator(".comment")).to_have_count(1)
        await expect(page.get_by_role("heading", name="Comments")).to_have_text("Comments 1")
        await expect(window.card("Order fuel").locator(".comments")).to_have_text(re.compile("^1"))


async def test_a_refused_comment_is_a_draft_again(server: Server, chromium: Chromium) -> None:
    ada, bob, project, task = await people(server)
    first = await ada.comment(project, task, "First.")
    window = await chromium.board_of(server.url, bob, project)
    page = await opened(window)
    await page.get_by_role("button", name="Reply to Ada Lovelace").click()
    await page.context.set_offline(True)
    await expect(window.connection).not_to_have_text("Live")
    await field(page, "Reply to Ada Lovelace").fill("My answer.")
    await page.get_by_role("button", name="Reply", exact=True).click()
    await expect(comment(page, "My answer.")).to_contain_text("Not sent yet")
    await ada.delete(f"{project.path}/tasks/{task['id']}/comments/{first['id']}")
    await page.context.set_offline(False)
    await expect(window.notice).to_contain_text("Your comment was not sent")
    text = field(page, "Your text for a deleted comment")
    await expect(text).to_have_value("My answer.")
    await stored(ada, project, task, 0)
    await text.press("Control+Enter")
    await expect(comment(page, "My answer.")).to_be_visible()
    await expect(text).to_have_count(0)
    assert [each["parent_id"] for each in await stored(ada, project, task, 1)] == [None]


HOSTILE = """<script>document.title = 'gone'</script> <img src=x onerror="document.title = 'gone'">

[one](javascript:document.title='gone') [two](data:text/html,x) ![three](https://evil.example/pixel.png)

<a href="https://evil.example" onmouseover="document.title='gone'">four</a> @[<b>five</b>](mention://user/x)

[six](https://good.example/) \u202e reversed

```
</code><script>
```
"""


async def test_text_of_others_is_only_text(server: Server, chromium: Chromium) -> None:
    ada, bob, project, task = await people(server)
    await bob.comment(project, task, HOSTILE)
    await bob.comment(project, task, ">" * 9_000)
    await bob.comment(project, task, "[" * 10_000)
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await opened(window)
    said = page.locator(".said").first
    await expect(said.get_by_role("link", name="six")).to_have_attribute("href", "https://good.example/")
    for link in await said.get_by_role("link").all():
        assert (await link.get_attribute("href") or "").startswith("https://")
        assert "noopener" in (await link.get_attribute("rel") or "")
        assert await link.get_attribute("target") == "_blank"
    await expect(said.locator("script, img, b, a[onmouseover], iframe")).to_have_count(0)
    await expect(said).to_contain_text("<script>document.title = 'gone'</script>")
    assert await page.title() == "APOLLO-1 Order fuel · Apollo"
    assert not [url for url in asked if "evil" in url]


async def test_a_viewer_reads_and_reacts(server: Server, chromium: Chromium) -> None:
    ada, bob, project, task = await people(server)
    await ada.comment(project, task, "Well?")
    await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})
    page = await opened(await chromium.board_of(server.url, bob, project))
    await expect(comment(page, "Well?")).to_be_visible()
    for name in ("Reply", "Resolve", "Edit", "Delete comment"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await expect(field(page)).to_have_count(0)
    await page.get_by_role("button", name="React").click()
    await page.get_by_role("button", name="Heart").click()
    await expect(page.locator(".reaction")).to_have_attribute("aria-pressed", "true")
    await ada.patch(project.path, {"status": "archived"})
    await expect(page.get_by_role("button", name="React")).to_have_count(0)


async def test_long_discussions_come_in_parts(server: Server, chromium: Chromium) -> None:
    ada, _, project, task = await people(server)
    for number in range(120):
        await ada.comment(project, task, f"Number {number}")
    page = await opened(await chromium.board_of(server.url, ada, project))
    await expect(page.locator(".comment")).to_have_count(100)
    await expect(page.locator(".comment").last).to_contain_text("Number 119")
    await page.get_by_role("button", name="Show earlier comments").click()
    await expect(page.locator(".comment")).to_have_count(120)
    await expect(page.locator(".comment").first).to_contain_text("Number 0")
    await expect(page.get_by_role("button", name="Show earlier comments")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_use_it(server: Server, chromium: Chromium, scheme: str) -> None:
    ada, bob, project, task = await people(server)
    first = await bob.comment(
        project, task, f"Look, @[Ada Lovelace](mention://user/{ada.id}):\n\n- `a`\n- **b**\n\n```\n{'code ' * 40}\n```"
    )
    await ada.comment(project, task, "I see. " * 40, parent_id=first["id"])
    await ada.put(f"{project.path}/tasks/{task['id']}/comments/{first['id']}/reactions/👍")
    done = await ada.comment(project, task, "Done?")
    await ada.patch(f"{project.path}/tasks/{task['id']}/comments/{done['id']}", {"resolved": True})
    for viewport in ({"width": 1280, "height": 800}, PHONE):
        window = await chromium.board_of(server.url, ada, project, viewport=viewport, color_scheme=scheme)
        page = await opened(window)
        await expect(page.locator(".said .mention")).to_have_text("@Ada Lovelace")
        await page.get_by_role("button", name="Reply to Bob Kahn").click()
        await field(page, "Reply to Bob Kahn").press_sequentially("@B")
        await expect(page.get_by_role("listbox", name="People").get_by_role("option", name="Bob Kahn")).to_be_visible()
        await page.locator(".comment").first.get_by_role("button", name="React").click()
        assert await window.violations() == []
        assert await page.evaluate(
            "document.querySelector('.panel-body').scrollWidth <= document.querySelector('.panel-body').clientWidth"
        )
