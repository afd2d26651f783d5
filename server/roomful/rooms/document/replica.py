"""The Yjs document of a room, as this node has it."""

import asyncio
from collections.abc import Sequence
from itertools import chain

from pycrdt import Doc, Subscription, TransactionEvent, get_update, merge_updates

from roomful.rooms.protocol.lib0 import BadMessage
from roomful.rooms.protocol.state import EMPTY_STATE_VECTOR, Deletions, decode_state_vector
from roomful.rooms.protocol.structure import lacks_something

EMPTY_UPDATE = b"\x00\x00"
LOAD_SLICE_SECONDS = 0.005
"""Between two turns of the loop while rows are applied."""


class BadUpdate(Exception):
    """Bytes that are no update, or one that contradicts the document."""


class Lacking(Exception):
    """An update that builds on something that is not in the document. It was not applied."""


class Replica:
    """Applies updates one at a time, on the loop's thread. `close` it, or it stays in memory for good.

    pycrdt holds the interpreter's lock in every call, its panics are no Exceptions, and an observer must not use the
    document: so observers only collect here.
    """

    __slots__ = (
        "_deletions",
        "_doc",
        "_full",
        "_levels",
        "_observed",
        "_subscription",
        "size_bytes",
        "version",
    )

    def __init__(self) -> None:
        self._doc: Doc | None = Doc()  # type: ignore[type-arg]  # whose roots have no types until they are asked for
        self._observed: list[bytes] = []
        self._subscription: Subscription | None = self._doc.observe(self._collect)
        self._full: bytes | None = None
        self._deletions: Deletions | None = None
        self.version = 0
        """Grows with every change."""
        self.size_bytes = 0
        """At most the document's size as an update: its size at the last `full`, plus all changes since."""

    def apply(self, update: bytes) -> bytes:
        """Apply an update; returns what was new in it.

        Raises Lacking or BadUpdate, which leave the document unchanged, or BadChange when a part was applied.
        """
        if self._lacks_something(update):
            raise Lacking
        try:
            self._known().apply_update(update)
        except BaseException as error:
            if _must_propagate(error):
                raise
            if change := self._take_change():
                raise BadChange(change) from error
            raise BadUpdate(str(error)) from error
        return self._take_change()

    async def load(self, state: bytes, rows: Sequence[bytes]) -> int:
        """Apply stored updates, with turns for others in between; returns how many could not be applied."""
        turns = _Turns()
        failed = 0
        for update in chain((state,) if state else (), rows):
            try:
                self._known().apply_update(update)
            except BaseException as error:
                if _must_propagate(error):
                    raise
                failed += 1
            self._observed.clear()
            await turns.give()
        self.full()
        return failed

    def adds_nothing(self, update: bytes) -> bool:
        """Whether all of an update is in the document. Raises BadUpdate."""
        structs_missing, deletions = self._remainder(update)
        if structs_missing:
            return False
        if self._deletions is None:
            _, self._deletions = self._remainder(self.full())
        return deletions.are_within(self._deletions)

    def only_deletes(self, update: bytes) -> bool:
        """Whether an update adds nothing but deletions. Raises BadUpdate."""
        structs_missing, _ = self._remainder(update)
        return not structs_missing

    def state_vector(self) -> bytes:
        return self._known().get_state()

    def full(self) -> bytes:
        """The whole document as one update, kept until the next change."""
        if self._full is None:
            self._full = self._known().get_update()
            self.size_bytes = len(self._full)
        return self._full

    def since(self, state_vector: bytes) -> bytes:
        """The updates that a client with this state vector lacks, and all deletions. Raises BadUpdate."""
        if state_vector in (EMPTY_STATE_VECTOR, b""):
            return self.full()
        self.check(state_vector)
        try:
            return self._known().get_update(state_vector)
        except BaseException as error:
            if _must_propagate(error):
                raise
            raise BadUpdate(str(error)) from error

    @staticmethod
    def check(state_vector: bytes) -> None:
        """Raises BadUpdate unless this is a state vector."""
        try:
            decode_state_vector(state_vector)
        except BadMessage as error:
            raise BadUpdate(str(error)) from error

    @property
    def is_closed(self) -> bool:
        return self._doc is None

    def forget_full(self) -> None:
        """Drop what `full` keeps."""
        self._full = self._deletions = None

    def close(self) -> None:
        """Let go of the document. Idempotent."""
        if self._doc is not None:
            if self._subscription is not None:
                self._doc.unobserve(self._subscription)
            self._doc = self._subscription = None
            self._full = self._deletions = None

    def _collect(self, event: TransactionEvent) -> None:
        self._observed.append(event.update)

    def _take_change(self) -> bytes:
        if not self._observed:
            return b""
        change = self._observed[0] if len(self._observed) == 1 else merge_updates(*self._observed)
        self._observed.clear()
        self._full = self._deletions = None
        self.version += 1
        self.size_bytes += len(change)
        return change

    def _lacks_something(self, update: bytes) -> bool:
        """Raises BadUpdate. The library gets no update from outside that was not checked here."""
        try:
            return lacks_something(update, decode_state_vector(self.state_vector()))
        except BadMessage as error:
            raise BadUpdate(str(error)) from error

    def _remainder(self, update: bytes) -> tuple[bool, Deletions]:
        """Whether an update has structs that are not in the document, and if not, its deletions."""
        if self._lacks_something(update):
            return True, Deletions({})
        try:
            remainder = get_update(update, self.state_vector())
            if remainder[0] != 0:
                return True, Deletions({})
            return False, Deletions.read(remainder[1:])
        except BaseException as error:
            if _must_propagate(error):
                raise
            raise BadUpdate(str(error)) from error

    def _known(self) -> "Doc":  # type: ignore[type-arg]
        if self._doc is None:
            raise RuntimeError("the replica is closed")
        return self._doc


class BadChange(BadUpdate):
    """An update that contradicts the document, after a part of it was applied. `change` is that part."""

    def __init__(self, change: bytes) -> None:
        super().__init__("the update contradicts the document")
        self.change = change


class _Turns:
    """Lets the loop do something else when the work has taken its slice of time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + LOAD_SLICE_SECONDS

    async def give(self) -> None:
        if self._loop.time() > self._until:
            await asyncio.sleep(0)
            self._until = self._loop.time() + LOAD_SLICE_SECONDS


def _must_propagate(error: BaseException) -> bool:
    """True for what asyncio and the interpreter raise; the library's panics are BaseExceptions too."""
    return isinstance(error, (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError))
