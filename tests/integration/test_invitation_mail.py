"""Invitations by mail, to a real mail server."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from roomful.db.base import now
from roomful.identity.models import USER
from roomful.inbox.mail import smtp
from roomful.inbox.mail.digest import MailAddresses
from roomful.invitations import mailing
from roomful.invitations.mailing import InvitationMailer
from roomful.invitations.models import INVITATION
from roomful.settings import Settings
from tests.support.api import API, PASSWORD, Json, Person, Project
from tests.support.app import Live, serving
from tests.support.inbox import until
from tests.support.mail import Mailbox, running_mailbox, text_of

BOARD = "https://board.example.test/team"
GRACE = "grace@example.test"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def mail_settings(settings: Settings, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(mailing, "ROUND_SECONDS", 0.05)
    monkeypatch.setattr(smtp, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(smtp, "MAX_PAUSE_SECONDS", 0.05)
    mail = {"smtp_url": SecretStr(mailbox.url), "mail_from": "Board <board@example.test>", "public_url": BOARD}
    return settings.model_copy(update=mail)


@pytest.fixture
async def live(mail_settings: Settings) -> AsyncIterator[Live]:
    async with serving(mail_settings) as live:
        yield live


async def scene(live: Live) -> tuple[Person, Project]:
    ada = await live.api.register("ada", "Lovelace")
    return ada, await ada.create_project()


async def invite(ada: Person, project: Project, email: str = GRACE) -> Json:
    made: Json = await ada.post(f"{project.path}/invitations", {"role": "editor", "email": email})
    return made


async def is_told(ada: Person, project: Project, made: Json, status: str) -> None:
    async def is_so() -> bool:
        listed = await ada.get(f"{project.path}/invitations")
        return [each["mail"] for each in listed if each["id"] == made["id"]] == [status]

    await until(is_so)


async def test_the_mail_brings_the_link(live: Live, mailbox: Mailbox) -> None:
    ada, project = await scene(live)
    made = await invite(ada, project)
    assert made["mail"] == "waiting"
    await is_told(ada, project, made, "sent")
    [mail] = mailbox.mails
    assert mailbox.recipients == [GRACE]
    assert (mail["From"], mail["To"]) == ("Board <board@example.test>", GRACE)
    assert mail["Subject"] == "Ada Lovelace invites you to Apollo"
    assert mail["Message-ID"] == f"<invitation.{made['id'].replace('-', '')}@board.example.test>"
    assert made["url"].startswith(f"{BOARD}/#/join/")
    assert made["url"] in text_of(mail)
    assert made["url"] in text_of(mail, "html")
    link = made["url"].rpartition("/")[2]
    body = {"email": GRACE, "name": "Grace Hopper", "password": PASSWORD, "invitation": link}
    assert (await live.api.http.post(f"{API}/auth/register", json=body)).status_code == 201
    assert "Grace Hopper" in {member["name"] for member in await ada.get(f"{project.path}/members")}


async def test_a_link_without_an_address_is_not_mailed(live: Live, mailbox: Mailbox) -> None:
    ada, project = await scene(live)
    made = await ada.post(f"{project.path}/invitations", {"role": "editor"})
    assert made["mail"] is None
    await is_told(ada, project, await invite(ada, project), "sent")
    assert mailbox.attempts == 1


async def test_mail_waits_for_its_server_and_for_its_turn(live: Live, mailbox: Mailbox) -> None:
    ada, project = await scene(live)
    mailbox.stop()
    made = [await invite(ada, project, f"p{number}@example.test") for number in range(3)]
    server = live.app.state.mail_server

    async def has_failed() -> bool:
        return bool(server.counters.failures >= 3)

    await until(has_failed)
    await ada.delete(f"{project.path}/invitations/{made[1]['id']}")
    mailbox.start()
    for each in (made[0], made[2]):
        await is_told(ada, project, each, "sent")
    assert sorted(mailbox.recipients) == ["p0@example.test", "p2@example.test"]


async def test_what_can_not_be_sent_is_shown_to_the_owner(live: Live, mailbox: Mailbox) -> None:
    ada, project = await scene(live)
    off = await live.api.register("off")
    await off.request("PUT", "/notifications/mail", json={"enabled": False})
    mailbox.refuses = GRACE
    for email in (GRACE, off.email):
        await is_told(ada, project, await invite(ada, project, email), "refused")
    assert mailbox.mails == []


@pytest.mark.parametrize(
    "email", ["a,b@example.org", "<eve>@example.org", "a(b)@example.org", "josé@example.org", 'a"@b']
)
async def test_an_address_that_mail_can_not_have_holds_nobody_up(live: Live, mailbox: Mailbox, email: str) -> None:
    ada, project = await scene(live)
    await is_told(ada, project, await invite(ada, project, email), "refused")
    await is_told(ada, project, await invite(ada, project), "sent")
    assert mailbox.recipients == [GRACE]


async def test_a_fault_of_one_mail_holds_nobody_up(
    live: Live, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("a bug")

    ada, project = await scene(live)
    with monkeypatch.context() as patched:
        patched.setattr(mailing, "invitation_mail", fail)
        await is_told(ada, project, await invite(ada, project, "p@example.test"), "refused")
    await is_told(ada, project, await invite(ada, project), "sent")
    assert mailbox.recipients == [GRACE]
    assert "could not be sent" in caplog.text


async def test_a_process_that_died_leaves_its_mail_to_another(live: Live, mailbox: Mailbox) -> None:
    """It had sent the mail, and was killed before it said so."""
    ada, project = await scene(live)
    made = await invite(ada, project)
    await is_told(ada, project, made, "sent")
    async with live.runtime.transaction() as session:
        values = {"mail_status": "waiting", "mail_due_at": now() - timedelta(seconds=1)}
        await session.execute(update(INVITATION).values(values).where(INVITATION.c.id == made["id"]))
    await is_told(ada, project, made, "sent")
    one, two = mailbox.mails
    assert one["Message-ID"] == two["Message-ID"]


async def test_two_nodes_send_one_mail(mail_settings: Settings, mailbox: Mailbox) -> None:
    async with serving(mail_settings) as live, serving(mail_settings):
        ada, project = await scene(live)
        for number in range(5):
            await is_told(ada, project, await invite(ada, project, f"p{number}@example.test"), "sent")
    assert sorted(mailbox.recipients) == [f"p{number}@example.test" for number in range(5)]


async def test_a_changed_key_mails_no_dead_link(
    mail_settings: Settings, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "ROUND_SECONDS", 3_600.0)
    async with serving(mail_settings) as live:
        ada, project = await scene(live)
        made = await invite(ada, project)
    monkeypatch.setattr(mailing, "ROUND_SECONDS", 0.05)
    new_key = {"secret_key": SecretStr("another key of thirty-two bytes!")}
    async with serving(mail_settings.model_copy(update=new_key)) as live:
        ada = await live.api.sign_in(ada.email)
        await is_told(ada, project, made, "refused")
        link = made["url"].rpartition("/")[2]
        assert (await live.api.http.get(f"{API}/invitations/{link}")).status_code == 200
    assert mailbox.attempts == 0


async def test_a_mail_waits_while_its_project_is_archived(
    mail_settings: Settings, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "ROUND_SECONDS", 3_600.0)
    async with serving(mail_settings) as live:
        ada, project = await scene(live)
        made = await invite(ada, project)
        addresses = MailAddresses(sender="board@example.test", public_url=BOARD)
        mailer = InvitationMailer(live.runtime, live.app.state.mail_server, addresses)
        await ada.patch(project.path, {"status": "archived"})
        await mailer.send_due()
        assert mailbox.attempts == 0
        await is_told(ada, project, made, "waiting")
        await ada.patch(project.path, {"status": "active"})
        await mailer.send_due()
        await is_told(ada, project, made, "sent")
    assert mailbox.recipients == [GRACE]


async def test_names_add_no_header(live: Live, mailbox: Mailbox) -> None:
    ada, project = await scene(live)
    nasty = "x\r\nBcc: eve@example.test\r\n\r\n<b>hello"
    async with live.runtime.transaction() as session:  # past the checks of today
        await session.execute(update(USER).values(name=f"Ada {nasty}").where(USER.c.id == ada.id))
    await ada.patch(project.path, {"name": 'Apollo" <eve@example.test>, "'})
    made = await invite(ada, project)
    await is_told(ada, project, made, "sent")
    [mail] = mailbox.mails
    assert mail["Bcc"] is None
    assert mailbox.recipients == [GRACE]
    assert "\n" not in mail["Subject"]
    assert "<b>" not in text_of(mail, "html")
