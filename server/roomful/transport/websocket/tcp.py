"""TCP options of sockets, and how much their peers have received."""

import asyncio
import socket
import struct
import sys
from contextlib import suppress

from roomful.transport.websocket.options import SocketOptions

_INTERNET = (socket.AF_INET, socket.AF_INET6)
INHERITS = sys.platform == "linux"
"""Whether an accepted socket inherits the listening socket's options, which saves four system calls an opening."""


def tune(transport: asyncio.Transport, options: SocketOptions) -> None:
    """Bound what the system buffers for a peer, and how long it waits for a dead one.

    Skips options that the platform lacks, and sockets that are not TCP or closed already.
    """
    if options.are_inherited:
        return
    accepted = transport.get_extra_info("socket")
    if accepted is None or (family := accepted.family) not in _INTERNET or accepted.fileno() < 0:
        return
    # The loop's object is a stand-in, which makes a socket object for each option that is set.
    own = socket.socket(family, socket.SOCK_STREAM, fileno=accepted.fileno())
    try:
        set_options(own, options)
    except OSError:
        return  # reset before it was accepted, as the loop will report
    finally:
        own.detach()


def set_options(tcp_socket: socket.socket, options: SocketOptions) -> None:
    tcp_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tcp_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, options.kernel_send_bytes)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        milliseconds = int(options.unacknowledged_seconds * 1000)
        tcp_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def taken_bytes(transport: asyncio.Transport) -> int | None:
    """How many bytes the peer's system has taken, from any origin; None when nothing is on its way to it.

    Where the system doesn't count acknowledged bytes, the pending ones count, as a negative number.
    """
    waiting = transport.get_write_buffer_size()
    acknowledged = None
    own = transport.get_extra_info("socket")
    if own is not None and own.fileno() >= 0 and sys.platform == "linux":
        with suppress(OSError, struct.error):  # reset, or without Linux's counters
            waiting += _unacknowledged_bytes(own.fileno())
            if own.family in _INTERNET:
                info = own.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKNOWLEDGED.size)
                (acknowledged,) = _ACKNOWLEDGED.unpack(info)
    if not waiting:
        return None
    return -waiting if acknowledged is None else acknowledged


_ACKNOWLEDGED = struct.Struct("=120xQ")
"""`tcpi_bytes_acked` in `struct tcp_info` (linux/tcp.h)."""


if sys.platform == "linux":
    from fcntl import ioctl
    from termios import TIOCOUTQ

    def _unacknowledged_bytes(descriptor: int) -> int:
        """Bytes that the system buffers for the peer (SIOCOUTQ in tcp(7), by its other name)."""
        count: int = struct.unpack("=i", ioctl(descriptor, TIOCOUTQ, bytes(4)))[0]
        return count

else:

    def _unacknowledged_bytes(_descriptor: int) -> int:
        return 0
