"""The guarantees of every broker of documents (server/roomful/rooms/broker/port.py)."""

from collections.abc import AsyncIterator

import pytest

from roomful.rooms.broker.port import AwarenessChanged, AwarenessQuery, RoomMessage, RowStored
from tests.support.room_brokers import BROKERS, BrokerCase

MESSAGES: list[RoomMessage] = [
    RowStored("d1", "0a1b2c3d", 7, b"\x01\x02\x00\xff"),
    RowStored("d1", "0a1b2c3d", 8, b""),
    AwarenessChanged("d1", "node-1", b"\x01\xe9\x07\x05\x02{}"),
    AwarenessQuery("d1"),
]
LAST = RowStored("d1", "0a1b2c3d", 99, b"last")


@pytest.fixture(params=BROKERS)
async def case(request: pytest.FixtureRequest) -> AsyncIterator[BrokerCase]:
    async with BROKERS[request.param](request) as case:
        yield case


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
async def test_message_reaches_the_other_node_as_it_was(case: BrokerCase, message: RoomMessage) -> None:
    assert await case.other.subscribe("d1")
    case.broker.publish(message)
    assert await case.others_received.take(1) == [message]


async def test_messages_arrive_in_order(case: BrokerCase) -> None:
    await case.other.subscribe("d1")
    sent: list[RoomMessage] = [RowStored("d1", "0a1b2c3d", number, b"x") for number in range(1, 200)]
    for message in sent:
        case.broker.publish(message)
    assert await case.others_received.take(len(sent)) == sent


async def test_sender_does_not_get_its_own(case: BrokerCase) -> None:
    await case.broker.subscribe("d1")
    await case.other.subscribe("d1")
    case.broker.publish(MESSAGES[0])
    case.other.publish(LAST)
    assert await case.received.take(1) == [LAST]
    assert await case.others_received.take(1) == [MESSAGES[0]]


async def test_documents_are_apart(case: BrokerCase) -> None:
    await case.other.subscribe("d1")
    case.broker.publish(AwarenessQuery("d2"))
    case.broker.publish(LAST)
    assert await case.others_received.take(1) == [LAST]


async def test_subscribing_is_idempotent(case: BrokerCase) -> None:
    assert await case.other.subscribe("d1")
    assert await case.other.subscribe("d1")
    case.broker.publish(MESSAGES[0])
    case.broker.publish(LAST)
    assert await case.others_received.take(2) == [MESSAGES[0], LAST]


async def test_unsubscribing_is_idempotent_and_can_be_taken_back(case: BrokerCase) -> None:
    await case.other.subscribe("d1")
    await case.other.subscribe("d2")
    await case.other.unsubscribe("d1")
    await case.other.unsubscribe("d1")
    case.broker.publish(MESSAGES[0])
    last_of_another = RowStored("d2", "0a1b2c3d", 1, b"")
    case.broker.publish(last_of_another)
    assert await case.others_received.take(1) == [last_of_another]
    assert await case.other.subscribe("d1")
    case.broker.publish(LAST)
    assert await case.others_received.take(1) == [LAST]


async def test_large_row_arrives_whole(case: BrokerCase) -> None:
    await case.other.subscribe("d1")
    message = RowStored("d1", "0a1b2c3d", 1, bytes(range(256)) * 800)
    case.broker.publish(message)
    assert await case.others_received.take(1) == [message]


async def test_working_broker_has_continuity(case: BrokerCase) -> None:
    assert case.broker.continuity is not None
    assert case.other.continuity is not None
