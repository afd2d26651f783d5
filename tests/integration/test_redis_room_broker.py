"""The broker of rooms between two nodes: what is too big, what is lost, and what others put into Redis."""

import asyncio
import pickle
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import msgspec
import pytest

from roomful.link.envelopes import MAX_ENVELOPE_BYTES, Envelopes, Reason
from roomful.link.sealed_redis import SealedRedis
from roomful.link.sealing import Sealer
from roomful.link.starts import NO_START, START_BYTES, ReadStarts, Starts
from roomful.rooms.broker.port import AwarenessChanged, AwarenessQuery, RoomMessage, RowStored
from roomful.rooms.broker.redis import RedisRoomBroker
from roomful.rooms.protocol import awareness
from roomful.rooms.protocol.awareness import AwarenessEntry
from tests.support.brokers import KEY, NAMES, becomes, redis_link
from tests.support.room_brokers import Received
from tests.support.valkey import Valkey

DOCUMENT = "d1"
PLACE = NAMES.of("document", DOCUMENT)
ROW = RowStored(DOCUMENT, "0a1b2c3d", 7, b"\x01\x02")


@dataclass(frozen=True, slots=True)
class Node:
    link: SealedRedis
    broker: RedisRoomBroker
    received: Received


async def _node(valkey: Valkey, key: bytes = KEY) -> AsyncIterator[Node]:
    async with redis_link(valkey.url, key=key) as link:
        received = Received()
        yield Node(link, RedisRoomBroker(link, received.receive), received)


@pytest.fixture
async def one(valkey: Valkey) -> AsyncIterator[Node]:
    async for node in _node(valkey):
        yield node


@pytest.fixture
async def two(valkey: Valkey) -> AsyncIterator[Node]:
    async for node in _node(valkey):
        yield node


@pytest.fixture
async def stranger(valkey: Valkey) -> AsyncIterator[Node]:
    async for node in _node(valkey, b"the key of another installation"):
        yield node


async def test_row_too_big_to_be_sent_goes_without_its_update(one: Node, two: Node) -> None:
    await two.broker.subscribe(DOCUMENT)
    one.broker.publish(RowStored(DOCUMENT, "0a1b2c3d", 7, bytes(MAX_ENVELOPE_BYTES)))
    assert await two.received.take(1) == [RowStored(DOCUMENT, "0a1b2c3d", 7, b"")]


async def test_many_states_go_in_several_messages(one: Node, two: Node) -> None:
    await two.broker.subscribe(DOCUMENT)
    entries = [AwarenessEntry(client, 1, b'"' + b"x" * 60_000 + b'"') for client in range(20)]
    one.broker.publish(AwarenessChanged(DOCUMENT, "node-1", awareness.encode(entries)))
    one.broker.publish(ROW)
    await becomes(lambda: ROW in two.received.messages, 5, what="all of it has come")
    *changes, last = two.received.messages
    assert last == ROW
    assert len(changes) > 1
    found = [entry for change in changes for entry in awareness.decode(_states(change))]
    assert found == entries


def _states(message: RoomMessage) -> bytes:
    assert isinstance(message, AwarenessChanged)
    assert message.node == "node-1"
    return message.states


async def test_installations_that_share_a_redis_do_not_hear_each_other(one: Node, two: Node, stranger: Node) -> None:
    await two.broker.subscribe(DOCUMENT)
    await stranger.broker.subscribe(DOCUMENT)
    stranger.broker.publish(RowStored(DOCUMENT, "0a1b2c3d", 8, b"theirs"))
    one.broker.publish(ROW)
    assert await two.received.take(1) == [ROW]
    assert stranger.received.messages == []
    assert not two.link.counters.refused
    assert not stranger.link.counters.refused


