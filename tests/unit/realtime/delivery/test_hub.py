"""The hub, between a log and a broker that the test controls."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TypeVar

import pytest

from roomful.concurrency.task_scope import TaskScope
from roomful.realtime.broker.port import BrokerFigures
from roomful.realtime.delivery.hub import Hub
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.delivery.wire import PlainWire
from roomful.realtime.history.memory import MemoryHistory
from roomful.realtime.history.port import Page, UnknownChannel
from roomful.realtime.policy import Rules
from roomful.realtime.protocol.codes import Unsubscribe
from roomful.realtime.protocol.formats import PLAIN
from roomful.realtime.publication import ClientInfo, Message, NodeMessage, Position
from tests.support.engine import ListTransport

CHANNEL = "project:1"

T = TypeVar("T")


class PickyBroker:
    """Delivers subscribed channels only."""

    figures: BrokerFigures | None = None

    hub: Hub

    def __init__(self) -> None:
        self.channels: set[str] = set()

    def publish(self, message: Message | NodeMessage) -> None:
        if message.channel in self.channels:
            assert not isinstance(message, NodeMessage)
            self.hub.dispatch(message)

    async def subscribe(self, channel: str) -> bool:
        self.channels.add(channel)
        return True

    async def unsubscribe(self, channel: str) -> None:
        self.channels.discard(channel)

    @property
    def continuity(self) -> int:
        return 0

    def is_live(self, node: str) -> bool:
        return False

    async def is_healthy(self) -> bool:
        return True


class SlowHistory:
    """It reads at once, and returns when `gate` is opened."""

    def __init__(self, history: MemoryHistory) -> None:
        self._history = history
        self.gate = asyncio.Event()
        self.questions = 0

    async def read(self, channel: str, after: int | None, *, limit: int) -> Page:
        return await self._answer(await self._history.read(channel, after, limit=limit))

    async def read_back(self, channel: str, before: int | None, *, limit: int) -> Page:
        return await self._history.read_back(channel, before, limit=limit)

    async def heads(self, channels: Sequence[str]) -> Mapping[str, Position]:
        return await self._answer(await self._history.heads(channels))

    async def renew_if_lost(self, channel: str, delivered: Position, data: bytes | None) -> None:
        await self._history.renew_if_lost(channel, delivered, data)

    async def _answer(self, answer: T) -> T:
        self.questions += 1
        await self.gate.wait()
        return answer


class Indifferent:
    """Ignores the end of its subscriptions."""

    def subscription_ended(self, _subscription: Subscription, _reason: Unsubscribe) -> None: ...
    def subscription_reset(self, _subscription: Subscription, _position: Position) -> None: ...


def reader(transport: ListTransport) -> Subscription:
    return Subscription(
        CHANNEL,
        ClientInfo("c", "u"),
        Rules(is_recoverable=True),
        wire=PlainWire(PLAIN, ListTransport.framing),
        outlet=transport,
        owner=Indifferent(),
    )


async def test_event_published_while_the_head_is_read_is_not_lost() -> None:
    memory = MemoryHistory()
    memory.open(CHANNEL)
    history, transport = SlowHistory(memory), ListTransport()
    async with TaskScope("hub") as task_scope:
        broker = PickyBroker()
        hub = Hub(history, broker, task_scope)
        broker.hub = hub
        subscription = reader(transport)
        hub.reserve(subscription)

        async def follow() -> None:
            await hub.follow(subscription)
            hub.go_live(subscription)

        following = task_scope.spawn(follow())
        async with asyncio.timeout(3):
            while not history.questions:  # noqa: ASYNC110 - polled: plain state
                await asyncio.sleep(0)
            broker.publish(memory.append(CHANNEL, b"1"))
            history.gate.set()
            await following
        broker.publish(memory.append(CHANNEL, b"2"))
        hub.flush(CHANNEL)
        assert transport.take() == [2]  # without `since`, the first is past
        assert hub.position(CHANNEL) == Position(memory.open(CHANNEL).epoch, 2)
        assert hub.counters.log_reads == 0


async def test_crowd_that_missed_more_than_the_tail_shares_one_read() -> None:
    memory = MemoryHistory()
    epoch = memory.open(CHANNEL).epoch
    for number in range(1, 31):
        memory.append(CHANNEL, b"%d" % number)
    history = SlowHistory(memory)
    history.gate.set()
    async with TaskScope("hub") as task_scope:
        hub = Hub(history, PickyBroker(), task_scope, tail_length=4)
        subscriptions = [reader(ListTransport()) for _ in range(50)]
        for subscription in subscriptions:
            hub.reserve(subscription)
        await hub.open(CHANNEL)
        async with asyncio.TaskGroup() as group:
            found = [group.create_task(hub.catch_up(CHANNEL, Position(epoch, 3), limit=100)) for _ in subscriptions]
        assert all([each.offset for each in task.result().publications] == list(range(4, 31)) for task in found)
        assert all(task.result().is_complete for task in found)
        assert hub.counters.log_reads == 1


async def test_limit_holds_in_memory_too() -> None:
    memory = MemoryHistory()
    epoch = memory.open(CHANNEL).epoch
    history = SlowHistory(memory)
    history.gate.set()
    async with TaskScope("hub") as task_scope:
        broker = PickyBroker()
        hub = Hub(history, broker, task_scope)
        broker.hub = hub
        hub.reserve(reader(ListTransport()))
        await hub.open(CHANNEL)
        for number in range(1, 11):
            broker.publish(memory.append(CHANNEL, b"%d" % number))
        part = await hub.catch_up(CHANNEL, Position(epoch, 3), limit=4)
        assert [each.offset for each in part.publications] == [4, 5, 6, 7]
        assert not part.is_complete
        rest = await hub.catch_up(CHANNEL, Position(epoch, 7), limit=4)
        assert [each.offset for each in rest.publications] == [8, 9, 10]
        assert rest.is_complete
        assert hub.counters.log_reads == 0


async def test_bytes_are_bounded_too_in_memory_and_from_the_log() -> None:
    memory = MemoryHistory()
    epoch = memory.open(CHANNEL).epoch
    history = SlowHistory(memory)
    history.gate.set()
    async with TaskScope("hub") as task_scope:
        broker = PickyBroker()
        hub = Hub(history, broker, task_scope, tail_length=5)
        broker.hub = hub
        hub.reserve(reader(ListTransport()))
        await hub.open(CHANNEL)
        for number in range(1, 11):
            broker.publish(memory.append(CHANNEL, b"%020d" % number))

        async def caught_up(after: int, max_bytes: int) -> tuple[list[int], bool]:
            found = await hub.catch_up(CHANNEL, Position(epoch, after), limit=100, max_bytes=max_bytes)
            return [each.offset for each in found.publications], found.is_complete

        assert await caught_up(0, 70) == ([1, 2, 3], False)
        assert await caught_up(6, 70) == ([7, 8, 9], False)
        assert await caught_up(6, 10) == ([7], False)
        assert await caught_up(7, 70) == ([8, 9, 10], True)
        assert await caught_up(3, 140) == ([4, 5, 6, 7, 8, 9, 10], True)


async def test_pinned_channel_is_followed_until_it_is_unpinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roomful.realtime.delivery.channels.LINGER_SECONDS", 0.0)
    monkeypatch.setattr("roomful.realtime.delivery.hub.RECONCILE_SECONDS", 0.01)
    memory, observed = MemoryHistory(), list[int]()
    memory.open(CHANNEL)
    async with TaskScope("hub") as task_scope:
        broker = PickyBroker()
        broker.hub = hub = Hub(memory, broker, task_scope)
        hub.observe(lambda publication: observed.append(publication.offset))
        task_scope.spawn(hub.run())
        await hub.pin(CHANNEL)
        broker.publish(memory.append(CHANNEL, b"1"))
        memory.append(CHANNEL, b"2")  # and nobody is told
        async with asyncio.timeout(3):
            while observed != [1, 2]:  # noqa: ASYNC110 - polled: plain state
                await asyncio.sleep(0)
        hub.unpin(CHANNEL)
        hub.unpin(CHANNEL)
        async with asyncio.timeout(3):
            while broker.channels:  # noqa: ASYNC110 - polled: plain state
                await asyncio.sleep(0.01)
        with pytest.raises(UnknownChannel):
            await hub.pin("project:none")
        hub.unpin("project:none")
        async with asyncio.timeout(3):
            while hub.channel_count:  # noqa: ASYNC110 - polled: plain state
                await asyncio.sleep(0.01)
