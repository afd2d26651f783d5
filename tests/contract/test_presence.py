"""The guarantees of every presence list (server/roomful/realtime/presence/port.py)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from roomful.link.redis_server import RedisServer
from roomful.realtime.presence.memory import MemoryPresence
from roomful.realtime.presence.port import Entry, Presence, Removal
from roomful.realtime.presence.redis import RedisPresence
from roomful.realtime.publication import ClientInfo
from tests.support.brokers import KEY, NAMES
from tests.support.valkey import Valkey

CHANNEL = "project:1"


@pytest.fixture(params=["memory", "redis"])
async def presence(request: pytest.FixtureRequest) -> AsyncIterator[Presence]:
    if request.param == "memory":
        yield MemoryPresence()
    else:
        valkey: Valkey = request.getfixturevalue("valkey")
        async with RedisServer(valkey.url) as server:
            yield RedisPresence(server, key=KEY, names=NAMES)


def entry(client: str, user: str, channel: str = CHANNEL, info: bytes = b"") -> Entry:
    return Entry(channel, ClientInfo(client, user, info))


def leave(client: str, user: str, channel: str = CHANNEL, *, grace_seconds: float = 0) -> Removal:
    return Removal(entry(client, user, channel), grace_seconds)


async def clients(presence: Presence, channel: str = CHANNEL) -> list[str]:
    return sorted(member.client for member in await presence.members(channel))


async def gone(presence: Presence) -> list[str]:
    return sorted(last.client.user for last in await presence.gone())


async def test_a_new_list_is_empty(presence: Presence) -> None:
    assert await presence.members(CHANNEL) == []
    assert await presence.gone() == []


async def test_members_are_listed_as_they_were_entered(presence: Presence) -> None:
    ada = ClientInfo("c-1", "ada", '{"name":"Ada  é"}'.encode())
    await presence.enter([Entry(CHANNEL, ada)])
    assert await presence.members(CHANNEL) == [ada]
    await presence.leave([Removal(Entry(CHANNEL, ada), 0)])
    assert await presence.gone() == [Entry(CHANNEL, ada)]


async def test_first_and_last_connection_of_a_person(presence: Presence) -> None:
    assert await presence.enter([entry("c-1", "ada")]) == [True]
    assert await presence.enter([entry("c-2", "ada")]) == [False]
    assert await presence.enter([entry("c-3", "bob")]) == [True]
    assert await clients(presence) == ["c-1", "c-2", "c-3"]

    await presence.leave([leave("c-1", "ada")])
    assert await gone(presence) == []
    await presence.leave([leave("c-2", "ada")])
    assert await gone(presence) == ["ada"]
    assert await clients(presence) == ["c-3"]


async def test_person_who_is_gone_is_reported_once(presence: Presence) -> None:
    await presence.enter([entry("c-1", "ada")])
    await presence.leave([leave("c-1", "ada")])
    assert await gone(presence) == ["ada"]
    assert await gone(presence) == []
    assert await presence.enter([entry("c-2", "ada")]) == [True]


async def test_person_who_returns_within_the_grace_never_left(presence: Presence) -> None:
    await presence.enter([entry("c-1", "ada")])
    await presence.leave([leave("c-1", "ada", grace_seconds=1.0)])
    assert await clients(presence) == []
    assert await gone(presence) == []
    assert await presence.enter([entry("c-2", "ada")]) == [False]
    await asyncio.sleep(1.05)  # the grace
    assert await gone(presence) == []
    assert await clients(presence) == ["c-2"]


async def test_person_is_gone_after_the_grace(presence: Presence) -> None:
    await presence.enter([entry("c-1", "ada")])
    await presence.leave([leave("c-1", "ada", grace_seconds=0.2)])
    await asyncio.sleep(0.25)
    assert await gone(presence) == ["ada"]


async def test_answers_are_in_order_of_the_entries(presence: Presence) -> None:
    assert await presence.enter([entry("c-1", "ada"), entry("c-2", "ada"), entry("c-3", "bob")]) == [True, False, True]
    await presence.leave([leave("c-3", "bob"), leave("c-1", "ada"), leave("c-2", "ada")])
    assert await gone(presence) == ["ada", "bob"]
    assert await presence.members(CHANNEL) == []
    assert await presence.enter([]) == []
    await presence.leave([])


async def test_channels_are_separate(presence: Presence) -> None:
    assert await presence.enter([entry("c-1", "ada"), entry("c-1", "ada", "project:2")]) == [True, True]
    await presence.leave([leave("c-1", "ada")])
    assert [last.channel for last in await presence.gone()] == [CHANNEL]
    assert await clients(presence) == []
    assert await clients(presence, "project:2") == ["c-1"]


async def test_entering_again_adds_nothing(presence: Presence) -> None:
    assert await presence.enter([entry("c-1", "ada")]) == [True]
    assert await presence.enter([entry("c-1", "ada")]) == [False]
    assert await clients(presence) == ["c-1"]
    await presence.leave([leave("c-1", "ada")])
    assert await gone(presence) == ["ada"]


async def test_leaving_again_changes_nothing(presence: Presence) -> None:
    await presence.enter([entry("c-1", "ada")])
    await presence.leave([leave("c-1", "ada")])
    await presence.leave([leave("c-1", "ada"), leave("c-2", "ada")])
    assert await gone(presence) == ["ada"]


async def test_leave_of_a_stranger_keeps_the_others(presence: Presence) -> None:
    await presence.enter([entry("c-1", "ada")])
    await presence.leave([leave("c-9", "ada")])
    assert await gone(presence) == []
    assert await clients(presence) == ["c-1"]
