"""The fan-out of one channel: the messages of one turn of the loop, encoded once, written to every subscriber."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from roomful.link.transport import Outlet
from roomful.realtime.delivery.wire import Wire
from roomful.realtime.delivery.write_scheduler import WriteScheduler
from roomful.realtime.publication import Message, Publication

SLICE = 64
"""Writes of one slice, some 0.3 ms. Between slices other channels have their turn."""
JOIN_BYTES = 64 * 1024
"""Joined into one write at most, so that a burst doesn't exceed a healthy reader's bound at once."""
SIGNAL_JOIN_BYTES = 8 * 1024
"""The same for signals: a socket that is just full keeps only a part of this."""
MAX_SIGNAL_BATCHES = 128
MAX_SIGNAL_BYTES = 1024 * 1024
"""Waiting to be written. Signals beyond either bound are dropped before they are encoded."""


@dataclass(slots=True)
class FanoutCounters:
    """`encoded` counts messages times wires, `written` counts chunks times subscribers."""

    encoded: int = 0
    written: int = 0
    signals_dropped: int = 0
    """Counts signals times the subscribers that did not get them."""


@dataclass(slots=True)
class _Batch:
    """Messages on their way. A sealed batch goes to those who were subscribed when it was sealed, and no others."""

    before: Publication | None
    is_of_signals: bool = False
    messages: list[Message] = field(default_factory=list)
    size_bytes: int = 0
    audience: list[tuple["_Group", int]] | None = None


class _Group:
    """Subscribers of one channel that get the same bytes."""

    __slots__ = ("gone", "outlets", "places", "wire")

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        # While batches are under way a place may be emptied, but never moves.
        self.outlets: list[Outlet | None] = []
        self.places: dict[object, int] = {}
        self.gone = 0


class Fanout:
    """Writes messages to the channel's live subscribers, each message once to each, in the order of `add`.

    All calls are synchronous and made from the loop. A subscriber gets messages added after its join. After its leave
    it gets nothing more, not even messages on their way.
    """

    __slots__ = ("_batches", "_counters", "_groups", "_has_turns", "_latest", "_scheduler", "_slices", "_waiting_bytes")

    def __init__(self, scheduler: WriteScheduler, counters: FanoutCounters) -> None:
        self._groups: dict[tuple[str, str], _Group] = {}
        self._batches: deque[_Batch] = deque()
        self._waiting_bytes = 0
        self._latest: Publication | None = None
        self._slices: Iterator[bool] | None = None
        self._scheduler = scheduler
        self._has_turns = False
        self._counters = counters

    def join(self, subscriber: object, wire: Wire, outlet: Outlet) -> None:
        self._seal()  # the newcomer has read earlier messages from the log
        group = self._groups.get(wire.key)
        if group is None:
            group = self._groups[wire.key] = _Group(wire)
        group.places[subscriber] = len(group.outlets)
        group.outlets.append(outlet)

    def leave(self, subscriber: object, wire: Wire) -> None:
        group = self._groups[wire.key]
        group.outlets[group.places.pop(subscriber)] = None
        group.gone += 1
        if self._slices is None and not self._batches:
            self._compact(group)

    def add(self, message: Message) -> None:
        """Send a message with the others of this turn of the loop.

        Signals go only to readers that are not behind, so that events never wait behind many signals.
        """
        is_signal = isinstance(message, Publication) and message.is_signal
        if is_signal and (len(self._batches) >= MAX_SIGNAL_BATCHES or self._waiting_bytes >= MAX_SIGNAL_BYTES):
            self._counters.signals_dropped += sum(len(group.places) for group in self._groups.values())
            return
        if not self._can_be_joined(is_signal):
            self._seal()
            self._batches.append(_Batch(self._latest, is_signal))
        batch = self._batches[-1]
        batch.messages.append(message)
        size_bytes = 100
        if isinstance(message, Publication):
            self._latest = message
            size_bytes = len(message.data)
        batch.size_bytes += size_bytes
        self._waiting_bytes += size_bytes
        if not self._has_turns:
            self._has_turns = True
            self._scheduler.enter(self)

    def flush(self) -> None:
        """Write all added messages now, in one go, because something must follow them, such as the channel's end."""
        slices = self._slices or self._write_out()
        self._slices = None
        for _ in slices:
            pass

    def write_slice(self) -> bool:
        """Write the next slice, when the scheduler calls. Whether there is more to write."""
        if self._slices is None:
            self._slices = self._write_out()
        goes_on = False
        try:
            goes_on = next(self._slices, False)
        finally:
            self._has_turns = goes_on
            if not goes_on:
                self._slices = None
        return goes_on

    def _write_out(self) -> Iterator[bool]:
        """Write slice by slice, and yield True between two slices."""
        while self._batches:
            self._seal()
            batch = self._batches.popleft()
            self._waiting_bytes -= batch.size_bytes
            for group, end in batch.audience or ():
                chunk = group.wire.encode(batch.messages, batch.before)
                if chunk is None:
                    continue
                self._counters.encoded += len(batch.messages)
                for start in range(0, end, SLICE):
                    outlets = [each for each in group.outlets[start : min(start + SLICE, end)] if each is not None]
                    if batch.is_of_signals:
                        outlets = self._not_behind(outlets, len(batch.messages))
                    group.wire.broadcast(chunk, outlets)
                    self._counters.written += len(outlets)
                    if start + SLICE < end:
                        yield True
            if self._batches:
                yield True
        for group in list(self._groups.values()):
            self._compact(group)

    def _can_be_joined(self, is_signal: bool) -> bool:
        """Whether the last batch has room for another message."""
        if not self._batches or self._batches[-1].audience is not None:
            return False
        last = self._batches[-1]
        return last.is_of_signals == is_signal and last.size_bytes < (SIGNAL_JOIN_BYTES if is_signal else JOIN_BYTES)

    def _not_behind(self, outlets: list[Outlet], signals: int) -> list[Outlet]:
        not_behind = [outlet for outlet in outlets if not outlet.is_behind]
        self._counters.signals_dropped += signals * (len(outlets) - len(not_behind))
        return not_behind

    def _seal(self) -> None:
        if self._batches and self._batches[-1].audience is None:
            self._batches[-1].audience = [(group, len(group.outlets)) for group in self._groups.values()]

    def _compact(self, group: _Group) -> None:
        """Remove the places of those who left, once they are half of all."""
        if not group.places:
            self._groups.pop(group.wire.key, None)
        elif group.gone * 2 > len(group.outlets):
            subscribers = sorted(group.places, key=group.places.__getitem__)
            group.outlets = [group.outlets[group.places[subscriber]] for subscriber in subscribers]
            group.places = {subscriber: place for place, subscriber in enumerate(subscribers)}
            group.gone = 0
