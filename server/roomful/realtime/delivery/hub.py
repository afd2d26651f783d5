"""This process's channels, kept level with the event log."""

import asyncio
import logging
import random
import time
from dataclasses import dataclass, field

from roomful.concurrency.batch_loader import BatchLoader
from roomful.concurrency.single_flight import SingleFlight
from roomful.concurrency.task_scope import TaskScope
from roomful.realtime.broker.port import Broker
from roomful.realtime.delivery.channel import Channel, ChannelCounters, Observe
from roomful.realtime.delivery.fanout import Fanout, FanoutCounters
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.delivery.write_scheduler import WriteScheduler
from roomful.realtime.history.port import (
    PAGE_BYTES,
    Expired,
    History,
    HistoryUnavailable,
    Page,
    UnknownChannel,
    fitting,
)
from roomful.realtime.protocol.codes import SERVER_UNSUBSCRIBE, Unsubscribe
from roomful.realtime.publication import Hint, Message, Position, Publication

logger = logging.getLogger(__name__)

PAGE = 200
RECONCILE_SECONDS = 0.5
RECONCILE_CHANNELS = 500
"""Channels asked about in one query."""
GAP_PATIENCE_SECONDS = 0.02
"""Two commits of one moment may be handed to the broker in the wrong order: the gap closes by itself."""
LINGER_SECONDS = 10.0
"""How long a channel without subscribers is kept up, so that a crowd that comes back finds its tail."""


@dataclass(frozen=True, slots=True)
class CatchUp:
    """What a subscriber missed, oldest first. Complete: it now stands where the channel's live subscribers stand."""

    publications: list[Publication]
    is_complete: bool
    position: Position


@dataclass(slots=True)
class HubCounters:
    channel: ChannelCounters = field(default_factory=ChannelCounters)
    fanout: FanoutCounters = field(default_factory=FanoutCounters)
    delivered_unasked: int = 0
    log_reads: int = 0
    repairs: int = 0
    resets: int = 0
    reconciles_failed: int = 0


