"""The presence list in Redis, between nodes and under faults."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from roomful.concurrency.background_loops import BackgroundLoops
from roomful.link.redis_server import RedisServer
from roomful.realtime.presence.port import Entry, PresenceLost, PresenceUnavailable, Removal
from roomful.realtime.presence.recorder import PresenceRecorder
from roomful.realtime.presence.redis import EXPIRED_GRACE_SECONDS, RedisPresence
from roomful.realtime.publication import ClientInfo, Join, Leave
from tests.support.brokers import KEY, NAMES, becomes
from tests.support.valkey import Valkey

CHANNEL = "project:1"


def entry(client: str, user: str) -> Entry:
    return Entry(CHANNEL, ClientInfo(client, user))


class WatchedPresence(RedisPresence):
    """Counts the calls of `gone`."""

    looks = 0

    async def gone(self) -> list[Entry]:
        gone = await super().gone()
        self.looks += 1
        return gone


@asynccontextmanager
async def presence_of(valkey: Valkey, *, entry_seconds: float = 22.0) -> AsyncIterator[WatchedPresence]:
    async with RedisServer(valkey.url) as server:
        yield WatchedPresence(server, key=KEY, names=NAMES, entry_seconds=entry_seconds)


class Node:
    """The presence of one process, with its joins and leaves."""

    def __init__(self, presence: WatchedPresence) -> None:
        self.presence = presence
        self.presence_recorder = PresenceRecorder(presence, self._tell)
        self.told: list[tuple[str, str]] = []

    def _tell(self, change: Join | Leave) -> None:
        self.told.append(("join" if isinstance(change, Join) else "leave", change.info.user))

    async def lists(self, *clients: str, seconds: float = 5.0) -> None:
        """Wait until the list has exactly these connections."""
        async with asyncio.timeout(seconds):
            while sorted(member.client for member in await self.presence.members(CHANNEL)) != sorted(clients):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def has_looked(self) -> None:
        """Wait for two more calls of `gone`: one may have been under way."""
        looks = self.presence.looks
        await becomes(lambda: self.presence.looks >= looks + 2, 5, what="it has looked")

    async def tells(self, *told: tuple[str, str], seconds: float = 5.0) -> None:
        await becomes(lambda: self.told == list(told), seconds, what="told just this")


@asynccontextmanager
async def running_node(valkey: Valkey, *, entry_seconds: float = 22.0) -> AsyncIterator[Node]:
    async with presence_of(valkey, entry_seconds=entry_seconds) as presence, BackgroundLoops() as loops:
        node = Node(presence)
        loops.run("presence", node.presence_recorder.run())
        yield node


async def test_nodes_share_one_list_and_one_publishes_its_changes(valkey: Valkey) -> None:
    async with running_node(valkey) as one, running_node(valkey) as two:
        one.presence_recorder.enter(entry("c-1", "ada"))
        await one.lists("c-1")
        two.presence_recorder.enter(entry("c-2", "ada"))
        await one.lists("c-1", "c-2")
        await two.lists("c-1", "c-2")
        one.presence_recorder.leave(entry("c-1", "ada"), grace_seconds=0)
        await two.lists("c-2")
        two.presence_recorder.leave(entry("c-2", "ada"), grace_seconds=0)
        await one.lists()
        await becomes(lambda: ("leave", "ada") in one.told + two.told, 3, what="a node tells")
        assert sorted(one.told + two.told) == [("join", "ada"), ("leave", "ada")]


async def test_entries_of_a_dead_node_expire_and_are_published_once(valkey: Valkey) -> None:
    async with presence_of(valkey, entry_seconds=0.5) as dead:
        assert await dead.enter([entry("c-1", "ada"), entry("c-2", "ada")]) == [True, False]
    async with running_node(valkey) as one, running_node(valkey) as two:
        await one.lists()
        await becomes(lambda: bool(one.told + two.told), 6, what="a node tells")
        await one.has_looked()
        await two.has_looked()
        assert one.told + two.told == [("leave", "ada")]


async def test_person_of_a_dead_node_who_is_back_elsewhere_never_left(valkey: Valkey) -> None:
    async with presence_of(valkey, entry_seconds=0.5) as dead:
        await dead.enter([entry("c-1", "ada")])
    async with running_node(valkey) as one:
        one.presence_recorder.enter(entry("c-2", "ada"))
        await one.lists("c-2")
        await asyncio.sleep(0.5 + EXPIRED_GRACE_SECONDS)  # by then the dead node's entry would be published
        await one.has_looked()
        assert one.told == []


async def test_flushed_list_is_rebuilt_without_joins(valkey: Valkey) -> None:
    async with running_node(valkey) as one, running_node(valkey) as two:
        one.presence_recorder.enter(entry("c-1", "ada"))
        await one.tells(("join", "ada"))
        two.presence_recorder.enter(entry("c-2", "ada"))
        two.presence_recorder.enter(entry("c-3", "bob"))
        await two.tells(("join", "bob"))
        await one.lists("c-1", "c-2", "c-3")
        with valkey.client() as client:
            client.flushall()
        await one.lists("c-1", "c-2", "c-3", seconds=20)
        one.presence_recorder.leave(entry("c-1", "ada"), grace_seconds=0)
        await one.lists("c-2", "c-3")
        await one.has_looked()
        await two.has_looked()
        assert (one.told, two.told) == ([("join", "ada")], [("join", "bob")])


async def test_list_is_rebuilt_after_a_restart_and_missed_changes_are_published(valkey: Valkey) -> None:
    async with running_node(valkey) as one:
        one.presence_recorder.enter(entry("c-1", "ada"))
        await one.tells(("join", "ada"))
        valkey.stop()
        one.presence_recorder.enter(entry("c-2", "bob"))
        one.presence_recorder.enter(entry("c-3", "eve"))
        one.presence_recorder.leave(entry("c-3", "eve"), grace_seconds=0)
        with pytest.raises(PresenceUnavailable):
            await one.presence.members(CHANNEL)
        valkey.start()
        await one.lists("c-1", "c-2")
        await one.tells(("join", "ada"), ("join", "bob"))


async def test_frozen_redis_delays_nobody(valkey: Valkey) -> None:
    async with running_node(valkey) as one:
        one.presence_recorder.enter(entry("c-1", "ada"))
        await one.lists("c-1")
        valkey.pause()
        async with asyncio.timeout(3):
            with pytest.raises(PresenceUnavailable):
                await one.presence.members(CHANNEL)
        valkey.resume()
        await one.lists("c-1")


async def test_loss_is_reported_once_to_each_node_that_knew_the_list(valkey: Valkey) -> None:
    async with presence_of(valkey) as one, presence_of(valkey) as two:
        await one.gone()
        with valkey.client() as client:
            client.flushall()
        await two.gone()
        with pytest.raises(PresenceLost):
            await one.gone()
        assert await one.gone() == []


async def test_many_who_expire_at_once_are_all_found(valkey: Valkey) -> None:
    async with presence_of(valkey, entry_seconds=0.1) as presence:
        for start in range(0, 2000, 200):
            await presence.enter([entry(f"c-{n}", f"user-{n}") for n in range(start, start + 200)])
        await asyncio.sleep(0.2)
        await presence.gone()
        assert await presence.members(CHANNEL) == []


async def test_cancelled_calls_leave_no_answer_for_others(valkey: Valkey) -> None:
    async with presence_of(valkey) as presence:
        await presence.enter([entry("c-1", "ada")])
        await presence.enter([Entry("project:2", ClientInfo("c-2", "bob"))])
        for round_ in range(100):
            try:
                async with asyncio.timeout(0.0002 * (round_ % 10)):
                    await presence.members(CHANNEL)
            except TimeoutError:
                pass
            except PresenceUnavailable:
                pytest.fail("the list is there")
            assert [member.client for member in await presence.members("project:2")] == ["c-2"]


async def test_nothing_is_left_of_people_who_left(valkey: Valkey) -> None:
    async with presence_of(valkey) as presence:
        entries = [Entry(f"project:{n}", ClientInfo(f"c-{n}", "ada")) for n in range(200)]
        await presence.enter(entries)
        await presence.leave([Removal(each, 0) for each in entries])
        assert len(await presence.gone()) == 200
        with valkey.client() as client:
            names = client.keys("*")
        assert [str(name).rpartition(":")[2] for name in names] == ["born'"]
