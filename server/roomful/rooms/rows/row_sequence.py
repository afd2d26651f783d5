"""The rows of a document in their order, as they arrive from its own appends, from other nodes and from the store."""

from collections.abc import Sequence

MAX_HELD = 256
MAX_HELD_BYTES = 1024 * 1024


class RowSequence:
    """`seen` is the number up to which every row is in the replica. A row may come twice, late, early or never."""

    __slots__ = ("_held", "_held_bytes", "heard", "seen")

    def __init__(self, seen: int) -> None:
        self.seen = seen
        self.heard = seen
        """The newest row that is known to exist."""
        self._held: dict[int, bytes] = {}
        self._held_bytes = 0

    @property
    def has_gap(self) -> bool:
        """Whether a row is known to exist that the replica lacks."""
        return self.heard > self.seen

    def accept(self, number: int, update: bytes) -> Sequence[bytes]:
        """Note a row; `update` is empty if the replica has it. Returns what to apply now, in order."""
        if number <= self.seen:
            return ()
        self.heard = max(self.heard, number)
        self._hold(number, update)
        return self._release()

    def heard_of(self, number: int) -> None:
        """A row of this number exists."""
        self.heard = max(self.heard, number)

    def forget_gap(self, heard: int) -> None:
        """The store has no missing row. `heard` was the newest known number when it was asked."""
        if self.heard == heard:
            self.heard = self.seen
            self._held.clear()
            self._held_bytes = 0

    def caught_up(self, number: int) -> Sequence[bytes]:
        """All rows up to this number are in the replica now. Returns the held ones that follow, to apply."""
        self.seen = max(self.seen, number)
        for held in [each for each in self._held if each <= self.seen]:
            self._held_bytes -= len(self._held.pop(held))
        self.heard = max(self.heard, self.seen)
        return self._release()

    def _hold(self, number: int, update: bytes) -> None:
        """Hold an early row. Those beyond the bounds are read from the store."""
        if number in self._held:
            return
        if (len(self._held) < MAX_HELD and self._held_bytes + len(update) <= MAX_HELD_BYTES) or number == self.seen + 1:
            self._held[number] = update
            self._held_bytes += len(update)

    def _release(self) -> Sequence[bytes]:
        released = []
        while (update := self._held.pop(self.seen + 1, None)) is not None:
            self.seen += 1
            self._held_bytes -= len(update)
            if update:
                released.append(update)
        return released
