"""Reconciling: compares every open channel with the log's heads, which finds events that the broker lost."""

import logging

from roomful.realtime.delivery.channel import Channel
from roomful.realtime.delivery.channels import Channels
from roomful.realtime.delivery.counters import HubCounters
from roomful.realtime.delivery.repairs import Repairs
from roomful.realtime.history.port import History, HistoryUnavailable
from roomful.realtime.publication import Position

logger = logging.getLogger(__name__)

RECONCILE_SECONDS = 0.5
RECONCILE_CHANNELS = 500
"""Channels in one query."""


class Reconciler:
    """Begins a repair of each channel that lacks an event of the log, or has one that the log lacks."""

    def __init__(self, history: History, channels: Channels, repairs: Repairs, counters: HubCounters) -> None:
        self._history = history
        self._channels = channels
        self._repairs = repairs
        self._counters = counters
        self._is_log_out = False

    async def reconcile(self) -> None:
        """Compare all channels once. An outage of the log is logged and counted."""
        try:
            await self._compare_all()
        except HistoryUnavailable as error:
            self._counters.reconciles_failed += 1
            if not self._is_log_out:
                logger.warning("the event log can't be read", extra={"reason": str(error)})
            self._is_log_out = True
        else:
            if self._is_log_out:
                logger.info("the event log can be read again")
            self._is_log_out = False

    async def _compare_all(self) -> None:
        known = {channel.name: channel.position for channel in self._channels if channel.position is not None}
        names = list(known)
        for start in range(0, len(names), RECONCILE_CHANNELS):
            part = names[start : start + RECONCILE_CHANNELS]
            heads = await self._history.heads(part)
            for name in part:
                channel = self._channels.by_name.get(name)
                if channel is not None and channel.position is not None:
                    self._compare(channel, channel.position, heads.get(name), known[name])

    def _compare(self, channel: Channel, position: Position, head: Position | None, known: Position) -> None:
        """Repair a channel that still lacks the head of half a second ago, which won't come by itself any more.

        `known` is the channel's position when the head was asked for. A head below it was rolled back.
        """
        before, channel.reconciled_head = channel.reconciled_head, head
        if head is not None and head.epoch == known.epoch and head.offset < known.offset:
            channel.doubted = channel.doubted or channel.delivered(known.offset)
            self._repairs.begin(channel)
        if head is None or head.epoch != position.epoch or (before is not None and before.offset > position.offset):
            self._repairs.begin(channel)
