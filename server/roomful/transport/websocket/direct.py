"""Writing past the loop's transports, straight to the descriptors of sockets that have nothing waiting.

The loop is in C where it could be compiled when this was installed, and in Python otherwise: both do the same
(docs/decisions/0014, 0015).
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from roomful.link.transport import Chunk, Outlet

NOT_DIRECT = -1


class _Socket(Protocol):
    """What a broadcast is given: outlets of the framings that have this broadcast."""

    descriptor: int

    def write_rest(self, chunk: Chunk, /) -> None: ...


SendEach = Callable[[bytes, Sequence[object], int], tuple[int, int] | None]


def send_each_in_python(data: bytes, sockets: Sequence[object], start: int, /) -> tuple[int, int] | None:
    """Write bytes to each socket from `start` on.

    The place of the first that has not taken all, and how many it has taken; None when each of them has. Sockets
    without a descriptor, full and broken ones take none.
    """
    size = len(data)
    for place in range(start, len(sockets)):
        descriptor = cast("_Socket", sockets[place]).descriptor
        sent = 0
        if descriptor != NOT_DIRECT:
            try:
                sent = os.write(descriptor, data)
            except OSError:
                sent = 0  # full, or broken
        if sent != size:
            return place, sent
    return None


if TYPE_CHECKING:
    IS_NATIVE: bool
    from roomful.transport.websocket.native import DirectSocket as DirectSocket
    from roomful.transport.websocket.native import send_each as send_each
else:
    try:
        from roomful.transport.websocket.native import DirectSocket, send_each

        IS_NATIVE = True
    except ImportError:
        IS_NATIVE = False
        send_each = send_each_in_python

        class DirectSocket:
            """A socket that a broadcast may write to past its transport, while it has a descriptor.

            `descriptor` is NOT_DIRECT whenever what is written would overtake other bytes, or follow a close frame, or
            has to be encrypted. It belongs to the socket for as long as it is set: it may not be closed, and given to
            another connection, before.
            """

            __slots__ = ("descriptor",)

            def __new__(cls, *_arguments, **_settings):
                self = super().__new__(cls)
                self.descriptor = NOT_DIRECT
                return self


def broadcast(chunk: Chunk, outlets: Sequence[Outlet], /) -> None:
    """Write a chunk of bytes to each socket, for a fraction of what their transports' `write` costs."""
    data = cast("bytes", chunk)
    start = 0
    while (stopped := send_each(data, outlets, start)) is not None:
        place, sent = stopped
        cast("_Socket", outlets[place]).write_rest(Chunk(data[sent:]))  # its transport knows what to do
        start = place + 1
