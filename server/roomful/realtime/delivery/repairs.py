"""Repairs: reads of the event log that bring channels level with it."""

import asyncio
import logging
import random

from roomful.concurrency.single_flight import SingleFlight
from roomful.concurrency.task_scope import TaskScope
from roomful.realtime.delivery.channel import Channel
from roomful.realtime.delivery.channels import Channels
from roomful.realtime.delivery.counters import HubCounters
from roomful.realtime.history.port import Expired, History, HistoryUnavailable, Page, UnknownChannel
from roomful.realtime.protocol.codes import SERVER_UNSUBSCRIBE

logger = logging.getLogger(__name__)

PAGE = 200
GAP_SECONDS = 0.02
"""How long a gap may close by itself: the broker may be given two commits of one moment in the wrong order."""


class Repairs:
    """Reads what a channel misses, and resets a channel whose history was replaced. One repair a channel at a time."""

    def __init__(self, history: History, channels: Channels, task_scope: TaskScope, counters: HubCounters) -> None:
        self._history = history
        self._channels = channels
        self._task_scope = task_scope
        self._counters = counters
        self._single_flight = SingleFlight(task_scope)
        self._running: set[Channel] = set()

    def begin(self, channel: Channel) -> None:
        """Bring an open channel level with the log soon, however long the log is out of reach. Never waits."""
        if channel not in self._running and channel.position is not None:
            self._counters.repairs += 1
            self._running.add(channel)
            self._task_scope.spawn(self._repair(channel))

    async def level(self, channel: Channel) -> None:
        """Read everything above the channel's position. Raises Expired, UnknownChannel, HistoryUnavailable."""
        while True:
            page = await self.read(channel, channel.known_position.offset, PAGE)
            if channel.known_position.offset >= page.head.offset:
                return

    async def read(self, channel: Channel, after: int, limit: int) -> Page:
        """A read of the log, shared by all who ask for it at the same time. Delivers events that the channel lacks.

        Raises Expired, also when the log has another epoch, UnknownChannel, HistoryUnavailable.
        """

        async def read() -> Page:
            self._counters.log_reads += 1
            return await self._history.read(channel.name, after, limit=limit)

        page = await self._single_flight.call((channel.name, after, limit), read)
        position = channel.known_position
        if page.head.epoch != position.epoch:
            self.begin(channel)
            raise Expired(channel.name)
        for publication in page.publications:
            if publication.offset > position.offset:
                channel.deliver(publication)
        return page

    async def _repair(self, channel: Channel) -> None:
        try:
            await asyncio.sleep(GAP_SECONDS)
            delay = 0.05
            while self._channels.has(channel):
                try:
                    if channel.doubted:
                        await self._renew_if_lost(channel)
                    await self.level(channel)
                    channel.drop_held()  # the log does not have what these events wait for: they are no events of it
                    return
                except (Expired, UnknownChannel):
                    if await self._reset(channel):
                        return
                except HistoryUnavailable:
                    pass
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
                delay = min(delay * 2, 1.0)
        finally:
            self._running.discard(channel)

    async def _reset(self, channel: Channel) -> bool:
        """Follow the log's new history of the channel, and report it to every subscriber.

        False: the log is out of reach.
        """
        try:
            await self._renew_if_lost(channel)
            head = (await self._history.heads([channel.name])).get(channel.name)
        except HistoryUnavailable:
            return False
        self._counters.resets += 1
        logger.warning("a channel's history was replaced", extra={"channel": channel.name})
        channel.fanout.flush()
        if head is None:
            for subscription in list(channel.subscriptions):
                self._channels.end(subscription, SERVER_UNSUBSCRIBE)
            channel.forget()
            return True
        channel.start_at(head)
        for subscription in channel.live():
            subscription.owner.subscription_reset(subscription, head)
        return True

    async def _renew_if_lost(self, channel: Channel) -> None:
        """Have the history compared with what was delivered. If it was rolled back, the channel's epoch ends."""
        if channel.position is not None:
            delivered = channel.doubted or channel.delivered(channel.position.offset)
            await self._history.renew_if_lost(channel.name, *delivered)
            channel.doubted = None
