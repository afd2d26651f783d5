"""A channel as this process sees it."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from roomful.realtime.delivery.fanout import Fanout
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.history.port import PAGE_BYTES
from roomful.realtime.publication import Arrival, Hint, Message, Position, Publication

HELD_LIMIT = 1024
HELD_BYTES = 1024 * 1024
"""Of event data among the held events."""
TAIL_BYTES = 2 * PAGE_BYTES
"""Of event data in the tail. No recovery gives more than a page: the second is for readers in between."""

Observe = Callable[[Publication], None]
"""Is shown each event just before it is delivered, in order; may end subscriptions."""


@dataclass(slots=True)
class ChannelCounters:
    """What came in beside the next expected event."""

    repeated: int = 0
    held: int = 0
    held_dropped: int = 0
    gaps: int = 0


class Delivered(NamedTuple):
    """An event that subscribers have had; `data` is None where memory does not reach back to it."""

    position: Position
    data: bytes | None


class Channel:
    """Puts a channel's events into order, once for all its subscribers here.

    Live subscribers all stand at `position`: an event that is older is dropped, the next one is forwarded, and one
    that comes too early is held until the gap before it is closed, by its arrival or from the log. So no subscriber
    needs a place of its own while it is live, and delivery is a plain write to each (docs/decisions/0004).

    `tail` keeps the newest events in memory, so that a crowd that comes back asks the database nothing. It is bounded
    by their number and by their bytes, and so are the held ones.
    """

    __slots__ = (
        "_counters",
        "_held_bytes",
        "_observe",
        "_tail_bytes",
        "_tail_length",
        "doubted",
        "fanout",
        "guarded",
        "held",
        "idle_since",
        "is_asked_for",
        "is_open",
        "is_sequenced",
        "name",
        "position",
        "repair",
        "subscriptions",
        "swept_head",
        "tail",
    )

    def __init__(
        self,
        name: str,
        *,
        is_sequenced: bool,
        tail_length: int,
        observe: Observe,
        counters: ChannelCounters,
        fanout: Fanout,
    ) -> None:
        self.name = name
        self.is_sequenced = is_sequenced
        self.position: Position | None = None
        self.tail: deque[Publication] = deque()
        self.held: dict[int, Publication] = {}
        self.fanout = fanout
        self.subscriptions: set[Subscription] = set()
        self.guarded = 0  # subscriptions to other channels that follow this one
        self.is_asked_for = False  # of the broker
        self.is_open = False
        self.doubted: Delivered | None = None  # another event came at its offset, or the log's head is below it
        self.repair: asyncio.Task[None] | None = None
        self.swept_head: Position | None = None
        self.idle_since = 0.0
        self._observe = observe
        self._tail_length = tail_length
        self._tail_bytes = 0
        self._held_bytes = 0
        self._counters = counters

    def take(self, message: Message | Hint) -> bool:
        """Deliver a message in its turn. False: events are missing before it, or what it hints at; read the log."""
        if isinstance(message, Hint):
            return self._has_had(message.position)
        if isinstance(message, Arrival) or not message.offset:
            self.fanout.add(message)
            return True
        position = self.position
        if position is None or message.epoch != position.epoch:
            self._hold(message)
            return position is None  # still opening: what comes now is sorted out when the position is known
        if message.offset <= position.offset:
            self._counters.repeated += 1
            delivered = self.delivered(message.offset)
            if delivered.data not in (None, message.data):
                self.doubted = self.doubted or delivered
            return self.doubted is None
        if message.offset > position.offset + 1:
            self._counters.gaps += not self.held
            self._hold(message)
            return False
        self._forward(message)
        self._release()
        return not self.held

    def start_at(self, position: Position) -> None:
        """Everything up to here is history; what was held and follows it is delivered."""
        self.position = position
        self.doubted = None
        self._forget_tail()
        self._release()

    def forget(self) -> None:
        """Be as before opening: the channel does not exist any more, or not yet again."""
        self.position = None
        self.is_open = False
        self._forget_tail()
        self.drop_held()

    def drop_held(self) -> None:
        """Wait no longer for what comes before the held events."""
        self.held.clear()
        self._held_bytes = 0

    def missed(self, after: int) -> list[Publication] | None:
        """The events above an offset up to `position`, from memory; None when memory does not reach back so far."""
        if self.position is None or after > self.position.offset:
            return None
        count = self.position.offset - after
        if count > len(self.tail):
            return None
        return list(islice(self.tail, len(self.tail) - count, None))

    def delivered(self, offset: int) -> "Delivered":
        """What was delivered at an offset up to `position`."""
        assert self.position is not None
        distance = self.position.offset - offset
        data = self.tail[-1 - distance].data if distance < len(self.tail) else None
        return Delivered(Position(self.position.epoch, offset), data)

    @property
    def is_wanted(self) -> bool:
        return bool(self.subscriptions) or self.guarded > 0

    def live(self) -> Iterator[Subscription]:
        return (subscription for subscription in list(self.subscriptions) if subscription.is_live)

    def _has_had(self, hinted: Position) -> bool:
        """Whether an event was delivered, or will be in the history that the channel is about to start at."""
        position = self.position
        return position is None or (hinted.epoch == position.epoch and hinted.offset <= position.offset)

    def _hold(self, publication: Publication) -> None:
        if (replaced := self.held.get(publication.offset)) is not None:
            self._unhold(replaced)
        size = len(publication.data)
        if len(self.held) >= HELD_LIMIT or self._held_bytes + size > HELD_BYTES:
            self._counters.held_dropped += 1  # it will be read from the log with the rest of the gap
            return
        self._counters.held += 1
        self.held[publication.offset] = publication
        self._held_bytes += size

    def _release(self) -> None:
        """Forward the held events whose turn has come; forget those that came in another way."""
        if not self.held or self.position is None:
            return
        for offset in sorted(self.held):
            publication = self.held[offset]
            if publication.epoch != self.position.epoch or offset <= self.position.offset:
                self._unhold(publication)
            elif offset == self.position.offset + 1:
                self._unhold(publication)
                self._forward(publication)

    def _unhold(self, publication: Publication) -> None:
        del self.held[publication.offset]
        self._held_bytes -= len(publication.data)

    def _forget_tail(self) -> None:
        self.tail.clear()
        self._tail_bytes = 0

    def _forward(self, publication: Publication) -> None:
        self.position = Position(publication.epoch, publication.offset)
        self.tail.append(publication)
        self._tail_bytes += len(publication.data)
        while len(self.tail) > self._tail_length or self._tail_bytes > TAIL_BYTES:
            self._tail_bytes -= len(self.tail.popleft().data)
        self._observe(publication)
        self.fanout.add(publication)
