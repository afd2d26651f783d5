"""The newest message of each sender, so that no message is accepted twice."""

from collections.abc import Callable
from dataclasses import dataclass

from roomful.link.sealing import microseconds

MAX_AGE = 10_000_000
"""Microseconds. No node sends a message older than 2 s, and a silent connection is replaced after 5 s."""
LAG_STEP = 1_000_000
"""How much the least lag may grow at one beat. A node that was stopped for n seconds is believed again after n beats;
a dead node sends none.
"""
SENDERS_LOOKED_THROUGH = 256
SENDERS_KEPT = 10_000


@dataclass(slots=True)
class _Sender:
    newest: int
    """The number of the newest message, in microseconds of the sender's clock."""
    least_lag: int
    """Our clock less theirs, over the fastest recent message."""
    start: bytes


class Senders:
    """Accepts each sender's messages in the order of their numbers, each once, and no old ones.

    A sender's messages arrive in order: it sends over one connection, and after a reconnect it repeats what Redis has
    not replied to, oldest first. So a message that is not newer than the newest is a repetition.

    A writer of Redis could hold back a message and send it to a node that has not seen it. Numbers are times, so its
    age is known: the beats that every node receives keep the clocks of sender and receiver comparable.
    """

    def __init__(self, knows_start: Callable[[bytes], bool], *, clock: Callable[[], int] | None = None) -> None:
        self._knows_start = knows_start
        self._clock = clock or microseconds
        self._senders: dict[bytes, _Sender] = {}

    def __len__(self) -> int:
        return len(self._senders)

    def accept(self, sealer: bytes, number: int, start: bytes, *, is_beat: bool) -> bool:
        """False for a repeated message, and for one that is too old."""
        lag = self._clock() - number
        sender = self._senders.get(sealer)
        if sender is None:
            self._make_room()
            self._senders[sealer] = _Sender(number, lag, start)
            return True
        if number <= sender.newest:
            return False
        if is_beat:
            sender.least_lag = min(lag, sender.least_lag + LAG_STEP)
        elif lag < sender.least_lag:
            sender.least_lag = lag
        if lag - sender.least_lag > MAX_AGE:
            return False
        sender.newest = number
        sender.start = start
        return True

    def _make_room(self) -> None:
        """Forget senders whose start is no longer accepted."""
        if len(self._senders) < SENDERS_LOOKED_THROUGH:
            return
        self._senders = {id_: sender for id_, sender in self._senders.items() if self._knows_start(sender.start)}
        while len(self._senders) >= SENDERS_KEPT:
            del self._senders[next(iter(self._senders))]