class Hub:
    """Delivers what is published to this process's subscriptions: in order, each event once, none left out.

    The broker's messages are taken for hints. An event that is missing before another is read from the log at once;
    one that is missing at the end is found when every channel here is reconciled with the log's heads, twice a
    second (`run`).

    A subscription comes in three steps, and nothing may be awaited between the last two:

        hub.reserve(subscription)                    from now on it can be ended
        missed = await hub.catch_up(subscription, since, limit=…)
        …send what was missed…; hub.go_live(subscription)
    """

    def __init__(
        self, history: History, task_scope: TaskScope, *, tail_length: int = 512, batch_delay_seconds: float = 0.0
    ) -> None:
        self._history = history
        self._task_scope = task_scope
        self._observers: list[Observe] = []
        self._tail_length = tail_length
        self._channels: dict[str, Channel] = {}
        self._pinned: set[str] = set()
        self._scheduler = WriteScheduler(delay_seconds=batch_delay_seconds)
        self._shared = SingleFlight(task_scope)
        self._heads = BatchLoader(task_scope, history.heads, most=RECONCILE_CHANNELS)
        self._broker: Broker | None = None
        self.counters = HubCounters()

    def connect(self, broker: Broker) -> None:
        """Name the broker that will call `dispatch`; once, before anything else."""
        self._broker = broker

    def observe(self, observer: Observe) -> None:
        """Show an observer each event just before it is delivered; it may end subscriptions, and must not fail."""
        self._observers.append(observer)

    @property
    def channel_count(self) -> int:
        return len(self._channels)

    @property
    def subscription_count(self) -> int:
        return sum(len(channel.subscriptions) for channel in self._channels.values())

    def dispatch(self, message: Message | Hint) -> None:
        """Deliver a message that the broker brought. Never waits."""
        channel = self._channels.get(message.channel)
        if channel is None:
            self.counters.delivered_unasked += 1
        elif not channel.take(message):
            self._mend(channel)

    # Subscribing

    def reserve(self, subscription: Subscription) -> None:
        """Enter a joining subscription. Never waits."""
        channel = self._need(subscription.channel, is_sequenced=subscription.rules.is_recoverable)
        channel.subscriptions.add(subscription)
        subscription.channel = channel.name  # one text for all who have it
        if subscription.guard is not None:
            self._need(subscription.guard, is_sequenced=True).guarded += 1

    def is_followed(self, subscription: Subscription) -> bool:
        """Whether every event that could end this subscription's access would be observed here, from now on."""
        return self._channels[subscription.guard or subscription.channel].is_open

    async def follow(self, subscription: Subscription) -> Position:
        """Wait until a reserved subscription's channel, and its guard, are level with the log, and say where that is.

        Raises UnknownChannel, HistoryUnavailable.
        """
        if subscription.guard is not None:
            await self.open(subscription.guard)
        return await self.open(subscription.channel)

    async def open(self, name: str) -> Position:
        """Wait until a channel that is needed here is level with the log, and say where that is.

        A channel that is not sequenced stands at no position. Raises UnknownChannel, also when nobody needs it any
        more, and HistoryUnavailable.
        """
        channel = self._channels.get(name)
        if channel is None:
            raise UnknownChannel(name)
        if not channel.is_open:
            await self._shared.call(("open", name), lambda: self._open(channel))
        return channel.position or Position("", 0)

    async def head(self, name: str) -> Position:
        """Where a recoverable channel stands: here, where it is followed, else in the log.

        Raises UnknownChannel, HistoryUnavailable.
        """
        position = self.position(name) or await self._heads.call(name)
        if position is None:
            raise UnknownChannel(name)
        return position

    async def catch_up(self, name: str, since: Position, *, limit: int, max_bytes: int = PAGE_BYTES) -> CatchUp:
        """The events after a position, of an open channel: `limit` at most, and what fits into `max_bytes`.

        The first one is given whatever its size. An empty epoch stands for any.
        When it returns complete, the caller may `go_live` before its next await, and misses nothing. Raises Expired
        when the events can't be served without a hole, HistoryUnavailable.
        """
        channel = self._channels[name]
        if since.epoch and since.epoch != _position(channel).epoch:
            raise Expired(name)
        if since.offset > _position(channel).offset:
            await self._level(channel)  # it may have been served by a process that is ahead of this one
            if since.offset > _position(channel).offset:
                raise Expired(name)
        found: list[Publication] = []
        after, room = since.offset, max_bytes
        while (rest := channel.missed(after)) is None and len(found) < limit and room > 0:
            page = await self._read(channel, after, min(PAGE, limit - len(found)))
            if not page.publications:
                raise Expired(name)
            found += page.publications
            after += len(page.publications)
            room -= sum(len(publication.data) for publication in page.publications)
        found += rest or []
        given = fitting(found[:limit], max_bytes)
        return CatchUp(given, rest is not None and len(given) == len(found), _position(channel))

    def go_live(self, subscription: Subscription) -> None:
        """Deliver to a subscription that stands where the channel stands. Never waits."""
        assert subscription.state == "joining"
        subscription.state = "live"
        channel = self._channels[subscription.channel]
        channel.fanout.join(subscription, subscription.wire, subscription.outlet)

    def leave(self, subscription: Subscription) -> None:
        """Take a subscription out, by its own session's wish. Idempotent; nothing is delivered to it afterwards."""
        if subscription.has_ended:
            return
        was_live, subscription.state = subscription.is_live, "ended"
        channel = self._channels[subscription.channel]
        if was_live:
            channel.fanout.leave(subscription, subscription.wire)
        channel.subscriptions.discard(subscription)
        self._may_idle(channel)
        if subscription.guard is not None:
            guard = self._channels[subscription.guard]
            guard.guarded -= 1
            self._may_idle(guard)

    # What the server decides

    def end(self, subscription: Subscription, reason: Unsubscribe) -> None:
        """End a subscription, joining or live, and tell the session of a live one. Idempotent; never waits."""
        was_live = subscription.is_live
        if not subscription.has_ended:
            subscription.ended_by = reason
        self.leave(subscription)
        if was_live:
            subscription.owner.subscription_ended(subscription, reason)

    def subscriptions(self, name: str, *, user: str | None = None) -> list[Subscription]:
        """Those of a channel, joining ones too; or one person's of them."""
        channel = self._channels.get(name)
        if channel is None:
            return []
        return [each for each in channel.subscriptions if user is None or each.client.user == user]

    def position(self, name: str) -> Position | None:
        """Where a channel's live subscribers stand; None when it is not sequenced, or not open."""
        channel = self._channels.get(name)
        return channel.position if channel is not None else None

    def tail(self, name: str, after: int) -> list[Publication] | None:
        """The events above an offset from memory; None when it does not reach back so far."""
        channel = self._channels.get(name)
        return channel.missed(after) if channel is not None else None

    def flush(self, name: str) -> None:
        """Write out what a channel's live subscriptions were given in this turn of the loop, now."""
        if (channel := self._channels.get(name)) is not None:
            channel.fanout.flush()

    async def pin(self, name: str) -> None:
        """Follow a channel for the server's own sake, so that its events are observed. Raises as `open` does."""
        self._pinned.add(name)
        self._need(name, is_sequenced=True)
        await self.open(name)

    # Keeping level with the log

    async def run(self) -> None:
        """Reconcile for ever: find lost last events, and give up channels that nobody wants any more."""
        was_out = False
        while True:
            await asyncio.sleep(RECONCILE_SECONDS)
            try:
                await self._reconcile()
            except HistoryUnavailable as error:
                self.counters.reconciles_failed += 1
                if not was_out:
                    logger.warning("the event log can't be read", extra={"reason": str(error)})
                was_out = True
            else:
                if was_out:
                    logger.info("the event log can be read again")
                was_out = False
            self._close_idle()

    async def _reconcile(self) -> None:
        known = {channel.name: channel.position for channel in self._channels.values() if channel.position is not None}
        names = list(known)
        for start in range(0, len(names), RECONCILE_CHANNELS):
            part = names[start : start + RECONCILE_CHANNELS]
            heads = await self._history.heads(part)
            for name in part:
                channel = self._channels.get(name)
                if channel is not None and channel.position is not None:
                    self._compare(channel, channel.position, heads.get(name), known[name])

    def _compare(self, channel: Channel, position: Position, head: Position | None, known: Position) -> None:
        """Mend a channel that still lacks, half a second later, what `run` has seen: it won't come by itself.

        `known` is where the channel stood when the head was asked for. A head below it was rolled back.
        """
        before, channel.swept_head = channel.swept_head, head
        if head is not None and head.epoch == known.epoch and head.offset < known.offset:
            channel.doubted = channel.doubted or channel.delivered(known.offset)
            self._mend(channel)
        if head is None or head.epoch != position.epoch or (before is not None and before.offset > position.offset):
            self._mend(channel)

    def _close_idle(self) -> None:
        now = time.monotonic()
        for channel in list(self._channels.values()):
            if channel.is_wanted or channel.name in self._pinned or now - channel.idle_since < LINGER_SECONDS:
                continue
            del self._channels[channel.name]
            self._task_scope.spawn(self._known_broker().unsubscribe(channel.name))

    def _need(self, name: str, *, is_sequenced: bool) -> Channel:
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel(
                name,
                is_sequenced=is_sequenced,
                tail_length=self._tail_length,
                observe=self._show,
                counters=self.counters.channel,
                fanout=Fanout(self._scheduler, self.counters.fanout),
            )
        return channel

    def _may_idle(self, channel: Channel) -> None:
        """Nobody may want the channel any more: let it linger, or forget a name that somebody only tried."""
        if channel.is_wanted or channel.name in self._pinned:
            return
        channel.idle_since = time.monotonic()
        if not channel.is_asked_for:
            del self._channels[channel.name]

    def _show(self, publication: Publication) -> None:
        for observer in self._observers:
            observer(publication)

    async def _open(self, channel: Channel) -> None:
        # Subscribed first: what is published from now on arrives or leaves a gap; what was published before is
        # in the head.
        channel.is_asked_for = True
        await self._known_broker().subscribe(channel.name)
        if channel.is_sequenced:
            head = await self._heads.call(channel.name)
            if head is None:
                raise UnknownChannel(channel.name)
            channel.start_at(head)
        channel.is_open = True

    def _mend(self, channel: Channel) -> None:
        if channel.repair is None and channel.position is not None:
            self.counters.repairs += 1
            channel.repair = self._task_scope.spawn(self._repair(channel))

    async def _repair(self, channel: Channel) -> None:
        """Bring a channel level with the log, however long the log is out of reach."""
        try:
            await asyncio.sleep(GAP_PATIENCE_SECONDS)
            delay = 0.05
            while self._channels.get(channel.name) is channel:
                try:
                    if channel.doubted:
                        await self._renew_if_lost(channel)
                    await self._level(channel)
                    channel.drop_held()  # what still waits for an event that the log does not have is none of ours
                    return
                except (Expired, UnknownChannel):
                    if await self._reset(channel):
                        return
                except HistoryUnavailable:
                    pass
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
                delay = min(delay * 2, 1.0)
        finally:
            channel.repair = None

    async def _level(self, channel: Channel) -> None:
        """Read everything above the channel's position. Raises Expired, UnknownChannel, HistoryUnavailable."""
        while True:
            page = await self._read(channel, _position(channel).offset, PAGE)
            if _position(channel).offset >= page.head.offset:
                return

    async def _read(self, channel: Channel, after: int, limit: int) -> Page:
        """One shared read of the log. Live subscribers get of it what they have not had yet."""

        async def read() -> Page:
            self.counters.log_reads += 1
            return await self._history.read(channel.name, after, limit=limit)

        page = await self._shared.call((channel.name, after, limit), read)
        position = _position(channel)
        if page.head.epoch != position.epoch:
            self._mend(channel)
            raise Expired(channel.name)
        for publication in page.publications:
            if publication.offset > position.offset:
                channel.take(publication)
        return page

    async def _reset(self, channel: Channel) -> bool:
        """The log's stream is not the one we followed: say so to every subscriber, and follow the new one.

        False: the log is out of reach, so nobody knows where it stands.
        """
        try:
            await self._renew_if_lost(channel)
            head = (await self._history.heads([channel.name])).get(channel.name)
        except HistoryUnavailable:
            return False
        self.counters.resets += 1
        logger.warning("a channel's history was replaced", extra={"channel": channel.name})
        channel.fanout.flush()
        if head is None:
            for subscription in list(channel.subscriptions):
                self.end(subscription, SERVER_UNSUBSCRIBE)
            channel.forget()
            return True
        channel.start_at(head)
        for subscription in channel.live():
            subscription.owner.subscription_reset(subscription, head)
        return True

    async def _renew_if_lost(self, channel: Channel) -> None:
        """Have the history compared with what was delivered. Where it was rolled back, the channel's epoch ends."""
        if channel.position is not None:
            delivered = channel.doubted or channel.delivered(channel.position.offset)
            await self._history.renew_if_lost(channel.name, *delivered)
            channel.doubted = None

    def _known_broker(self) -> Broker:
        assert self._broker is not None, "connect() comes first"
        return self._broker


def _position(channel: Channel) -> Position:
    assert channel.position is not None, "open() comes first"
    return channel.position
