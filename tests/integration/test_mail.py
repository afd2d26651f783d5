"""Digests by mail, to a real mail server."""

import re
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from roomful.eventlog import cursor
from roomful.eventlog.models import LOG_CURSOR
from roomful.identity.models import USER
from roomful.inbox.mail import smtp
from roomful.inbox.mail.unsubscribing import UnsubscribeTokens
from roomful.settings import Settings
from tests.support.api import Person, Project
from tests.support.app import Live, serving
from tests.support.inbox import all_told, inbox, until
from tests.support.mail import Mailbox, running_mailbox, text_of


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def mail_settings(settings: Settings, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(cursor, "ROUND_SECONDS", 0.05)
    return settings.model_copy(
        update={
            "smtp_url": SecretStr(mailbox.url),
            "mail_from": "Board <board@example.test>",
            "public_url": "https://board.example.test/team",
            "mail_delay": 0.01,
        }
    )


@pytest.fixture
async def live(mail_settings: Settings) -> AsyncIterator[Live]:
    async with serving(mail_settings) as live:
        yield live


async def verify(live: Live, *people: Person) -> None:
    async with live.runtime.transaction() as session:
        for person in people:
            await session.execute(update(USER).values(email_verified=True).where(USER.c.id == person.id))


async def scene(live: Live, mailbox: Mailbox) -> tuple[Person, Person, Project]:
    """Ada's project with Bob, whose mail about being added has come and is thrown away."""
    ada, bob = await live.api.register("ada"), await live.api.register("bob")
    await verify(live, ada, bob)
    project = await ada.create_project()
    await ada.add_member(project, bob)
    await arrived(mailbox, 1)
    mailbox.mails.clear()
    mailbox.recipients.clear()
    return ada, bob, project


async def arrived(mailbox: Mailbox, count: int) -> None:
    async def have_come() -> bool:
        return len(mailbox.mails) >= count

    await until(have_come)
    assert len(mailbox.mails) == count


async def settled(live: Live) -> None:
    """Every cursor has come to everything: what was not mailed by now is not mailed."""
    await all_told(live.runtime)
    mail = live.runtime.cursors[1]
    for _ in range(3):
        await mail._find(all_channels=True)

        async def is_idle() -> bool:
            return len(mail._queue) == 0

        await until(is_idle)


async def test_what_is_unread_is_mailed_once(live: Live, mailbox: Mailbox) -> None:
    ada, bob, project = await scene(live, mailbox)
    task = await ada.create_task(project, "Fly <b>there</b>", assignee_id=bob.id)
    await arrived(mailbox, 1)
    (mail,) = mailbox.mails
    assert mailbox.recipients == [bob.email]
    assert mail["From"] == "Board <board@example.test>"
    assert mail["To"] == f"Bob <{bob.email}>"
    assert mail["Subject"] == "[Apollo] Fly <b>there</b>"
    address = f"https://board.example.test/team/#/projects/{project.id}/tasks/{task['id']}"
    assert "Ada assigned it to you." in text_of(mail)
    assert address in text_of(mail)
    assert address in text_of(mail, "html")
    assert "Fly &lt;b&gt;there&lt;/b&gt;" in text_of(mail, "html")
    root = f"<task.{task['id']}@board.example.test>"
    assert (mail["In-Reply-To"], mail["References"]) == (root, root)
    assert re.fullmatch(r"<digest\.[0-9a-f]{32}@board\.example\.test>", mail["Message-ID"])
    await settled(live)
    assert len(mailbox.mails) == 1


async def test_mails_about_one_task_are_one_thread(live: Live, mailbox: Mailbox) -> None:
    ada, bob, project = await scene(live, mailbox)
    task = await ada.create_task(project, "Fly", assignee_id=bob.id)
    await arrived(mailbox, 1)
    await ada.change_task(project, task, due_on="2026-07-16")
    await arrived(mailbox, 2)
    one, two = mailbox.mails
    assert one["References"] == two["References"]
    assert one["Message-ID"] != two["Message-ID"]
    assert "(2 events)" in text_of(two)


async def test_what_is_read_in_time_is_not_mailed(mail_settings: Settings, mailbox: Mailbox) -> None:
    async with serving(mail_settings.model_copy(update={"mail_delay": 3_600.0})) as live:
        ada, bob = await live.api.register("ada"), await live.api.register("bob")
        await verify(live, bob)
        project = await ada.create_project()
        await ada.add_member(project, bob)
        await ada.create_task(project, "Read", assignee_id=bob.id)
        await ada.create_task(project, "Unread", assignee_id=bob.id)
        await settled(live)
        for entry in await inbox(bob):
            if entry["subject"]["title"] != "Unread":
                await bob.patch(f"/notifications/{entry['id']}", {"read": True})
        assert mailbox.attempts == 0
    async with serving(mail_settings):  # an hour later
        await arrived(mailbox, 1)
    assert mailbox.mails[0]["Subject"] == "[Apollo] Unread"


async def test_one_digest_for_several(mail_settings: Settings, mailbox: Mailbox) -> None:
    async with serving(mail_settings.model_copy(update={"mail_delay": 3_600.0})) as live:
        ada, bob = await live.api.register("ada"), await live.api.register("bob")
        await verify(live, bob)
        project = await ada.create_project()
        await ada.add_member(project, bob)
        for title in ("One", "Two"):
            await ada.create_task(project, title, assignee_id=bob.id)
        await all_told(live.runtime)
    async with serving(mail_settings):
        await arrived(mailbox, 1)
    (mail,) = mailbox.mails
    assert mail["Subject"] == "3 unread notifications in Apollo"
    assert all(f"* {title} (Apollo)" in text_of(mail) for title in ("One", "Two", "Apollo"))


async def test_addresses_that_nobody_vouches_for_get_none(live: Live, mailbox: Mailbox) -> None:
    ada, bob, project = await scene(live, mailbox)
    eve, off = await live.api.register("eve"), await live.api.register("off")
    await verify(live, off)
    await off.request("PUT", "/notifications/mail", json={"enabled": False})
    assert await eve.get("/notifications/mail") == {"enabled": True, "available": False}
    assert await off.get("/notifications/mail") == {"enabled": False, "available": True}
    for person in (eve, off):
        await ada.add_member(project, person)
    await ada.create_task(project, "Fly", assignee_id=bob.id)
    await arrived(mailbox, 1)
    await settled(live)
    assert set(mailbox.recipients) == {bob.email}


async def test_titles_and_names_add_no_header(live: Live, mailbox: Mailbox) -> None:
    ada, bob, project = await scene(live, mailbox)
    nasty = "x\r\nBcc: eve@example.test\r\n\r\nhello"
    async with live.runtime.transaction() as session:  # past the checks of today
        await session.execute(update(USER).values(name=f"Bob {nasty}").where(USER.c.id == bob.id))
        await session.execute(update(USER).values(name=f"Ada {nasty}").where(USER.c.id == ada.id))
    long = "a" * 120 + " \u202e\U0001f680 Überflug"
    for title in (long, "=?utf-8?q?Bcc:_eve@example.test?="):
        await ada.request("POST", f"{project.path}/tasks", json={"title": title, "assignee_id": bob.id})
    await ada.patch(project.path, {"name": 'Apollo" <eve@example.test>, "'})
    await ada.create_task(project, "Fly", assignee_id=bob.id)

    async def has_last() -> bool:
        return any("Fly" in text_of(mail) for mail in mailbox.mails)

    await until(has_last)
    for mail in mailbox.mails:
        assert mail["Bcc"] is None
        assert mail["To"].addresses[0].addr_spec == bob.email
        assert len(mail["To"].addresses) == len(mail["From"].addresses) == 1
        assert "\n" not in mail["Subject"]
        assert len(mail["Subject"]) <= 150
    assert set(mailbox.recipients) == {bob.email}


async def test_one_click_ends_mail_and_a_look_does_not(live: Live, mailbox: Mailbox) -> None:
    ada, bob, project = await scene(live, mailbox)
    await ada.create_task(project, "Fly", assignee_id=bob.id)
    await arrived(mailbox, 1)
    (mail,) = mailbox.mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail["List-Unsubscribe"].strip("<>").removeprefix("https://board.example.test/team")
    assert link in text_of(mail)

    for method in ("GET", "HEAD"):
        look = await live.api.http.request(method, link)
        assert look.status_code in (200, 405)
    assert (await bob.get("/notifications/mail"))["enabled"] is True
    wrong = link[:-1] + ("a" if link[-1] != "a" else "b")
    for path in (wrong, link.replace(bob.id, ada.id), f"{link.rpartition('/')[0]}/x", f"{link.rpartition('.')[0]}."):
        for method in ("GET", "POST"):
            assert (await live.api.http.request(method, path)).status_code == 404
    assert (await bob.get("/notifications/mail"))["enabled"] is True

    for _ in range(2):
        done = await live.api.http.post(link, data={"List-Unsubscribe": "One-Click"})
        assert (done.status_code, done.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (await bob.get("/notifications/mail"))["enabled"] is False
    assert (await ada.get("/notifications/mail"))["enabled"] is True
    await ada.create_task(project, "Land", assignee_id=bob.id)
    await settled(live)
    assert len(mailbox.mails) == 1
    answer = await bob.request("PUT", "/notifications/mail", json={"enabled": True})
    assert answer.json() == {"enabled": True, "available": True}
    await ada.create_task(project, "Walk", assignee_id=bob.id)
    await arrived(mailbox, 2)


async def test_mail_waits_for_its_server(live: Live, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(smtp, "MAX_PAUSE_SECONDS", 0.05)
    ada, bob, project = await scene(live, mailbox)
    mailbox.stop()
    await ada.create_task(project, "Fly", assignee_id=bob.id)
    server = live.app.state.mail_server

    async def has_failed() -> bool:
        return bool(server.counters.failures >= 8)

    await until(has_failed)
    metrics = (await live.api.http.get("/metrics")).text
    assert "roomful_mail_server_up 0.0" in metrics
    mailbox.answer = "451 4.3.0 later"
    mailbox.start()
    attempts = mailbox.attempts

    async def is_told_later() -> bool:
        return mailbox.attempts > attempts + 2

    await until(is_told_later)
    mailbox.answer = ""
    await arrived(mailbox, 1)

    async def is_up() -> bool:
        return bool(server.is_up)  # the mail is there before its sender knows

    await until(is_up)
    metrics = (await live.api.http.get("/metrics")).text
    assert "roomful_mail_server_up 1.0" in metrics
    assert 'roomful_cursor_events_left_out_total{cursor="mail"} 0.0' in metrics


async def test_mail_lists_all_that_waited(live: Live, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(smtp, "MAX_PAUSE_SECONDS", 0.05)
    ada, bob, project = await scene(live, mailbox)
    mailbox.stop()
    titles = {f"Task {number:02}" for number in range(70)}
    for title in sorted(titles):
        await ada.create_task(project, title, assignee_id=bob.id)
    await all_told(live.runtime)
    mailbox.start()

    async def has_all() -> bool:
        text = "".join(text_of(mail) for mail in mailbox.mails)
        return all(f"* {title} (" in text for title in titles)

    await until(has_all)


async def test_an_address_that_is_refused_holds_nobody_up(live: Live, mailbox: Mailbox) -> None:
    ada, bob, project = await scene(live, mailbox)
    mailbox.refuses = bob.email
    await ada.create_task(project, "Fly", assignee_id=bob.id)

    async def is_refused() -> bool:
        return bool(live.app.state.mail_server.counters.refused)

    await until(is_refused)
    mailbox.refuses = ""
    await ada.create_task(project, "Land", assignee_id=bob.id)
    await arrived(mailbox, 1)
    assert mailbox.mails[0]["Subject"] == "[Apollo] Land"


@pytest.mark.parametrize("local", ["a,b", "<eve>", "a(b)", '"x', "d@[x", "\u00e9"], ids=ascii)
async def test_an_address_that_mail_can_not_have_holds_nobody_up(
    live: Live, mailbox: Mailbox, caplog: pytest.LogCaptureFixture, local: str
) -> None:
    """An account may have it: it was registered before it was refused, or came from a provider."""
    ada, bob, project = await scene(live, mailbox)
    async with live.runtime.transaction() as session:
        await session.execute(update(USER).values(email=f"{local}@example.test").where(USER.c.id == bob.id))
    cleo = await live.api.register("cleo")
    await verify(live, cleo)
    await ada.create_task(project, "Fly", assignee_id=bob.id)
    await ada.add_member(project, cleo)
    await arrived(mailbox, 1)
    await settled(live)
    assert mailbox.recipients == [cleo.email]
    assert "could not handle" not in caplog.text


async def test_a_repeated_mail_has_the_same_id(live: Live, mailbox: Mailbox) -> None:
    """As after the death of a process between the mail and the commit of its position."""
    ada, bob, project = await scene(live, mailbox)
    await ada.create_task(project, "Fly", assignee_id=bob.id)
    await arrived(mailbox, 1)
    await settled(live)
    async with live.runtime.transaction() as session:
        mine = (LOG_CURSOR.c.cursor == "mail", LOG_CURSOR.c.channel == f"user:{bob.id}")
        back = {"position": LOG_CURSOR.c.position - 1, "upto": LOG_CURSOR.c.position}
        await session.execute(update(LOG_CURSOR).values(back).where(*mine))
    live.runtime.cursors[1]._queue.put(f"user:{bob.id}")
    await arrived(mailbox, 2)
    assert mailbox.mails[0]["Message-ID"] == mailbox.mails[1]["Message-ID"]


async def test_without_a_mail_server_none_is_sent(settings: Settings, mailbox: Mailbox) -> None:
    async with serving(settings) as live:
        assert "mail" not in [each.rules.name for each in live.runtime.cursors]
        ada = await live.api.register("ada")
        assert await ada.get("/notifications/mail") == {"enabled": True, "available": False}
        token = UnsubscribeTokens(live.runtime.unsubscribe_key).issue(ada.id)
        assert (await live.api.http.post(f"/api/v1/mail/unsubscribe/{token}")).status_code == 200
    assert mailbox.attempts == 0
