"""Writing past the loop's transports, straight to the descriptors of sockets that have nothing waiting."""

import os
from collections.abc import Sequence
from typing import Protocol, cast

from server.realtime.transport import Chunk, Outlet

NOT_DIRECT = -1


class DirectSocket(Protocol):
    """A socket as a sweep needs it.

    `descriptor` is NOT_DIRECT whenever what is written would overtake other bytes, or follow a close frame, or has to
    be encrypted. It belongs to the socket for as long as it is set: it may not be closed, and given to another
    connection, before (docs/decisions/0014).
    """

    descriptor: int

    def write(self, chunk: Chunk, /) -> None: ...


def sweep(chunk: Chunk, outlets: Sequence[Outlet], /) -> None:
    """Write a chunk of bytes to each socket, half of the cost of a transport's `write`."""
    data = cast("bytes", chunk)
    size = len(data)
    for socket in cast("Sequence[DirectSocket]", outlets):  # of the framings that have this sweep
        descriptor = socket.descriptor
        sent = 0
        if descriptor != NOT_DIRECT:
            try:
                sent = os.write(descriptor, data)
            except OSError:
                sent = 0  # full, or broken: its transport tries again, and knows what to do
        if sent != size:
            socket.write(Chunk(data[sent:]))
