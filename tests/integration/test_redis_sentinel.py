"""Redis found through Sentinel."""

import time
from collections.abc import Iterator

import pytest

from roomful.link.redis_server import RedisServer
from roomful.realtime.presence.port import Entry, PresenceLost
from roomful.realtime.presence.redis import RedisPresence
from roomful.realtime.publication import ClientInfo
from tests.conftest import absent
from tests.support.brokers import KEY, NAMES, becomes, event, redis_node
from tests.support.sentinel import Watched, run_watched_pair

CHANNEL = "project:1"
FAILOVER_SECONDS = 75
"""A Sentinel that stood still for 2 s, on a busy machine, distrusts its clock and pauses for 30 s (TILT mode)."""


@pytest.fixture
def watched() -> Iterator[Watched]:
    try:
        with run_watched_pair() as watched:
            yield watched
    except ImportError as missing:
        absent(f"Valkey: {missing}")


@pytest.mark.timeout(150)
async def test_nodes_follow_the_master_through_a_failover(watched: Watched) -> None:
    async with (
        redis_node(watched.url) as one,
        redis_node(watched.url) as two,
        RedisServer(watched.url) as server,
    ):
        presence = RedisPresence(server, key=KEY, names=NAMES)
        await two.broker.subscribe(CHANNEL)

        def arrives(offset: int) -> bool:
            one.broker.publish(event(CHANNEL, offset))
            return event(CHANNEL, offset) in two.received

        # Not at the first attempt if a connection took longer than the start waits.
        await becomes(lambda: arrives(1), 10, what="the nodes meet")
        assert await presence.enter([Entry(CHANNEL, ClientInfo("c-1", "ada"))]) == [True]
        assert await presence.gone() == []

        with watched.master.client() as client:  # writes that are not replicated yet may be lost
            client.set("the last", "write")
            assert client.wait(1, 5000) == 1
        watched.master.stop()

        await becomes(lambda: arrives(2), FAILOVER_SECONDS, what="the nodes meet at the new master")
        since = time.monotonic()
        await becomes(lambda: two.broker.link.subscriber.alive_at > since, 5, what="healthy again")
        try:
            await presence.gone()
        except PresenceLost:
            pytest.fail("the replica has the list")
        assert [client.user for client in await presence.members(CHANNEL)] == ["ada"]
