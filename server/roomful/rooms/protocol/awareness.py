"""Awareness updates of y-protocols: cursors and names, as clients send them.

01 e907 05 02 7b7d      one entry: client 1001, clock 5, state {}
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from roomful.rooms.protocol.lib0 import BadMessage, Reader, var_bytes, var_uint

MAX_ENTRIES = 10_000
GONE = b"null"

EMPTY = b"\x00"
"""An update without entries."""


class AwarenessEntry(NamedTuple):
    """`state` is JSON, as it came; GONE when the client has left."""

    client_id: int
    clock: int
    state: bytes


def decode(update: bytes) -> Sequence[AwarenessEntry]:
    """The entries of an update. The states are not parsed. Raises BadMessage."""
    reader = Reader(update)
    count = reader.var_uint()
    if count > MAX_ENTRIES:
        raise BadMessage("too many awareness entries")
    entries = [AwarenessEntry(reader.var_uint(), reader.var_uint(), reader.var_bytes()) for _ in range(count)]
    if reader.has_more:
        raise BadMessage("something follows the awareness entries")
    return entries


def encode(entries: Iterable[AwarenessEntry]) -> bytes:
    """An update with these entries."""
    parts = [var_uint(client_id) + var_uint(clock) + var_bytes(state) for client_id, clock, state in entries]
    return var_uint(len(parts)) + b"".join(parts)
