"""What every presence list guarantees (server/realtime/presence.py)."""

import pytest

from server.realtime.memory_presence import MemoryPresence
from server.realtime.presence import Entry, Presence
from server.realtime.publication import ClientInfo

CHANNEL = "project:1"


@pytest.fixture(params=["memory"])
def presence() -> Presence:
    return MemoryPresence()


def entry(client: str, user: str, channel: str = CHANNEL, info: bytes = b"") -> Entry:
    return Entry(channel, ClientInfo(client, user, info))


async def clients(presence: Presence, channel: str = CHANNEL) -> list[str]:
    return sorted(member.client for member in await presence.members(channel))


async def test_nobody_is_there_at_first(presence: Presence) -> None:
    assert await presence.members(CHANNEL) == []


async def test_members_are_as_they_came(presence: Presence) -> None:
    ada = ClientInfo("c-1", "ada", '{"name":"Ada  é"}'.encode())
    await presence.enter([Entry(CHANNEL, ada)])
    assert await presence.members(CHANNEL) == [ada]


async def test_first_and_last_connection_of_a_person(presence: Presence) -> None:
    assert await presence.enter([entry("c-1", "ada")]) == [True]
    assert await presence.enter([entry("c-2", "ada")]) == [False]
    assert await presence.enter([entry("c-3", "bob")]) == [True]
    assert await clients(presence) == ["c-1", "c-2", "c-3"]

    assert await presence.leave([entry("c-1", "ada")]) == [False]
    assert await presence.leave([entry("c-2", "ada")]) == [True]
    assert await clients(presence) == ["c-3"]


async def test_answers_are_in_order_of_the_entries(presence: Presence) -> None:
    assert await presence.enter([entry("c-1", "ada"), entry("c-2", "ada"), entry("c-3", "bob")]) == [True, False, True]
    assert await presence.leave([entry("c-3", "bob"), entry("c-1", "ada"), entry("c-2", "ada")]) == [True, False, True]
    assert await presence.members(CHANNEL) == []
    assert await presence.enter([]) == []
    assert await presence.leave([]) == []


async def test_channels_are_apart(presence: Presence) -> None:
    both = [entry("c-1", "ada"), entry("c-1", "ada", "project:2")]
    assert await presence.enter(both) == [True, True]
    assert await presence.leave(both[:1]) == [True]
    assert await clients(presence) == []
    assert await clients(presence, "project:2") == ["c-1"]


async def test_entering_again_adds_nothing(presence: Presence) -> None:
    await presence.enter([entry("c-1", "ada")])
    await presence.enter([entry("c-1", "ada")])
    assert await clients(presence) == ["c-1"]
    assert await presence.leave([entry("c-1", "ada")]) == [True]


async def test_leaving_again_is_not_the_last_leave(presence: Presence) -> None:
    await presence.enter([entry("c-1", "ada")])
    assert await presence.leave([entry("c-1", "ada")]) == [True]
    assert await presence.leave([entry("c-1", "ada")]) == [False]
    assert await presence.leave([entry("c-2", "ada")]) == [False]


async def test_leave_of_a_stranger_keeps_the_others(presence: Presence) -> None:
    await presence.enter([entry("c-1", "ada")])
    assert await presence.leave([entry("c-9", "ada")]) == [False]
    assert await clients(presence) == ["c-1"]


async def test_renewing_keeps_entries(presence: Presence) -> None:
    await presence.enter([entry("c-1", "ada")])
    await presence.renew([entry("c-1", "ada")])
    assert await clients(presence) == ["c-1"]
