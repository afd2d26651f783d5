"""People are invited by link and by mail, and come in with an account or without."""

import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import environment_for
from tests.support.api import PASSWORD, Json, Person, Project
from tests.support.browsers import PHONE, Chromium, is_stored, lose_first_answer
from tests.support.databases import SqliteFiles
from tests.support.held_answers import hold_first_answer
from tests.support.inbox import until
from tests.support.mail import Mailbox, running_mailbox, text_of
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRACE = "grace@example.test"


@pytest_asyncio.fixture(loop_scope="module")
async def strict(sqlite_files: SqliteFiles, tmp_path: Path) -> AsyncIterator[tuple[Server, Person]]:
    """A server where people register by invitation only, and Ada Lovelace, who has been there before."""
    environment = environment_for(sqlite_files.create(tmp_path / "roomful.db"))
    async with Server(tmp_path, environment) as server:
        ada = await server.api.register("ada", "Lovelace")
        server.environment["ROOMFUL_REGISTRATION"] = "invited"
        await server.restart()
        yield server, ada


async def new_link(ada: Person, project: Project, **fields: object) -> str:
    """The end of a new invitation's address."""
    made: Json = await ada.post(f"{project.path}/invitations", {"role": "editor", **fields})
    return str(made["url"])


async def register(page: Page, *, email: str = GRACE, name: str = "Grace Hopper") -> None:
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account and join").click()