async def test_what_a_node_sends_before_the_others_know_it_is_not_lost(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roomful.link.starts.SOONER_SECONDS", 0.5)
    starts = [b"a" * START_BYTES]

    def since(number: int) -> ReadStarts:
        async def read() -> Sequence[bytes]:
            return starts[number:]

        return read

    received = Received()
    async with redis_link(valkey.url, read_starts=since(0)) as one:
        await RedisRoomBroker(one, received.receive).subscribe(DOCUMENT)
        starts.append(b"b" * START_BYTES)
        async with redis_link(valkey.url, read_starts=since(1)) as two:
            RedisRoomBroker(two, Received().receive).publish(ROW)
            assert await received.take(1) == [ROW]
    assert not one.counters.refused


def sealed(content: bytes, *, key: bytes = KEY, place: bytes = PLACE) -> bytes:
    return Envelopes(key, starts=Starts(None)).seal(place, content)


def forgeries() -> dict[str, tuple[Reason, bytes]]:
    encode = msgspec.msgpack.encode
    row = encode(["row", DOCUMENT, "0a1b2c3d", 9, b"forged"])
    genuine = sealed(row)
    sealer = Sealer(KEY, purpose=b"presence")
    return {
        "nothing": ("foreign", b""),
        "pickle": ("foreign", pickle.dumps({"document": DOCUMENT})),
        "a row without seal": ("foreign", row + bytes(60)),
        "10 MB": ("malformed", bytes(10_000_000)),
        "sealed by another key": ("forged", sealed(row, key=b"another key")),
        "a row of another document": ("forged", sealed(row, place=NAMES.of("document", "d2"))),
        "what was said in a channel": ("forged", sealed(row, place=NAMES.of("channel", DOCUMENT))),
        "sealed for something else": ("forged", NO_START + sealer.seal(row, NO_START + PLACE)),
        "one byte changed": ("forged", genuine[:40] + bytes([genuine[40] ^ 1]) + genuine[41:]),
        "cut short": ("forged", genuine[:-1]),
        "a kind that no node knows": ("malformed", sealed(encode(["telegram", DOCUMENT]))),
        "a row that has no number": ("malformed", sealed(encode(["row", DOCUMENT, "0a1b2c3d", 0, b""]))),
        "an event of a channel": ("malformed", sealed(encode(["hint", "project:1", 7, "e"]))),
    }


@pytest.mark.parametrize("kind", forgeries())
async def test_what_no_node_of_ours_has_said_is_counted_and_ignored(
    valkey: Valkey, one: Node, two: Node, kind: str
) -> None:
    await two.broker.subscribe(DOCUMENT)
    reason, frame = forgeries()[kind]
    with valkey.client() as client:
        assert client.publish(PLACE.decode(), frame) == 1
    one.broker.publish(ROW)
    assert await two.received.take(1) == [ROW]
    assert two.link.counters.refused == {reason: 1}


@pytest.mark.parametrize("message", [ROW, AwarenessChanged(DOCUMENT, "node-1", b"\x00"), AwarenessQuery(DOCUMENT)])
async def test_nothing_is_taken_twice_and_nothing_can_be_read(
    valkey: Valkey, one: Node, two: Node, message: RoomMessage
) -> None:
    await two.broker.subscribe(DOCUMENT)
    await two.broker.subscribe("d2")
    with valkey.client() as client:
        listener = client.pubsub()
        listener.psubscribe("*document*")
        assert listener.get_message(timeout=5)["type"] == "psubscribe"
        one.broker.publish(message)
        assert await two.received.take(1) == [message]
        heard = listener.get_message(timeout=5)
        assert heard["channel"] == PLACE
        for secret in (DOCUMENT.encode(), b"node-1", b"0a1b2c3d"):
            assert secret not in heard["data"]
            assert secret not in heard["channel"].removeprefix(NAMES.prefix)
        client.publish(PLACE.decode(), heard["data"])
        client.publish(NAMES.of("document", "d2").decode(), heard["data"])
    one.broker.publish(RowStored(DOCUMENT, "0a1b2c3d", 99, b"last"))
    assert await two.received.take(1) == [RowStored(DOCUMENT, "0a1b2c3d", 99, b"last")]
    await becomes(lambda: two.link.counters.refused.total() == 2, 5, what="both copies have come")
    assert two.link.counters.refused == {"repeated": 1, "forged": 1}


async def test_both_engines_share_a_pair_of_connections(valkey: Valkey, one: Node) -> None:
    await one.broker.subscribe(DOCUMENT)
    await one.link.subscribe(NAMES.of("channel", "project:1"))
    with valkey.client() as client:
        ours = [each for each in client.client_list() if each["name"] == "roomful"]
    assert len(ours) == 2


async def test_outage_ends_continuity_and_the_document_is_heard_after_it(valkey: Valkey, one: Node, two: Node) -> None:
    await two.broker.subscribe(DOCUMENT)
    before = two.broker.continuity
    assert before is not None
    valkey.stop()
    await becomes(lambda: two.broker.continuity is None, 5, what="the outage is known")
    one.broker.publish(ROW)
    async with asyncio.timeout(0.1):
        assert not await two.broker.subscribe("d2")
    valkey.start()
    await becomes(lambda: two.broker.continuity not in (None, before), 10, what="messages come again")
    last = RowStored(DOCUMENT, "0a1b2c3d", 8, b"")

    def arrives() -> bool:
        one.broker.publish(last)
        return last in two.received.messages

    await becomes(arrives, 5, what="the document is heard")
    assert await two.broker.subscribe("d2")
