"""The Redis broker between two nodes, in order and under faults."""

import asyncio
import gc
import pickle
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import msgspec
import psutil
import pytest

from roomful.link.envelopes import MAX_ENVELOPE_BYTES, Reason
from roomful.link.redis_publisher import MAX_AGE_SECONDS
from roomful.link.sealing import Sealer
from roomful.link.starts import NO_START, START_BYTES
from roomful.realtime.broker.redis import RedisBroker
from roomful.realtime.publication import ClientInfo, Hint, Join, Leave, Message, Position, Publication
from tests.support.brokers import KEY, NAMES, BrokerNode, ChannelFrames, becomes, event, redis_node
from tests.support.valkey import Valkey

CHANNEL = "project:1"
ADA = ClientInfo("c-1", "u-ada", b'{"name":"Ada"}')
Node = BrokerNode[RedisBroker]


@pytest.fixture
async def one(valkey: Valkey) -> AsyncIterator[Node]:
    async with redis_node(valkey.url) as node:
        yield node


@pytest.fixture
async def two(valkey: Valkey) -> AsyncIterator[Node]:
    async with redis_node(valkey.url) as node:
        yield node


async def hears_again(publisher: Node, reader: Node, seconds: float = 5.0) -> float:
    """The time until one node's messages reach the other."""
    before = len(reader.received)

    def arrives() -> bool:
        publisher.broker.publish(event(CHANNEL, 1000 + len(publisher.received)))
        return len(reader.received) > before

    return await becomes(arrives, seconds, what="one node hears the other")


async def is_whole(node: Node, seconds: float = 5.0) -> None:
    """Wait until a message to itself, sent from now on, has come back."""
    since = time.monotonic()
    await becomes(lambda: node.broker.link.subscriber.alive_at > since, seconds, what="a message to itself comes round")


@pytest.mark.parametrize(
    "message",
    [
        Publication(CHANNEL, b'{"a": 1,  "b":"\xc3\xa9"}', 7, "e1", "task.created"),
        Publication(CHANNEL, b'{"x":1}', info=ADA),
        Join(CHANNEL, ADA),
        Leave(CHANNEL, ClientInfo("c-2", "u-bob")),
    ],
)
async def test_message_is_the_same_on_the_other_node(one: Node, two: Node, message: Message) -> None:
    assert await two.broker.subscribe(CHANNEL)
    one.broker.publish(message)
    assert await two.receives(1) == [message]


async def test_burst_arrives_once_and_in_order_on_both(one: Node, two: Node) -> None:
    await one.broker.subscribe(CHANNEL)
    await two.broker.subscribe(CHANNEL)
    sent = [event(CHANNEL, offset) for offset in range(1, 5001)]
    for publication in sent:
        one.broker.publish(publication)
    assert await two.receives(len(sent)) == sent
    assert one.received == sent
    await becomes(lambda: one.broker.link.counters.echoes == len(sent), 5, what="the echo has come round")
    assert one.received == sent


async def test_only_subscribed_channels_arrive(one: Node, two: Node) -> None:
    await two.broker.subscribe(CHANNEL)
    await two.broker.subscribe("project:2")
    await two.broker.unsubscribe("project:2")
    one.broker.publish(event("project:2", 1))
    one.broker.publish(event("project:3", 1))
    one.broker.publish(event(CHANNEL, 1))
    assert await two.receives(1) == [event(CHANNEL, 1)]


async def test_subscribing_and_unsubscribing_take_effect_in_order(one: Node, two: Node) -> None:
    for _ in range(20):
        async with asyncio.TaskGroup() as tasks:
            for _ in range(5):
                tasks.create_task(two.broker.subscribe(CHANNEL))
                tasks.create_task(two.broker.unsubscribe(CHANNEL))
            tasks.create_task(two.broker.subscribe(CHANNEL))
    one.broker.publish(event(CHANNEL, 1))
    assert await two.receives(1) == [event(CHANNEL, 1)]


