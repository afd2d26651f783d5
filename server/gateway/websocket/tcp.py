"""The TCP options of a socket."""

import asyncio
import socket
import sys

from server.gateway.websocket.options import SocketOptions

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
