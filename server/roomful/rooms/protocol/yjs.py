"""Messages of y-protocols, as y-websocket sends them: one message a frame; several in one frame are read as well.

00 00 01 00         SyncStep1 with an empty state vector
00 01 02 00 00      SyncStep2 that brings nothing
00 02 02 00 00      Update
01 01 00            awareness of nobody: a sign of life
02 00 02 6e6f       permission denied: "no"
03                  query for awareness
64 01 07            (ours) one more update message of this client is stored, in row 7
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from roomful.rooms.protocol.lib0 import BadMessage, Reader, var_bytes, var_string, var_uint

SYNC, AWARENESS, AUTH, QUERY_AWARENESS, STORED = 0, 1, 2, 3, 100
STEP_1, STEP_2, UPDATE = 0, 1, 2

MAX_MESSAGES = 1000
"""In one frame."""

KEEP_ALIVE = b"\x01\x01\x00"


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """A client says by its state vector which updates it has, and asks for the others."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncUpdate:
    """Something to put into the document; `is_reply` is true of a SyncStep2, which answers a SyncStep1."""

    update: bytes
    is_reply: bool


@dataclass(frozen=True, slots=True)
class Awareness:
    update: bytes


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    pass


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message of an unknown type. What follows it in the frame is not read."""

    type: int


YjsMessage = SyncStep1 | SyncUpdate | Awareness | QueryAwareness | Unknown


def messages(frame: bytes) -> Iterator[YjsMessage]:
    """The messages of a frame. Raises BadMessage, after those that could be read."""
    reader = Reader(frame)
    for _ in range(MAX_MESSAGES):
        yield read(reader)
        if not reader.has_more:
            return
    raise BadMessage("too many messages in one frame")


def read(reader: Reader) -> YjsMessage:
    """The next message. Raises BadMessage."""
    kind = reader.var_uint()
    if kind == SYNC:
        return _read_sync(reader)
    if kind == AWARENESS:
        return Awareness(reader.var_bytes())
    if kind == QUERY_AWARENESS:
        return QueryAwareness()
    reader.rest()
    return Unknown(kind)


def _read_sync(reader: Reader) -> SyncStep1 | SyncUpdate:
    step = reader.var_uint()
    if step == STEP_1:
        return SyncStep1(reader.var_bytes())
    if step in (STEP_2, UPDATE):
        return SyncUpdate(reader.var_bytes(), is_reply=step == STEP_2)
    raise BadMessage("no such step of a synchronization")


def sync_step_1(state_vector: bytes) -> bytes:
    return b"\x00\x00" + var_bytes(state_vector)


def sync_step_2(update: bytes) -> bytes:
    return b"\x00\x01" + var_bytes(update)


def update(update: bytes) -> bytes:
    return b"\x00\x02" + var_bytes(update)


def awareness(update: bytes) -> bytes:
    return b"\x01" + var_bytes(update)


def permission_denied(reason: str) -> bytes:
    return b"\x02\x00" + var_string(reason)


def stored(count: int, number: int) -> bytes:
    return b"\x64" + var_uint(count) + var_uint(number)


class YjsWire:
    """A room's messages for y-websocket; with `tells_stored`, also acknowledgements, if the client asked for them."""

    __slots__ = ("tells_stored",)

    prefix = b""
    answers_each_update = False
    """A client that is refused is told so once."""

    def __init__(self, *, tells_stored: bool = False) -> None:
        self.tells_stored = tells_stored

    def stored(self, count: int, number: int) -> Sequence[bytes]:
        return (stored(count, number),) if self.tells_stored else ()

    def refused(self) -> Sequence[bytes]:
        return (permission_denied("read-only"),)

    def may_write(self, may_write: bool) -> Sequence[bytes]:
        return () if may_write else (permission_denied("read-only"),)