async def test_big_event_goes_as_a_hint(one: Node, two: Node) -> None:
    await two.broker.subscribe(CHANNEL)
    big = b'"' + b"x" * MAX_ENVELOPE_BYTES + b'"'
    one.broker.publish(event(CHANNEL, 3, big))
    assert await two.receives(1) == [Hint(CHANNEL, Position("epoch", 3))]
    one.broker.publish(Publication(CHANNEL, big))
    assert one.broker.too_big == 1


async def test_deployments_that_share_a_redis_do_not_hear_each_other(valkey: Valkey, one: Node) -> None:
    async with redis_node(valkey.url, key=b"another deployment") as other:
        await other.broker.subscribe(CHANNEL)
        one.broker.publish(event(CHANNEL, 1))
        assert await other.broker.is_healthy()
        await is_whole(one)
        assert other.received == []
        assert not other.broker.link.counters.refused


def sealed_by_a_newer_version() -> bytes:
    sealer = Sealer(KEY, purpose=b"messages")
    return NO_START + sealer.seal(b"something new", NO_START + NAMES.of("channel", CHANNEL))


def forgeries() -> dict[str, tuple[Reason, bytes]]:
    ours = ChannelFrames()
    theirs = ChannelFrames(key=b"another key")
    genuine = ours.encode(event(CHANNEL, 1))
    foreign = theirs.encode(Publication(CHANNEL, b'{"type":"member.removed"}', 1, "epoch", "member.removed"))
    elsewhere = ours.encode(event("project:2", 1))
    return {
        "nothing": ("foreign", b""),
        "pickle": ("foreign", pickle.dumps({"channel": CHANNEL, "data": print})),
        "invalid UTF-8": ("foreign", b"\xff\xfe" * 40),
        "10 MB": ("malformed", b"x" * 10_000_000),
        "JSON with wrong types": ("foreign", b'{"channel": 7, "offset": "first", "data": null}' * 2),
        "content without seal": (
            "foreign",
            msgspec.msgpack.encode(["publication", CHANNEL, b"{}", 1, "epoch", "", None]),
        ),
        "sealed by another key": ("forged", foreign),
        "event of another project": ("forged", elsewhere),
        "one byte changed": ("forged", genuine[:40] + bytes([genuine[40] ^ 1]) + genuine[41:]),
        "another node's name on it": ("forged", genuine[:10] + bytes([genuine[10] ^ 1]) + genuine[11:]),
        "another start named": ("forged", b"a start!" + genuine[START_BYTES:]),
        "cut short": ("forged", genuine[:-1]),
        "cut to the head": ("foreign", genuine[:30]),
        "content that no node knows": ("malformed", sealed_by_a_newer_version()),
    }


@pytest.mark.parametrize("kind", forgeries())
async def test_foreign_messages_are_counted_and_ignored(valkey: Valkey, one: Node, two: Node, kind: str) -> None:
    await two.broker.subscribe(CHANNEL)
    name = NAMES.of("channel", CHANNEL)
    reason, frame = forgeries()[kind]
    with valkey.client() as client:
        assert client.publish(name.decode(), frame) == 1
    one.broker.publish(event(CHANNEL, 1))
    assert await two.receives(1) == [event(CHANNEL, 1)]
    assert two.broker.link.counters.refused == {reason: 1}


async def test_restarted_redis_is_used_again(valkey: Valkey, one: Node, two: Node) -> None:
    channels = [f"project:{number}" for number in range(30)]
    for node in (one, two):
        for channel in channels:
            await node.broker.subscribe(channel)
    valkey.stop()
    valkey.start()
    await hears_again(one, two)
    await hears_again(two, one)
    two.received.clear()
    for channel in channels:
        one.broker.publish(event(channel, 1))
    assert {message.channel for message in await two.receives(30)} == set(channels)


async def test_cut_reader_comes_back(valkey: Valkey, one: Node, two: Node) -> None:
    await two.broker.subscribe(CHANNEL)
    assert valkey.kill_pubsub_clients() == 2
    await hears_again(one, two, seconds=20)
    assert await two.broker.is_healthy()


