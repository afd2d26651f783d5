"""Two people who have never seen the board plan their first week on it.

They use only what a person sees or a screen reader reads: roles, names and texts. What they can't find, these tests
can't either.
"""

import csv
import json
import re
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.support.browsers import PHONE, Chromium
from tests.support.newcomers import Newcomer, carry, carry_by_finger, download, find_in_palette
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

FINGERS: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
PROJECT = "Garden party"
WEEK = (
    "Order flowers #garden @Bob tomorrow",
    "Rent chairs #hire @Bob in 3 days",
    "Write invitations #paper @Ada",
    "Ask the band",
)
TITLES = ["Order flowers", "Rent chairs", "Write invitations", "Ask the band"]


class Two(NamedTuple):
    ada: Newcomer
    bob: Newcomer


@pytest_asyncio.fixture(loop_scope="module")
async def two(server: Server, chromium: Chromium) -> Two:
    """Ada, who registers and makes the project, and Bob, whom she invites by link: both on its empty board."""

    async def newcomer(name: str) -> Newcomer:
        email = f"{name.split()[0].lower()}.{uuid4().hex[:8]}@example.test"
        return Newcomer(name, email, await chromium.window(server.url))

    ada, bob = await newcomer("Ada Lovelace"), await newcomer("Bob Baker")
    page = ada.page
    await page.goto(server.url)
    await page.get_by_role("link", name="Create an account").click()
    await ada.register()
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_role("button", name="Create a project").click()
    await page.get_by_role("textbox", name="Name").fill(PROJECT)
    await page.get_by_role("button", name="Create project").click()
    await ada.is_on_the_board(PROJECT)

    await page.get_by_role("button", name="Bring somebody in").click()
    members = page.get_by_role("dialog", name="Members")
    await members.get_by_role("button", name="Invite by link").click()
    await members.get_by_role("button", name="Make a link").click()
    link = await members.get_by_role("textbox", name="Link to send").input_value()

    await bob.page.goto(link)
    await expect(bob.page.get_by_role("heading")).to_have_text(f"Ada Lovelace invites you to {PROJECT}")
    await bob.register()
    await bob.page.get_by_role("button", name="Create account and join").click()
    await bob.is_on_the_board(PROJECT)
    await expect(members.get_by_role("listitem").filter(has_text="Bob Baker")).to_contain_text("Here now")
    await members.get_by_role("button", name="Close").click()
    await expect(members).to_have_count(0)
    return Two(ada, bob)


async def plan(two: Two) -> None:
    """The tasks of the week, pasted as lines, on both screens."""
    await two.ada.add("To do", "\n".join(WEEK))
    for person in two:
        await expect(person.cards("To do")).to_contain_text(TITLES)


async def test_they_set_the_board_up_and_carry_cards(server: Server, chromium: Chromium, two: Two) -> None:
    ada, bob = two
    await ada.page.get_by_role("button", name="Add column").click()
    dialog = ada.page.get_by_role("dialog", name="New column")
    await dialog.get_by_role("textbox", name="Name").fill("Waiting")
    await dialog.get_by_role("combobox", name="Its tasks count as").select_option("To do")
    await dialog.get_by_role("spinbutton", name="Limit").fill("1")
    await dialog.get_by_role("button", name="Add column").click()
    await expect(dialog).to_have_count(0)
    await expect(bob.column("Waiting")).to_have_accessible_name("Waiting 0 tasks, limit 1")

    # What a line says is shown before it is sent.
    field = ada.page.get_by_role("textbox", name="New task in To do")
    await field.fill(WEEK[0])
    await expect(ada.page.get_by_role("list", name="What is recognised").get_by_role("button")).to_have_count(3)
    await field.press("Enter")
    await expect(bob.card("Order flowers")).to_have_accessible_name(
        re.compile(r"^Order flowers Labels: garden \S+-1 Due: Tomorrow Assigned to Bob Baker$")
    )
    await bob.add("To do", "\n".join(WEEK[1:]))
    await expect(ada.cards("To do")).to_contain_text(TITLES)

    await carry(ada, "Order flowers", "Waiting")
    await expect(bob.cards("Waiting")).to_contain_text(["Order flowers"])
    await carry(bob, "Rent chairs", "Waiting")
    await expect(ada.cards("Waiting")).to_have_count(2)
    await expect(ada.column("Waiting")).to_have_accessible_name(re.compile("2 tasks, limit 1 Over limit"))

    # Bob goes on with his phone.
    phone = Newcomer(bob.name, bob.email, await chromium.window(server.url, **FINGERS))
    await phone.page.goto(server.url)
    await phone.give_address_and_password()
    await phone.page.get_by_role("button", name="Sign in").tap()
    await phone.page.get_by_role("link", name=PROJECT).tap()
    await expect(phone.cards("To do")).to_contain_text(TITLES[2:])
    await carry_by_finger(phone, "Ask the band")
    await expect(ada.cards("To do")).to_contain_text(TITLES[2:3])