async def test_a_form_that_is_left_before_the_answer_makes_no_second_link(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    page = (await chromium.board_of(server.url, ada, project)).page
    await page.get_by_role("button", name="Members").click()
    held = await hold_first_answer(page, re.compile("/invitations$"), "POST")
    for presses in range(2):
        await page.get_by_role("button", name="Invite by link").click()
        await page.get_by_role("button", name="Make a link").click()
        if presses == 0:
            await held.given()
            await page.get_by_role("button", name="Cancel").click()
    await expect(page.locator(".new-link input")).to_be_visible()
    await held.arrive()
    await expect(page.locator(".new-link input")).to_be_visible()
    assert await count_invitations(ada, project) == 1
    # The next one is another.
    await page.get_by_role("button", name="Invite by link").click()
    await page.get_by_role("button", name="Make a link").click()
    await is_stored(partial(count_invitations, ada, project), 2)


async def count_invitations(ada: Person, project: Project) -> int:
    return len(await ada.get(f"{project.path}/invitations"))


async def test_a_link_brings_somebody_new_onto_the_board(strict: tuple[Server, Person], chromium: Chromium) -> None:
    server, ada = strict
    project = await ada.create_project("Apollo")
    await ada.create_task(project, "Order fuel")
    hers = await chromium.board_of(server.url, ada, project)
    await hers.page.get_by_role("button", name="Members").click()
    await hers.page.get_by_role("button", name="Invite by link").click()
    await expect(hers.page.get_by_label("They join as")).to_be_focused()
    assert await hers.violations() == []
    await hers.page.get_by_role("button", name="Cancel").click()
    await expect(hers.page.get_by_role("button", name="Invite by link")).to_be_focused()
    await hers.page.keyboard.press("Enter")
    await hers.page.get_by_role("button", name="Make a link").click()
    field = hers.page.get_by_label("Link to send")
    await expect(field).to_be_focused()
    link = await field.input_value()
    assert re.fullmatch(re.escape(server.url) + r"/#/join/[\w-]{43}", link)
    await expect(hers.page.get_by_text("0 of 1 used")).to_be_visible()
    assert await hers.violations() == []

    window = await chromium.window(server.url)
    page = window.page
    await page.goto(link)
    await expect(page.get_by_role("heading")).to_have_text(re.compile("Ada Lovelace invites you to Apollo"))
    await expect(page).to_have_title("Invitation · Roomful")
    await page.reload()
    await register(page)
    await expect(window.card("Order fuel")).to_be_visible()
    await window.is_live()
    assert page.url == f"{server.url}/#/projects/{project.id}"
    await page.go_back()
    assert "join" not in page.url
    await page.goto(link)  # used, but by her
    await window.is_live()
    await expect(hers.page.get_by_label("Role of Grace Hopper")).to_have_value("editor")
    await expect(hers.page.get_by_text("0 of 1 used")).to_have_count(0)

    late = await chromium.window(server.url)
    await late.page.goto(link)
    await expect(late.page.get_by_role("alert")).to_contain_text("This invitation has been used.")
    await late.page.get_by_role("link", name="Sign in").click()
    await late.page.get_by_role("link", name="Create an account").click()
    await late.page.get_by_label("Name").fill("Eve Nobody")
    await late.page.get_by_label("E-mail address").fill("eve@example.test")
    await late.page.get_by_label("Password").fill(PASSWORD)
    await late.page.get_by_role("button", name="Create account").click()
    await expect(late.page.get_by_role("alert")).to_contain_text("needs an invitation")


async def test_the_link_is_copied_on_a_server_without_tls_too(server: Server, chromium: Chromium) -> None:
    """Browsers offer pages of insecure origins no clipboard of their own."""
    ada = await server.api.register("ada", "Lovelace")
    window = await chromium.board_of(server.url, ada, await ada.create_project("Apollo"))
    page = window.page
    await page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    await page.reload()
    await window.is_live()
    await page.get_by_role("button", name="Members").click()
    await page.get_by_role("button", name="Invite by link").click()
    await page.get_by_role("button", name="Make a link").click()
    link = await page.get_by_label("Link to send").input_value()
    await page.get_by_role("button", name="Copy").click()
    await expect(window.notice).to_contain_text("Copied.")
    await expect(page.get_by_role("button", name="Copy")).to_be_focused()
    await page.get_by_label("Invite by e-mail address").press("ControlOrMeta+v")
    await expect(page.get_by_label("Invite by e-mail address")).to_have_value(link)


async def test_who_has_an_account_signs_in_and_is_in(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Builder")
    project = await ada.create_project("Apollo")
    link = await new_link(ada, project, max_uses=2)
    window = await chromium.window(server.url)
    page = window.page
    await page.goto(server.url + link)
    await page.get_by_role("button", name="I have an account").click()
    await page.get_by_label("E-mail address").fill(bob.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in and join").click()
    await window.is_live()
    await expect(page.get_by_role("heading", name="Apollo")).to_be_visible()

    await page.goto(server.url + link)  # once more
    await page.get_by_role("button", name="Join the project").click()
    await window.is_live()
    [listed] = await ada.get(f"{project.path}/invitations")
    assert listed["uses"] == 1


async def test_an_invitation_for_another_address(server: Server, chromium: Chromium) -> None:
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Builder")
    project = await ada.create_project("Apollo")
    link = await new_link(ada, project, email=bob.email)
    window = await chromium.window(server.url)
    page = window.page
    eve = await server.api.register("eve", "Wrong")
    await window.sign_in(eve)
    await page.goto(server.url + link)
    await expect(page.get_by_text("You are signed in as Eve Wrong")).to_contain_text("for one e-mail address only")
    assert await window.violations() == []
    await page.get_by_role("button", name="Join the project").click()
    await expect(page.get_by_role("alert")).to_contain_text("for another e-mail address")
    await page.get_by_role("button", name="Sign out and use another account").click()
    await expect(page.get_by_text("only with the e-mail address that it was sent to")).to_be_visible()
    await page.get_by_role("button", name="I have an account").click()
    await page.get_by_label("E-mail address").fill(bob.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in and join").click()
    await window.is_live()


async def test_a_lost_answer_makes_no_second_invitation(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    lost = await lose_first_answer(page, "**/invitations")
    await page.get_by_role("button", name="Members").click()
    await page.get_by_role("button", name="Invite by link").click()
    await page.get_by_role("button", name="Make a link").click()
    await expect(page.get_by_role("alert")).to_contain_text("can't be reached")
    await page.get_by_role("button", name="Make a link").click()
    await expect(page.get_by_label("Link to send")).to_be_focused()
    assert len(lost) == 1
    assert len(await ada.get(f"{project.path}/invitations")) == 1

    # The link is gone with the dialog.
    await page.get_by_role("button", name="Close").click()
    await page.get_by_role("button", name="Members").click()
    await expect(page.get_by_role("button", name="Invite by link")).to_be_visible()
    await expect(page.get_by_label("Link to send")).to_have_count(0)


async def test_an_invitation_is_withdrawn_once_however_often_one_presses(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    await new_link(ada, project)
    window = await chromium.board_of(server.url, ada, project)
    page = window.page
    await page.get_by_role("button", name="Members").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "DELETE" else None)
    await page.get_by_role("button", name="Withdraw the invitation for Anybody with the link").dblclick()
    await expect(page.get_by_text("Open invitations")).to_have_count(0)
    await expect(page.get_by_role("button", name="Invite by link")).to_be_focused()
    assert len(asked) == 1


async def test_links_that_lead_nowhere_say_so(server: Server, chromium: Chromium) -> None:
    ada = await server.api.register("ada", "Lovelace")
    project = await ada.create_project("Apollo")
    link = await new_link(ada, project)
    board = await chromium.board_of(server.url, ada, project, viewport=PHONE)
    await board.page.get_by_role("button", name="Members").click()
    await board.page.get_by_role("button", name="Withdraw the invitation for Anybody with the link").click()
    await expect(board.page.get_by_text("Open invitations")).to_have_count(0)
    await expect(board.page.get_by_role("button", name="Invite by link")).to_be_focused()
    window = await chromium.window(server.url, viewport=PHONE)
    await window.page.goto(server.url + link)
    await expect(window.page.get_by_role("alert")).to_contain_text("withdrawn")
    assert await window.violations() == []
    await window.page.goto(f"{server.url}/#/join/wrong")
    await expect(window.page.get_by_role("heading")).to_have_text("There is no such invitation")
    await window.page.get_by_role("link", name="Sign in").click()
    await expect(window.page.get_by_role("heading", name="Welcome")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_somebody_without_an_account_is_invited_by_mail(
    sqlite_files: SqliteFiles, tmp_path: Path, chromium: Chromium, scheme: str
) -> None:
    mailbox = Mailbox()
    environment = environment_for(sqlite_files.create(tmp_path / "roomful.db"))
    async with Server(tmp_path, environment) as server:
        environment = {"SMTP_URL": mailbox.url, "MAIL_FROM": "board@example.test", "PUBLIC_URL": server.url}
        server.environment |= {f"ROOMFUL_{name}": value for name, value in environment.items()}
        await server.restart()
        ada = await server.api.register("ada", "Lovelace")
        project = await ada.create_project("Apollo")
        look: dict[str, Any] = {"viewport": PHONE, "color_scheme": scheme}
        hers = await chromium.board_of(server.url, ada, project, **look)
        await hers.page.get_by_role("button", name="Members").click()
        await hers.page.get_by_label("Invite by e-mail address").fill(GRACE)
        await hers.page.get_by_role("button", name="Invite", exact=True).click()
        assert await hers.violations() == []
        with running_mailbox(mailbox):
            await hers.page.get_by_role("button", name="Send an invitation").click()
            await expect(hers.page.get_by_label(f"Link for {GRACE}")).to_have_value(re.compile("/#/join/"))
            await expect(hers.page.get_by_text("Only the person with this address can use it.")).to_be_visible()
            assert await hers.violations() == []

            async def has_come() -> bool:
                return bool(mailbox.mails)

            await until(has_come)
        link = re.search(r"http\S+/#/join/\S+", text_of(mailbox.mails[0]))
        assert link is not None
        window = await chromium.window(server.url, **look)
        await window.page.goto(link[0])
        await expect(window.page.get_by_text("only with the e-mail address that it was sent to")).to_be_visible()
        assert await window.violations() == []
        fits = "() => document.documentElement.scrollWidth <= innerWidth"
        assert await window.page.evaluate(fits)
        await register(window.page, email="other@example.test")
        await expect(window.page.get_by_role("alert")).to_contain_text("another e-mail address")
        await register(window.page)
        await window.is_live()