async def test_a_loss_ends_its_continuity(valkey: Valkey, one: Node) -> None:
    before = one.broker.continuity
    assert before is not None
    valkey.kill_pubsub_clients()
    await becomes(lambda: one.broker.continuity != before, 20, what="the cut is known")
    await becomes(lambda: one.broker.continuity is not None, 20, what="messages come again")
    assert one.broker.continuity != before
    valkey.pause()
    await becomes(lambda: one.broker.continuity is None, 5, what="the silence is suspicious")
    valkey.resume()


async def test_channel_subscribed_during_an_outage_is_received_after_it(valkey: Valkey, one: Node, two: Node) -> None:
    valkey.stop()
    await becomes(lambda: not two.broker.link.subscriber.is_linked, 20, what="the outage is noticed")
    async with asyncio.timeout(0.1):
        assert not await two.broker.subscribe(CHANNEL)
    valkey.start()
    await hears_again(one, two)
    assert await two.broker.subscribe(CHANNEL)


async def test_frozen_redis_is_unhealthy_within_5_seconds_and_delays_nobody(
    valkey: Valkey, one: Node, two: Node
) -> None:
    await two.broker.subscribe(CHANNEL)
    valkey.pause()
    one.broker.publish(event(CHANNEL, 1))
    assert one.received == [event(CHANNEL, 1)]
    async with asyncio.timeout(3):
        assert not await two.broker.subscribe("project:2")
    for node in (one, two):
        async with asyncio.timeout(5):
            while await node.broker.is_healthy():  # noqa: ASYNC110  # it is a question, as `/readyz` asks it
                await asyncio.sleep(0.05)
    # Connections that a frozen server accepts but never answers are included.
    before = connections_to(valkey)
    await becomes(lambda: len(connections_to(valkey) - before) >= 4, 15, what="readers and publishers try new ones")
    valkey.resume()
    await hears_again(one, two)
    await is_whole(one)


def connections_to(valkey: Valkey) -> set[int]:
    """Ours to this server, by our ports."""
    found = psutil.Process().net_connections("tcp4")
    # A socket that listens has no other end.
    return {each.laddr.port for each in found if getattr(each.raddr, "port", None) == valkey.port}