async def test_they_discuss_a_task(two: Two) -> None:
    """A mention comes to the other's inbox, which leads to the comment; the answer comes back."""
    ada, bob = two
    await plan(two)
    await ada.card("Order flowers").click()
    task = ada.task("Order flowers")
    comment = task.get_by_role("textbox", name="Add a comment")
    await comment.press_sequentially("Roses, @bo")
    await task.get_by_role("option", name="Bob Baker").click()
    await expect(comment).to_have_value("Roses, @Bob Baker ")
    await comment.press_sequentially("or tulips?")
    await task.get_by_role("button", name="Comment", exact=True).click()

    await bob.page.get_by_role("link", name=re.compile(r"^Inbox: \d+ unread$")).click()
    entries = bob.page.get_by_role("list", name="Notifications").get_by_role("listitem")
    await entries.filter(has_text="Ada Lovelace mentioned you").get_by_role("link").click()
    task = bob.task("Order flowers")
    await expect(task).to_contain_text("Roses, @Bob Baker or tulips?")
    await task.get_by_role("button", name="Reply to Ada Lovelace").click()
    await task.get_by_role("textbox", name="Reply to Ada Lovelace").fill("Tulips. The nursery has them.")
    await task.get_by_role("button", name="Reply", exact=True).click()
    replies = ada.task("Order flowers").get_by_role("list", name="Replies to Ada Lovelace")
    await expect(replies.get_by_role("listitem")).to_contain_text("Tulips. The nursery has them.")

    # Bob puts down what follows of it.
    await task.get_by_role("combobox", name="Status").click()
    await task.get_by_role("option", name="In progress").click()
    await task.get_by_role("combobox", name="Assignee").fill("Ada")
    await task.get_by_role("option", name="Ada Lovelace").click()
    await task.get_by_role("button", name="Close task").click()
    await expect(ada.cards("In progress")).to_contain_text(["Order flowers"])
    await expect(ada.card("Order flowers")).to_have_accessible_name(re.compile("2 comments Assigned to Ada Lovelace"))


async def test_they_write_a_document_together(two: Two) -> None:
    ada, bob = two
    await ada.page.get_by_role("link", name="Documents").click()
    await ada.page.get_by_role("button", name="Write the first one").click()
    await ada.page.get_by_role("textbox", name="Title").fill("Shopping list")
    await ada.page.get_by_role("button", name="Create document").click()
    await bob.page.get_by_role("link", name="Documents").click()
    await bob.page.get_by_role("link", name="Shopping list").click()
    hers, his = (person.page.get_by_role("textbox", name="Shopping list") for person in two)
    await hers.click()
    await hers.press_sequentially("Lemons")
    # Her name beside her caret is no part of what is read out.
    await expect(his).to_match_aria_snapshot("""
      - textbox "Shopping list":
        - /children: equal
        - paragraph: Lemons
    """)
    await expect(ada.page.get_by_text("Saved", exact=True)).to_be_visible()
    await his.click()
    await his.press("ControlOrMeta+End")
    await his.press("Enter")
    await his.press_sequentially("Ice")
    for person, text in zip(two, (hers, his), strict=True):
        await expect(text.get_by_role("paragraph")).to_contain_text(["Lemons", "Ice"])
        await expect(person.page.get_by_text("Saved", exact=True)).to_be_visible()
    await bob.page.reload()
    await expect(his.get_by_role("paragraph")).to_contain_text(["Lemons", "Ice"])
    for person in two:
        await person.board_link.click()
        await person.is_on_the_board(PROJECT)


