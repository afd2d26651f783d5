"""How many invitations are mailed in a day."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from roomful.invitations import mail_quota
from roomful.invitations.models import INVITATION_MAIL_COUNT
from roomful.retention import purge_expired
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.support.api import Api, Person, Project
from tests.support.app import client_of, running_app
from tests.support.processes import free_port


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A day that does not end while the test runs."""
    clock = Clock()
    monkeypatch.setattr(mail_quota, "now", clock)
    return clock


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The mail server is away: what is counted is what waits for it."""
    return settings.model_copy(
        update={
            "smtp_url": SecretStr(f"smtp://127.0.0.1:{free_port()}"),
            "mail_from": "board@example.test",
            "public_url": "https://board.example.test",
            "max_invitation_mails_per_user": 3,
            "max_invitation_mails_per_address": 2,
        }
    )


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("ada")


async def invite(owner: Person, project: Project, email: str | None = None) -> httpx.Response:
    return await owner.request("POST", f"{project.path}/invitations", json={"role": "viewer", "email": email})


def assert_refused(answer: httpx.Response, word: str, seconds: int = 43_200) -> None:
    body = answer.json()
    assert (answer.status_code, body["code"], answer.headers["Retry-After"]) == (429, "RATE_LIMITED", str(seconds))
    assert word in body["error"]


async def test_a_person_has_few_mailed_in_a_day(api: Api, ada: Person, clock: Clock) -> None:
    """In whichever project, also in one that they have deleted."""
    lost, project = await ada.create_project(), await ada.create_project()
    for number in range(3):
        assert (await invite(ada, lost, f"p{number}@example.test")).status_code == 201
    await ada.delete(lost.path)
    assert_refused(await invite(ada, project, "p3@example.test"), "one person")
    assert await ada.get(f"{project.path}/invitations") == []
    assert (await invite(ada, project)).status_code == 201  # a link to send oneself

    bob = await api.register("bob")
    assert (await invite(bob, await bob.create_project(), "p3@example.test")).status_code == 201
    clock.at += timedelta(hours=12)
    assert (await invite(ada, project, "p3@example.test")).status_code == 201


async def test_an_address_is_sent_few_in_a_day(api: Api, ada: Person) -> None:
    """By whichever owner, and however it is spelled for the same mailbox."""
    bob = await api.register("bob")
    hers, his = await ada.create_project(), await bob.create_project()
    assert (await invite(ada, hers, "grace@example.test")).status_code == 201
    assert (await invite(bob, his, "Grace+again@Example.test")).status_code == 201
    for owner, project in ((ada, hers), (bob, his)):
        assert_refused(await invite(owner, project, "grace+more@example.test"), "this address")
    # What was refused is not counted.
    for number in range(2):
        assert (await invite(ada, hers, f"p{number}@example.test")).status_code == 201


async def test_more_accounts_of_one_network_do_not_help(api: Api) -> None:
    people = [await api.register(f"p{number}") for number in range(11)]
    projects = [await person.create_project() for person in people]
    for number, (person, project) in enumerate(zip(people[:10], projects[:10], strict=True)):
        for each in range(3):
            assert (await invite(person, project, f"q{number}-{each}@example.test")).status_code == 201
    assert_refused(await invite(people[10], projects[10], "q@example.test"), "network")


async def test_two_nodes_count_together(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(running_app(settings)) for _ in range(2)]
        ada, *others = [Api(await stack.enter_async_context(client_of(node))) for node in nodes]
        owner = await ada.register("ada")
        elsewhere = await others[0].sign_in(owner.email)
        projects = [await owner.create_project() for _ in range(4)]
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(invite(person, project, f"p{number}@example.test"))
                for number, project in enumerate(projects)
                for person in (owner, elsewhere)
            ]
        assert Counter(each.result().status_code for each in asked) == {201: 3, 429: 5}


@pytest.fixture
async def unlimited(settings: Settings) -> AsyncIterator[Api]:
    none = {"max_invitation_mails_per_user": 0, "max_invitation_mails_per_address": 0}
    async with running_app(settings.model_copy(update=none)) as app, client_of(app) as client:
        yield Api(client)


async def test_zero_is_without_limit(unlimited: Api) -> None:
    owner = await unlimited.register("ada")
    project = await owner.create_project()
    for _ in range(5):
        assert (await invite(owner, project, "grace@example.test")).status_code == 201


async def test_counts_hold_no_address_and_go_after_two_days(runtime: Runtime, ada: Person, clock: Clock) -> None:
    await invite(ada, await ada.create_project(), "grace@example.test")

    async def subjects() -> list[str]:
        async with runtime.database.read() as session:
            return list(await session.scalars(select(INVITATION_MAIL_COUNT.c.subject)))

    kept = await subjects()
    assert len(kept) == 3
    assert not any("grace" in each or ada.id in each for each in kept)
    clock.at += timedelta(days=1)  # another node's clock may be behind
    await purge_expired(runtime)
    assert len(await subjects()) == 3
    clock.at += timedelta(days=1)
    await purge_expired(runtime)
    assert await subjects() == []
