"""The hub: delivers publications to this process's subscriptions, and keeps its channels level with the event log."""

import asyncio
from dataclasses import dataclass

from roomful.concurrency.batch_loader import BatchLoader
from roomful.concurrency.single_flight import SingleFlight
from roomful.concurrency.task_scope import TaskScope
from roomful.realtime.broker.port import Broker
from roomful.realtime.delivery.channel import Channel, Observe
from roomful.realtime.delivery.channels import Channels
from roomful.realtime.delivery.counters import HubCounters
from roomful.realtime.delivery.reconciler import RECONCILE_CHANNELS, RECONCILE_SECONDS, Reconciler
from roomful.realtime.delivery.repairs import PAGE, Repairs
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.history.port import PAGE_BYTES, Expired, History, UnknownChannel, fitting
from roomful.realtime.protocol.codes import Unsubscribe
from roomful.realtime.publication import Hint, Message, Position, Publication


@dataclass(frozen=True, slots=True)
class CatchUp:
    """The publications that a subscriber missed, oldest first. If complete, it is level with the live subscribers."""

    publications: list[Publication]
    is_complete: bool
    position: Position


class Hub:
    """Delivers publications to this process's subscriptions: in order, each event once, none left out.

    The broker's messages are only hints. An event that is missing before another is read from the log at once
    (`Repairs`). One that is missing at the end is found when all channels are reconciled with the log's heads, twice a
    second (`Reconciler`).

    A subscription comes in three steps, and nothing may be awaited between the last two:

        hub.reserve(subscription)                    from now on it can be ended
        missed = await hub.catch_up(subscription, since, limit=…)
        …send what was missed…; hub.go_live(subscription)
    """

    def __init__(
        self,
        history: History,
        broker: Broker,
        task_scope: TaskScope,
        *,
        tail_length: int = 512,
        batch_delay_seconds: float = 0.0,
    ) -> None:
        self._broker = broker
        self._task_scope = task_scope
        self.counters = HubCounters()
        self._channels = Channels(self.counters, tail_length=tail_length, batch_delay_seconds=batch_delay_seconds)
        self._repairs = Repairs(history, self._channels, task_scope, self.counters)
        self._reconciler = Reconciler(history, self._channels, self._repairs, self.counters)
        self._opening = SingleFlight(task_scope)
        self._heads = BatchLoader(task_scope, history.heads, most=RECONCILE_CHANNELS)

    def dispatch(self, message: Message | Hint) -> None:
        """Deliver a message of the broker. Never waits."""
        channel = self._channels.by_name.get(message.channel)
        if channel is not None and not channel.deliver(message):
            self._repairs.begin(channel)

    def observe(self, observer: Observe) -> None:
        """Show an observer each event just before it is delivered. It may end subscriptions, and must not fail."""
        self._channels.observe(observer)

    async def run(self) -> None:
        """Reconcile for ever, and give up unused channels."""
        while True:
            await asyncio.sleep(RECONCILE_SECONDS)
            await self.reconcile()
            for channel in self._channels.pop_idle():
                self._task_scope.spawn(self._broker.unsubscribe(channel.name))

    async def reconcile(self) -> None:
        """Compare all channels with the log once, and begin the repairs of those that differ."""
        await self._reconciler.reconcile()

    # Subscribing

    def reserve(self, subscription: Subscription) -> None:
        """Enter a joining subscription. Never waits."""
        self._channels.reserve(subscription)

    def is_followed(self, subscription: Subscription) -> bool:
        """Whether this node will observe every event that could end the subscription's access."""
        channel = self._channels.by_name.get(subscription.guard or subscription.channel)
        return channel is not None and channel.is_open

    async def follow(self, subscription: Subscription) -> Position:
        """Wait until a reserved subscription's channel and its guard are level with the log; the channel's position.

        Raises UnknownChannel, HistoryUnavailable.
        """
        if subscription.guard is not None:
            await self.open(subscription.guard)
        return await self.open(subscription.channel)

    async def open(self, name: str) -> Position:
        """Wait until a channel that is in use here is level with the log, and return its position.

        The position is empty for a channel that is not recoverable. Raises UnknownChannel, also for a channel that is
        not in use, and HistoryUnavailable.
        """
        channel = self._channels.by_name.get(name)
        if channel is None:
            raise UnknownChannel(name)
        if not channel.is_open:
            await self._opening.call(name, lambda: self._open(channel))
        return channel.position or Position("", 0)

    async def catch_up(self, name: str, since: Position, *, limit: int, max_bytes: int = PAGE_BYTES) -> CatchUp:
        """The events after a position of an open channel: at most `limit`, and `max_bytes` unless the first is larger.

        An empty epoch stands for any. After a complete result the caller may `go_live` before its next await, and
        misses nothing. Raises Expired when the events can't be served without a hole, HistoryUnavailable, and
        UnknownChannel when the channel was given up meanwhile, since its subscriber has left.
        """
        channel = self._channels.by_name.get(name)
        if channel is None:
            raise UnknownChannel(name)
        if since.epoch and since.epoch != channel.known_position.epoch:
            raise Expired(name)
        if since.offset > channel.known_position.offset:
            await self._repairs.level(channel)  # a process that is ahead of this one may have served the client
            if since.offset > channel.known_position.offset:
                raise Expired(name)
        found: list[Publication] = []
        after, room = since.offset, max_bytes
        while (rest := channel.missed(after)) is None and len(found) < limit and room > 0:
            page = await self._repairs.read(channel, after, min(PAGE, limit - len(found)))
            if not page.publications:
                raise Expired(name)
            found += page.publications
            after += len(page.publications)
            room -= sum(len(publication.data) for publication in page.publications)
        found += rest or []
        given = fitting(found[:limit], max_bytes)
        return CatchUp(given, rest is not None and len(given) == len(found), channel.known_position)

    def go_live(self, subscription: Subscription) -> None:
        """Deliver to a subscription that is level with its channel. Never waits."""
        self._channels.go_live(subscription)

    def leave(self, subscription: Subscription) -> None:
        """Remove a subscription on its session's request. Idempotent; nothing is delivered to it afterwards."""
        self._channels.leave(subscription)

    def end(self, subscription: Subscription, reason: Unsubscribe) -> None:
        """End a joining or live subscription, and tell the session of a live one. Idempotent; never waits."""
        self._channels.end(subscription, reason)

    # Channels

    async def pin(self, name: str) -> None:
        """Follow a channel without subscriptions, so that its events are observed. Raises as `open` does."""
        self._channels.pin(name)
        await self.open(name)

    def unpin(self, name: str) -> None:
        """End what `pin` began, even if that failed. Idempotent; never waits."""
        self._channels.unpin(name)

    async def head(self, name: str) -> Position:
        """The position of a recoverable channel: this process's if it follows the channel, otherwise the log's.

        Raises UnknownChannel, HistoryUnavailable.
        """
        position = self.position(name) or await self._heads.call(name)
        if position is None:
            raise UnknownChannel(name)
        return position

    def position(self, name: str) -> Position | None:
        """The position of a channel's live subscribers. None if it is not recoverable, or not open."""
        channel = self._channels.by_name.get(name)
        return channel.position if channel is not None else None

    def tail(self, name: str, after: int) -> list[Publication] | None:
        """The events above an offset, from memory. None if memory does not reach back so far."""
        channel = self._channels.by_name.get(name)
        return channel.missed(after) if channel is not None else None

    def subscriptions(self, name: str, *, user: str | None = None) -> list[Subscription]:
        """The subscriptions of a channel, joining ones too; or one person's."""
        channel = self._channels.by_name.get(name)
        if channel is None:
            return []
        return [each for each in channel.subscriptions if user is None or each.client.user == user]

    def flush(self, name: str) -> None:
        """Write now what this turn of the loop has brought for a channel's live subscriptions."""
        if (channel := self._channels.by_name.get(name)) is not None:
            channel.fanout.flush()

    @property
    def channel_count(self) -> int:
        return len(self._channels.by_name)

    @property
    def subscription_count(self) -> int:
        return sum(len(channel.subscriptions) for channel in self._channels)

    async def _open(self, channel: Channel) -> None:
        # Subscribed first: what is published from now on arrives or leaves a gap, and the head has everything before.
        channel.is_asked_for = True
        await self._broker.subscribe(channel.name)
        if channel.is_sequenced:
            head = await self._heads.call(channel.name)
            if head is None:
                raise UnknownChannel(channel.name)
            channel.start_at(head)
        channel.is_open = True
