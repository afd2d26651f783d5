"""The frames of an open socket's peer: messages go to the session, control frames are answered."""

import asyncio
import logging
from typing import Protocol

from roomful.transport.callbacks import Callbacks
from roomful.transport.websocket.asgi_cycle import State
from roomful.transport.websocket.frames import INTERNAL_ERROR, PONG, frame
from roomful.transport.websocket.reader import Close, Failure, FrameReader, Ping

logger = logging.getLogger(__name__)

MAX_PENDING_FOR_PONG = 64 * 1024
"""A peer that reads nothing gets no pongs, which would pile up."""


class OpenSocket(Protocol):
    @property
    def state(self) -> State: ...

    @property
    def transport(self) -> asyncio.Transport: ...

    @property
    def callbacks(self) -> Callbacks: ...

    @property
    def pending_bytes(self) -> int: ...

    def send_close(self, code: int, reason: str) -> bool:
        """Send a close frame, and wait for the end of the connection. False: the socket is not open."""

    def close(self, code: int, reason: str) -> None: ...


def receive(socket: OpenSocket, reader: FrameReader, data: bytes) -> None:
    try:
        for event in reader.read(data):
            match event:
                case str() | bytes():
                    socket.callbacks.message(event)
                case Ping():
                    _answer(socket, event)
                case Close():
                    _peer_closed(socket, event)
                case Failure():
                    _fail(socket, event)
    except Exception:  # the boundary of the session: its bug must not disturb another socket
        logger.exception("a session failed on a message")
        socket.close(INTERNAL_ERROR, "internal error")


def _answer(socket: OpenSocket, ping: Ping) -> None:
    if socket.state is State.OPEN and socket.pending_bytes <= MAX_PENDING_FOR_PONG:
        socket.transport.write(frame(PONG, ping.payload))


def _peer_closed(socket: OpenSocket, close: Close) -> None:
    """Answer the peer's close frame, and end the connection, as the server does (RFC 6455, 7.1.1)."""
    if socket.send_close(close.code, close.reason):
        socket.callbacks.close(close.code)
    socket.transport.close()


def _fail(socket: OpenSocket, failure: Failure) -> None:
    """Close without waiting for the peer's answer. Further data is still read, and dropped.

    A connection closed with unread data is reset, and a peer that is still sending would not see the close code.
    """
    if socket.send_close(failure.code, failure.reason):
        socket.callbacks.close(failure.code)
    if socket.transport.can_write_eof():
        socket.transport.write_eof()
