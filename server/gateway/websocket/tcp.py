"""The TCP options of an accepted socket."""

import asyncio
import socket

from server.gateway.websocket.options import SocketOptions

_INTERNET = (socket.AF_INET, socket.AF_INET6)


def tune(transport: asyncio.Transport, options: SocketOptions) -> None:
    """Bound what the system buffers for a peer, and for how long it waits for one that is gone.

    Options that the platform doesn't have are left out; a socket that is no TCP socket keeps its own, and one that was
    closed already has none.
    """
    accepted = transport.get_extra_info("socket")
    if accepted is None or accepted.family not in _INTERNET or accepted.fileno() < 0:
        return
    try:
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, options.kernel_send_bytes)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(options.unacknowledged_seconds * 1000)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    except OSError:
        return  # reset before it was accepted: the loop is about to say so
