"""A channel as this process follows it."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from roomful.realtime.delivery.fanout import Fanout
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.history.port import PAGE_BYTES
from roomful.realtime.publication import Hint, Message, Position, Publication

HELD_LIMIT = 1024
HELD_BYTES = 1024 * 1024
"""Of event data in the held events."""
TAIL_BYTES = 2 * PAGE_BYTES
"""Of event data in the tail. A recovery gives at most a page; the second is for readers further behind."""

Observe = Callable[[Publication], None]
"""Called with each event just before it is delivered, in order. May end subscriptions."""


@dataclass(slots=True)
class ChannelCounters:
    """Events that were not the next expected one."""

    repeated: int = 0
    gaps: int = 0


class Delivered(NamedTuple):
    """An event that subscribers have received. `data` is None if memory does not reach back to it."""

    position: Position
    data: bytes | None


class Channel:
    """Puts a channel's events into order, once for all its subscribers here.

    All live subscribers are at `position`: an older event is dropped, the next one is forwarded, and an early one is
    held until the gap before it is closed, by the broker or from the log. So a live subscriber needs no position of its
    own, and delivery is a plain write to each (docs/decisions/0004).

    `tail` keeps the newest events in memory, so that returning clients cost no database query. The tail and the held
    events are bounded by number and by bytes.
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
        "reconciled_head",
        "subscriptions",
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
        self.guarded = 0  # subscriptions to other channels that name this one as their guard
        self.is_asked_for = False  # of the broker
        self.is_open = False
        self.doubted: Delivered | None = None  # another event came at its offset, or the log's head is below it
        self.reconciled_head: Position | None = None  # the log's, when it was last reconciled
        self.idle_since = 0.0
        self._observe = observe
        self._tail_length = tail_length
        self._tail_bytes = 0
        self._held_bytes = 0
        self._counters = counters

    def deliver(self, message: Message | Hint) -> bool:
        """Deliver a message in its turn. False: the log must be read, for events before it or the event it hints at."""
        if isinstance(message, Hint):
            return self._has_had(message.position)
        if not isinstance(message, Publication) or not message.offset:
            self.fanout.add(message)
            return True
        position = self.position
        if position is None or message.epoch != position.epoch:
            self._hold(message)
            return position is None  # still opening: `start_at` releases or drops what is held
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
        """Treat everything up to here as delivered, and deliver the held events that follow."""
        self.position = position
        self.doubted = None
        self._forget_tail()
        self._release()

    def forget(self) -> None:
        """Return to the state before opening: the channel does not exist any more."""
        self.position = None
        self.is_open = False
        self._forget_tail()
        self.drop_held()

    def drop_held(self) -> None:
        """Stop waiting for the events before the held ones."""
        self.held.clear()
        self._held_bytes = 0

    def missed(self, after: int) -> list[Publication] | None:
        """The events above an offset up to `position`, from memory. None if memory does not reach back so far."""
        if self.position is None or after > self.position.offset:
            return None
        count = self.position.offset - after
        if count > len(self.tail):
            return None
        return list(islice(self.tail, len(self.tail) - count, None))

    def delivered(self, offset: int) -> Delivered:
        """The event that was delivered at an offset up to `position`."""
        position = self.known_position
        distance = position.offset - offset
        data = self.tail[-1 - distance].data if distance < len(self.tail) else None
        return Delivered(Position(position.epoch, offset), data)

    @property
    def known_position(self) -> Position:
        """The position of an open recoverable channel."""
        assert self.position is not None, "open() comes first"
        return self.position

    @property
    def is_wanted(self) -> bool:
        return bool(self.subscriptions) or self.guarded > 0

    def live(self) -> Iterator[Subscription]:
        return (subscription for subscription in list(self.subscriptions) if subscription.is_live)

    def _has_had(self, hinted: Position) -> bool:
        """Whether an event was delivered, or will be before the position that an opening channel starts at."""
        position = self.position
        return position is None or (hinted.epoch == position.epoch and hinted.offset <= position.offset)

    def _hold(self, publication: Publication) -> None:
        if (replaced := self.held.get(publication.offset)) is not None:
            self._unhold(replaced)
        size = len(publication.data)
        if len(self.held) >= HELD_LIMIT or self._held_bytes + size > HELD_BYTES:
            return  # it will be read from the log with the rest of the gap
        self.held[publication.offset] = publication
        self._held_bytes += size

    def _release(self) -> None:
        """Forward the held events whose turn has come, and drop those that were delivered otherwise."""
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
