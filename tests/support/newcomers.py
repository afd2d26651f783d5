"""People who meet the board for the first time: they know what they see, by its role and its name."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from tests.support.api import PASSWORD
from tests.support.browsers import PHONE, STAND_STILL, Window, middle
from tests.support.fingers import Finger

LONG_SECONDS = 1.0
"""A finger stays down for as long after the card has come to its column."""


@dataclass(slots=True)
class Newcomer:
    """A person in front of a browser."""

    name: str
    email: str
    window: Window

    @property
    def page(self) -> Page:
        return self.window.page

    @property
    def board_link(self) -> Locator:
        return self.page.get_by_role("link", name="Board")

    def column(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=re.compile(f"^{name} "))

    def cards(self, column: str) -> Locator:
        return self.column(column).get_by_role("listitem")

    def card(self, title: str) -> Locator:
        return self.page.get_by_role("main").get_by_role("link", name=re.compile(f"^{title}"))

    def task(self, title: str) -> Locator:
        """The panel of the open task."""
        return self.page.get_by_role("complementary", name=f"Task: {title}")

    async def register(self) -> None:
        """Fill the form of a new account."""
        await self.page.get_by_role("textbox", name="Name").fill(self.name)
        await self.give_address_and_password()

    async def give_address_and_password(self) -> None:
        await self.page.get_by_role("textbox", name="E-mail address").fill(self.email)
        await self.page.get_by_label("Password").fill(PASSWORD)

    async def is_on_the_board(self, project: str) -> None:
        await expect(self.page.get_by_role("heading", name=project)).to_be_visible()
        await expect(self.page.get_by_text("Live", exact=True)).to_be_visible()

    async def add(self, column: str, text: str) -> None:
        field = self.page.get_by_role("textbox", name=f"New task in {column}")
        await field.fill(text)
        await field.press("Enter")


async def carry(person: Newcomer, title: str, column: str) -> None:
    """By mouse, to another column."""
    mouse, arrived = person.page.mouse, person.cards(column).filter(has_text=title)
    await person.page.evaluate(STAND_STILL)
    x, y = await middle(person.card(title))
    await mouse.move(x, y)
    await mouse.down()
    await mouse.move(x + 12, y + 4, steps=3)
    await mouse.move(*await middle(person.column(column)), steps=10)
    await expect(arrived).to_have_count(1)
    await mouse.up()
    await expect(arrived).to_have_count(1)


async def carry_by_finger(person: Newcomer, title: str) -> None:
    """Over the edge of the screen, out of the first column. The finger stays down when the card has left it."""
    finger = await Finger.on(person.window)
    here = person.cards("To do").filter(has_text=title)
    await person.page.evaluate(STAND_STILL)
    x, y = await middle(person.card(title))
    await finger.down(x, y)
    await expect(person.page.locator(".slot.held")).to_have_count(1)  # it lifts, which only eyes see
    await finger.move(PHONE["width"] - 10, y)
    await expect(here).to_have_count(0)
    await finger.rest(LONG_SECONDS)
    await expect(here).to_have_count(0)
    await finger.up()
    await expect(here).to_have_count(0)


async def find_in_palette(person: Newcomer, words: str, group: str, title: str) -> None:
    """Find it by the words, and choose it."""
    await person.page.get_by_role("button", name="Find or do anything").click()
    field = person.page.get_by_role("combobox", name="Find or do anything")
    found = person.page.get_by_role("group", name=group).get_by_role("option").filter(has_text=title)
    async with asyncio.timeout(60):
        while True:
            await field.fill(words)
            try:
                await expect(found).to_have_count(1, timeout=2_000)
                break
            except AssertionError:  # the server finds a text soon, but not at once
                await field.fill("")
    await found.click()


async def download(person: Newcomer, button: str, name: str) -> Path:
    async with person.page.expect_download() as waiting:
        await person.page.get_by_role("button", name=button).click()
    file = await waiting.value
    assert file.suggested_filename == name
    return Path(await file.path())
