"""A socket as the system below knows it: its options, and how much its peer has taken."""

import asyncio
import socket
import struct
import sys
from contextlib import suppress

from roomful.transport.websocket.options import SocketOptions

_INTERNET = (socket.AF_INET, socket.AF_INET6)
INHERITS = sys.platform == "linux"
"""Whether a socket has its options from the one that accepted it: a crowd that comes in is spared four system calls."""


def tune(transport: asyncio.Transport, options: SocketOptions) -> None:
    """Bound what the system buffers for a peer, and for how long it waits for one that is gone.

    Options that the platform doesn't have are left out; a socket that is no TCP socket keeps its own, and one that was
    closed already has none.
    """
    if options.are_inherited:
        return
    accepted = transport.get_extra_info("socket")
    if accepted is None or (family := accepted.family) not in _INTERNET or accepted.fileno() < 0:
        return
    # What the loop gives away is a stand-in, which makes a socket object for each option that is set.
    own = socket.socket(family, socket.SOCK_STREAM, fileno=accepted.fileno())
    try:
        set_options(own, options)
    except OSError:
        return  # reset before it was accepted: the loop is about to say so
    finally:
        own.detach()


def set_options(tcp_socket: socket.socket, options: SocketOptions) -> None:
    tcp_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tcp_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, options.kernel_send_bytes)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        milliseconds = int(options.unacknowledged_seconds * 1000)
        tcp_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def taken_bytes(transport: asyncio.Transport) -> int | None:
    """How much the peer's system has taken, counted from anywhere; None when nothing is on its way to it.

    Where the system doesn't count what was acknowledged, it is told by how much is left.
    """
    waiting = transport.get_write_buffer_size()
    acknowledged = None
    own = transport.get_extra_info("socket")
    if own is not None and own.fileno() >= 0 and sys.platform == "linux":
        with suppress(OSError, struct.error):  # it was reset, or the system counts less than Linux
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
        """What the system buffers for the peer (SIOCOUTQ in tcp(7), which goes by this name too)."""
        count: int = struct.unpack("=i", ioctl(descriptor, TIOCOUTQ, bytes(4)))[0]
        return count

else:

    def _unacknowledged_bytes(_descriptor: int) -> int:
        return 0
