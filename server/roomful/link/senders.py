"""What has been heard of each sender, so that nothing is taken twice."""

from collections.abc import Callable
from dataclasses import dataclass

from roomful.link.sealing import microseconds

MAX_AGE = 10_000_000
"""Microseconds. Nobody sends what is older than 2 s, and a connection that brings nothing for 5 s is given up."""
LAG_STEP = 1_000_000
"""By how much the least lag may grow at one beat. A node that stood still for a while is believed again after as many
seconds; one that is dead sends no beats.
"""
SENDERS_LOOKED_THROUGH = 256
SENDERS_KEPT = 10_000


@dataclass(slots=True)
class _Sender:
    newest: int
    """The number of the newest message, in microseconds of the sender's clock."""
    least_lag: int
    """Our clock less theirs, with the shortest way of late."""
    start: bytes


class Senders:
    """Accepts each sender's messages in the order of their numbers, each once, and none that is old.

    A sender's messages come in order: it sends by one connection, and after a reconnect it sends again what was not
    answered, from the first on. So what is not newer than the newest is a repetition, and nothing else is lost.

    What a reader has never heard could still be kept, and brought when somebody has begun to listen there: numbers are
    times, so that its age is known. Beats, which every node hears, keep the comparison of the two clocks up.
    """

    def __init__(self, knows_start: Callable[[bytes], bool], *, clock: Callable[[], int] | None = None) -> None:
        self._knows_start = knows_start
        self._clock = clock or microseconds
        self._senders: dict[bytes, _Sender] = {}

    def __len__(self) -> int:
        return len(self._senders)

    def accept(self, sealer: bytes, number: int, start: bytes, *, is_beat: bool) -> bool:
        """False: it has come before, or is too old."""
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
        """Forget those whose messages are refused for their start by now."""
        if len(self._senders) < SENDERS_LOOKED_THROUGH:
            return
        self._senders = {id_: sender for id_, sender in self._senders.items() if self._knows_start(sender.start)}
        while len(self._senders) >= SENDERS_KEPT:
            del self._senders[next(iter(self._senders))]
