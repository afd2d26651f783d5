"""The channels that this process follows, with the subscriptions to them."""

import time
from collections.abc import Iterator, Mapping

from roomful.realtime.delivery.channel import Channel, Observe
from roomful.realtime.delivery.counters import HubCounters
from roomful.realtime.delivery.fanout import Fanout
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.delivery.write_scheduler import WriteScheduler
from roomful.realtime.protocol.codes import Unsubscribe
from roomful.realtime.publication import Publication

LINGER_SECONDS = 10.0
"""How long an unused channel is still followed, so that returning clients find its tail in memory."""


class Channels:
    """Makes a channel when it is first needed, and gives it up when nobody has used it for a while. Never waits."""

    def __init__(self, counters: HubCounters, *, tail_length: int, batch_delay_seconds: float) -> None:
        self._counters = counters
        self._tail_length = tail_length
        self._scheduler = WriteScheduler(delay_seconds=batch_delay_seconds)
        self._channels: dict[str, Channel] = {}
        self._pinned: set[str] = set()
        self._observers: list[Observe] = []
        self.by_name: Mapping[str, Channel] = self._channels

    def __iter__(self) -> Iterator[Channel]:
        """Over a copy: channels may be made and given up meanwhile."""
        return iter(list(self._channels.values()))

    def has(self, channel: Channel) -> bool:
        """Whether this channel has not been given up."""
        return self._channels.get(channel.name) is channel

    def observe(self, observer: Observe) -> None:
        """Show an observer each event just before it is delivered. It may end subscriptions, and must not fail."""
        self._observers.append(observer)

    def pin(self, name: str) -> None:
        """Follow a recoverable channel without subscriptions."""
        self._pinned.add(name)
        self._need(name, is_sequenced=True)

    def unpin(self, name: str) -> None:
        """Idempotent."""
        if name in self._pinned:
            self._pinned.discard(name)
            self._idle(self._channels[name])

    # Subscriptions

    def reserve(self, subscription: Subscription) -> None:
        """Enter a joining subscription."""
        channel = self._need(subscription.channel, is_sequenced=subscription.rules.is_recoverable)
        channel.subscriptions.add(subscription)
        subscription.channel = channel.name  # one string for all its subscriptions
        if subscription.guard is not None:
            self._need(subscription.guard, is_sequenced=True).guarded += 1

    def go_live(self, subscription: Subscription) -> None:
        """Deliver to a joining subscription from now on."""
        assert subscription.state == "joining"
        subscription.state = "live"
        channel = self._channels[subscription.channel]
        channel.fanout.join(subscription, subscription.wire, subscription.outlet)

    def leave(self, subscription: Subscription) -> None:
        """Remove a subscription. Idempotent; nothing is delivered to it afterwards."""
        if subscription.has_ended:
            return
        was_live, subscription.state = subscription.is_live, "ended"
        channel = self._channels[subscription.channel]
        if was_live:
            channel.fanout.leave(subscription, subscription.wire)
        channel.subscriptions.discard(subscription)
        self._idle(channel)
        if subscription.guard is not None:
            guard = self._channels[subscription.guard]
            guard.guarded -= 1
            self._idle(guard)

    def end(self, subscription: Subscription, reason: Unsubscribe) -> None:
        """End a joining or live subscription for the server; the owner of a live one is told. Idempotent."""
        was_live = subscription.is_live
        if not subscription.has_ended:
            subscription.ended_by = reason
        self.leave(subscription)
        if was_live:
            subscription.owner.subscription_ended(subscription, reason)

    # Their lifetime

    def pop_idle(self) -> list[Channel]:
        """Give up the channels that have been unused for LINGER_SECONDS."""
        oldest = time.monotonic() - LINGER_SECONDS
        idle = [channel for channel in self if not self._is_used(channel) and channel.idle_since <= oldest]
        for channel in idle:
            del self._channels[channel.name]
        return idle

    def _need(self, name: str, *, is_sequenced: bool) -> Channel:
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel(
                name,
                is_sequenced=is_sequenced,
                tail_length=self._tail_length,
                observe=self._show,
                counters=self._counters.channel,
                fanout=Fanout(self._scheduler, self._counters.fanout),
            )
        return channel

    def _idle(self, channel: Channel) -> None:
        """Start the linger of a channel if it has become unused, or drop a name that was only tried."""
        if self._is_used(channel):
            return
        channel.idle_since = time.monotonic()
        if not channel.is_asked_for:
            del self._channels[channel.name]

    def _is_used(self, channel: Channel) -> bool:
        return channel.is_wanted or channel.name in self._pinned

    def _show(self, publication: Publication) -> None:
        for observer in self._observers:
            observer(publication)
