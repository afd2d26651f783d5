"""Redis found through Sentinel."""

import time
from collections.abc import Iterator

import pytest

from server.realtime.presence import Entry, PresenceLost
from server.realtime.publication import ClientInfo
from server.realtime.redis_presence import RedisPresence
from server.realtime.redis_server import RedisServer
from tests.conftest import absent
from tests.support.brokers import KEY, becomes, event, redis_node
from tests.support.sentinel import Watched, run_watched_pair

CHANNEL = "project:1"


@pytest.fixture
def watched() -> Iterator[Watched]:
    try:
        with run_watched_pair() as watched:
            yield watched
    except ImportError as missing:
        absent(f"Valkey: {missing}")


async def test_nodes_follow_the_master_through_a_failover(watched: Watched) -> None:
    async with (
        redis_node(watched.url) as one,
        redis_node(watched.url) as two,
        RedisServer(watched.url) as server,
    ):
        presence = RedisPresence(server, key=KEY)
        await two.broker.subscribe(CHANNEL)
        one.broker.publish(event(CHANNEL, 1))
        assert await two.receives(1) == [event(CHANNEL, 1)]
        assert await presence.enter([Entry(CHANNEL, ClientInfo("c-1", "ada"))]) == [True]
        assert await presence.gone() == []

        with watched.master.client() as client:  # what is not replicated yet may be lost
            client.set("the last", "write")
            assert client.wait(1, 5000) == 1
        watched.master.stop()

        def arrives() -> bool:
            one.broker.publish(event(CHANNEL, 2))
            return len(two.received) > 1

        await becomes(arrives, 30, what="the nodes meet at the new master")
        since = time.monotonic()
        await becomes(lambda: two.broker.subscriber.alive_at > since, 5, what="healthy again")
        try:
            await presence.gone()
        except PresenceLost:
            pytest.fail("the replica has the list")
        assert [client.user for client in await presence.members(CHANNEL)] == ["ada"]