class Refusing:
    """Listens in place of a server that is down, and ends every connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.attempts = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._end, "127.0.0.1", self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _end(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.attempts += 1
        writer.close()


async def test_start_without_redis_succeeds_and_finds_it_later(valkey: Valkey) -> None:
    valkey.stop()
    async with redis_node(valkey.url) as node:
        assert not await node.broker.is_healthy()
        assert not await node.broker.subscribe(CHANNEL)
        node.broker.publish(event(CHANNEL, 1))
        assert node.received == [event(CHANNEL, 1)]
        valkey.start()
        await becomes(lambda: node.broker.link.subscriber.alive_at > 0, 5, what="healthy")
        assert await node.broker.subscribe(CHANNEL)


async def test_outage_is_one_line_in_the_log_and_its_end_another(
    valkey: Valkey, one: Node, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    valkey.stop()
    await becomes(lambda: "out of reach" in caplog.text, 3, what="the outage is noticed")
    async with Refusing(valkey.port) as refusing:
        await becomes(lambda: refusing.attempts >= 4, 5, what="it has tried to connect again and again")
    valkey.start()
    await is_whole(one)
    await becomes(lambda: "redis is back" in caplog.text, 5, what="the end is told")
    lines = [record.message for record in caplog.records if record.name.startswith("roomful")]
    assert lines == ["redis is out of reach", "redis is back"]


async def test_queue_in_an_outage_is_bounded_and_old_messages_are_not_sent(
    valkey: Valkey, one: Node, two: Node
) -> None:
    await two.broker.subscribe(CHANNEL)
    valkey.stop()
    for offset in range(1, 101):
        one.broker.publish(event(CHANNEL, offset, b'"' + b"x" * 250_000 + b'"'))
    assert one.broker.link.publisher.counters.overflowed > 20
    await asyncio.sleep(MAX_AGE_SECONDS + 0.1)
    valkey.start()
    await hears_again(one, two)
    assert one.broker.link.publisher.counters.outdated > 20
    assert all(isinstance(message, Publication) and message.offset >= 1000 for message in two.received)


async def test_signals_are_dropped_before_events_while_redis_is_slow(valkey: Valkey, one: Node, two: Node) -> None:
    await two.broker.subscribe(CHANNEL)
    valkey.pause()
    for offset in range(1, 11):
        one.broker.publish(event(CHANNEL, offset, b'"' + b"x" * 200_000 + b'"'))
        for _ in range(500):
            one.broker.publish(Publication("signal:1", b'"' + b"y" * 2_000 + b'"'))
    counters = one.broker.link.publisher.counters
    assert (counters.overflowed, counters.signals_dropped > 4_000) == (0, True)
    assert one.broker.link.publisher.queued_bytes < 4_000_000
    valkey.resume()
    await becomes(lambda: two.received[-1:] == [event(CHANNEL, 10, b'"' + b"x" * 200_000 + b'"')], 5, what="all events")


async def test_reader_that_redis_cuts_off_for_its_backlog_comes_back(valkey: Valkey, one: Node, two: Node) -> None:
    await two.broker.subscribe(CHANNEL)
    with valkey.client() as client:
        client.config_set("client-output-buffer-limit", "pubsub 100kb 50kb 1")
    try:
        name = NAMES.of("channel", CHANNEL).decode()
        with valkey.client() as client:  # blocks the loop, so that nobody reads meanwhile
            while client.publish(name, b"x" * 200_000):  # how many read it; the system buffers some megabytes
                pass
        await becomes(lambda: two.broker.link.subscriber.connects > 1, 30, what="the reader is cut off")
        await hears_again(one, two)
    finally:
        with valkey.client() as client:
            client.config_set("client-output-buffer-limit", "pubsub 32mb 8mb 60")


async def test_ten_thousand_channels_leave_nothing_behind(valkey: Valkey, one: Node) -> None:
    process = psutil.Process()
    with valkey.client() as client:
        channels, descriptors, clients = len(client.pubsub_channels()), process.num_fds(), len(client.client_list())
        await subscribe_and_drop(one, 10_000)  # objects that are made once and kept are made here
        await becomes(lambda: len(client.pubsub_channels()) == channels, 20, what="all channels are given up")
        redis_bytes = client.info("memory")["used_memory"]
        with traced_memory():
            bytes_here = traced_bytes()
            for _ in range(3):
                await subscribe_and_drop(one, 10_000)
            await becomes(lambda: len(client.pubsub_channels()) == channels, 20, what="all channels are given up")
            assert traced_bytes() < bytes_here + 500_000
        assert process.num_fds() <= descriptors
        assert len(client.client_list()) == clients
        # 30,000 leaked channels would be 3 MB there, and here.
        await becomes(lambda: client.info("memory")["used_memory"] < redis_bytes + 500_000, 5, what="Redis is lean")


@contextmanager
def traced_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def traced_bytes() -> int:
    """The memory of Python objects made since tracing began."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def subscribe_and_drop(node: Node, count: int) -> None:
    async def subscribe(name: str) -> None:
        while not await node.broker.subscribe(name):  # not confirmed in time, on a busy machine  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    for first in range(0, count, 200):
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            for number in range(first, first + 200):
                tasks.create_task(subscribe(f"project:{number}"))
    for number in range(count):
        await node.broker.unsubscribe(f"project:{number}")
    await node.broker.subscribe(CHANNEL)
    await node.broker.unsubscribe(CHANNEL)


async def test_twenty_restarts_leave_no_descriptor_and_no_client_behind(valkey: Valkey, one: Node) -> None:
    await one.broker.subscribe(CHANNEL)
    process = psutil.Process()
    before = process.num_fds()
    for _ in range(20):
        valkey.stop()
        valkey.start()
        await is_whole(one)
    await becomes(lambda: process.num_fds() <= before, 5, what="descriptors are back")
    with valkey.client() as client:
        # Reader and publisher, besides the one that looks.
        await becomes(lambda: len(client.client_list()) == 3, 5, what="connections are back")
