"""The guarantees of every broker (server/roomful/realtime/broker/port.py)."""

from collections.abc import AsyncIterator

import pytest

from roomful.realtime.broker.port import Broker
from roomful.realtime.publication import ClientInfo, Join, Leave, Message, Publication
from tests.support.brokers import BrokerNode, memory_node, redis_node
from tests.support.valkey import Valkey

CHANNEL = "project:1"
ADA = ClientInfo("c-1", "u-ada", b'{"name":"Ada"}')

MESSAGES: list[Message] = [
    Publication(CHANNEL, b'{"a": 1,  "b":"\xc3\xa9"}', 7, "e1", "task.created"),
    Publication(CHANNEL, b'{"x":1}', info=ADA),
    Join(CHANNEL, ADA),
    Leave(CHANNEL, ClientInfo("c-2", "u-bob")),
]


Node = BrokerNode[Broker]


@pytest.fixture(params=["memory", "redis"])
async def node(request: pytest.FixtureRequest) -> AsyncIterator[Node]:
    if request.param == "memory":
        yield memory_node()
    else:
        valkey: Valkey = request.getfixturevalue("valkey")
        async with redis_node(valkey.url) as node:
            yield node


@pytest.mark.parametrize("message", MESSAGES)
async def test_own_message_is_received_before_publish_returns(node: Node, message: Message) -> None:
    await node.broker.subscribe(CHANNEL)
    node.broker.publish(message)
    assert node.received == [message]


async def test_own_messages_are_received_in_order_and_once(node: Node) -> None:
    await node.broker.subscribe(CHANNEL)
    sent = [Publication(CHANNEL, b"{}", offset, "e") for offset in range(1, 200)]
    for publication in sent:
        node.broker.publish(publication)
    assert node.received == sent
    assert await node.broker.is_healthy()  # a copy by another way would have arrived by now
    assert node.received == sent


async def test_channels_are_separate(node: Node) -> None:
    await node.broker.subscribe(CHANNEL)
    await node.broker.subscribe("project:2")
    node.broker.publish(Publication("project:2", b"{}", 1, "e"))
    assert [message.channel for message in node.received] == ["project:2"]


async def test_subscribing_is_idempotent(node: Node) -> None:
    assert await node.broker.subscribe(CHANNEL)
    assert await node.broker.subscribe(CHANNEL)
    node.broker.publish(MESSAGES[0])
    assert node.received == [MESSAGES[0]]


async def test_unsubscribing_is_idempotent_and_reversible(node: Node) -> None:
    await node.broker.unsubscribe(CHANNEL)
    await node.broker.subscribe(CHANNEL)
    await node.broker.unsubscribe(CHANNEL)
    await node.broker.unsubscribe(CHANNEL)
    assert await node.broker.subscribe(CHANNEL)
    node.broker.publish(MESSAGES[0])
    assert node.received == [MESSAGES[0]]


async def test_large_message_arrives_whole(node: Node) -> None:
    await node.broker.subscribe(CHANNEL)
    publication = Publication(CHANNEL, b'"' + b"x" * 1_000_000 + b'"', 1, "e")
    node.broker.publish(publication)
    assert node.received == [publication]


async def test_working_broker_is_healthy(node: Node) -> None:
    assert await node.broker.is_healthy()
    assert node.broker.continuity is not None