async def test_they_find_what_they_look_for(two: Two) -> None:
    ada, bob = two
    await plan(two)
    strip = ada.page.get_by_role("search")
    await strip.get_by_role("combobox", name="Assignee").select_option("Bob Baker")
    await expect(strip.get_by_role("status")).to_have_text("2 of 4 tasks")
    await strip.get_by_role("combobox", name="Label").select_option("garden")
    await expect(strip.get_by_role("status")).to_have_text("1 of 4 tasks")
    await expect(ada.cards("To do")).to_contain_text(["Order flowers"])

    # The address keeps it, also for the other.
    await ada.page.reload()
    await bob.page.goto(ada.page.url)
    for person in two:
        await expect(person.page.get_by_role("search").get_by_role("status")).to_have_text("1 of 4 tasks")
        await expect(person.cards("To do")).to_contain_text(["Order flowers"])
        await person.page.get_by_role("search").get_by_role("button", name="Clear").click()
        await expect(person.cards("To do")).to_contain_text(TITLES)

    await ada.page.get_by_role("button", name="List").click()
    table = ada.page.get_by_role("table", name="Tasks")
    await table.get_by_role("button", name="Due").click()
    await expect(table.get_by_role("row").nth(1)).to_contain_text("Tomorrow")
    await table.get_by_role("button", name="Title").click()
    await expect(table.get_by_role("row").nth(1)).to_contain_text("Ask the band")
    await table.get_by_role("link", name="Ask the band").click()
    task = ada.task("Ask the band")
    await task.get_by_role("textbox", name="Add a comment").fill("They play the accordion.")
    await task.get_by_role("button", name="Comment", exact=True).click()
    await task.get_by_role("button", name="Close task").click()
    await ada.page.get_by_role("button", name="Board").click()
    await expect(ada.cards("To do")).to_contain_text(TITLES)

    # By name, and by a word of a comment.
    await find_in_palette(bob, "chairs", "Tasks on this board", "Rent chairs")
    await expect(bob.task("Rent chairs")).to_be_visible()
    await find_in_palette(bob, "accordion", "Everywhere", "Ask the band")
    await expect(bob.task("Ask the band")).to_contain_text("They play the accordion.")
    await find_in_palette(bob, "invite", "Actions", "Show the members")
    await expect(bob.page.get_by_role("dialog", name="Members")).to_be_visible()


async def test_they_take_it_home_and_undo_mistakes(two: Two) -> None:
    ada, bob = two
    await plan(two)
    await bob.card("Rent chairs").click()
    await bob.task("Rent chairs").get_by_role("textbox", name="Add a comment").fill("Forty of them")
    await bob.task("Rent chairs").get_by_role("button", name="Comment", exact=True).click()
    await expect(ada.card("Rent chairs")).to_have_accessible_name(re.compile("1 comment"))

    # A mistake, and another that is noticed late.
    await bob.task("Rent chairs").get_by_role("button", name="Delete task").click()
    undo = bob.page.get_by_role("status").get_by_role("button", name="Undo")
    await undo.hover()  # so that it stays
    await expect(ada.cards("To do")).to_have_count(3)
    await undo.click()
    await expect(ada.cards("To do")).to_contain_text(TITLES)
    await ada.card("Ask the band").click()
    await ada.task("Ask the band").get_by_role("button", name="Delete task").click()
    await expect(bob.cards("To do")).to_have_count(3)
    await bob.page.get_by_role("link", name="Trash").click()
    await bob.page.get_by_role("button", name="Restore Ask the band").click()
    await expect(ada.cards("To do")).to_contain_text(TITLES)

    await ada.page.get_by_role("link", name="Settings").click()
    text = (await download(ada, "Tasks as CSV", f"{PROJECT}.csv")).read_text("utf-8-sig")
    rows = {row["title"]: row for row in csv.DictReader(text.splitlines())}
    assert sorted(rows) == sorted(TITLES)
    flowers = rows["Order flowers"]
    assert (flowers["column"], flowers["labels"], flowers["assignee"]) == ("To do", "garden", "Bob Baker")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", flowers["due_on"])
    whole: dict[str, Any] = json.loads((await download(ada, "Everything as JSON", f"{PROJECT}.json")).read_text())
    assert sorted(member["name"] for member in whole["members"]) == ["Ada Lovelace", "Bob Baker"]
    comments = {task["title"]: [each["body"] for each in task["comments"]] for task in whole["tasks"]}
    assert comments == {title: ["Forty of them"] if title == "Rent chairs" else [] for title in TITLES}
