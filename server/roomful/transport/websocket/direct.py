"""Direct writes: straight to the descriptors of sockets that have nothing pending, past the loop's transports.

The loop over the sockets is in C if it could be compiled at installation, otherwise in Python; both do the same
(docs/decisions/0014, 0015).
"""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from uvicorn.protocols.utils import is_ssl

from roomful.link.transport import Chunk, Outlet

NOT_DIRECT = -1


class _Socket(Protocol):
    """An outlet of a framing with this broadcast."""

    descriptor: int

    def write_rest(self, chunk: Chunk, /) -> None: ...


SendEach = Callable[[bytes, Sequence[object], int], tuple[int, int] | None]


def send_each_in_python(data: bytes, sockets: Sequence[object], start: int, /) -> tuple[int, int] | None:
    """Write bytes to each socket from `start` on.

    Returns the place of the first socket that has not taken all bytes, and how many it has taken; None if all sockets
    have. Sockets without a descriptor, full and broken ones take none.
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
            """A socket to whose descriptor a broadcast may write.

            `descriptor` is NOT_DIRECT whenever bytes would overtake others, or follow a close frame, or must be
            encrypted. While it is set, the descriptor must not be closed: the system could give it to another
            connection.
            """

            __slots__ = ("descriptor",)

            def __new__(cls, *_arguments, **_settings):
                self = super().__new__(cls)
                self.descriptor = NOT_DIRECT
                return self


def find_descriptor(transport: asyncio.Transport) -> int:
    """The descriptor for direct writes; NOT_DIRECT under TLS, and where a socket is not a file. Two system calls."""
    if sys.platform == "win32" or is_ssl(transport):
        return NOT_DIRECT
    below = transport.get_extra_info("socket")
    return NOT_DIRECT if below is None else int(below.fileno())


def broadcast(chunk: Chunk, outlets: Sequence[Outlet], /) -> None:
    """Write a chunk of bytes to each socket, for a fraction of the cost of their transports' `write`."""
    data = cast("bytes", chunk)
    start = 0
    while (stopped := send_each(data, outlets, start)) is not None:
        place, sent = stopped
        cast("_Socket", outlets[place]).write_rest(Chunk(data[sent:]))  # to its transport
        start = place + 1
