"""The port through which a session and the hub use one open socket.

The engine writes chunks: `framing` turns messages into a chunk once, and the same chunk goes to every transport with
that framing. The session learns what happens on the socket by callbacks:

- `on_message(data)` for each whole message, in order: str from a text frame, bytes from a binary one;
- `on_close(code)` once, when nothing more can be received: the peer's code, the code of our own `close`, or 1006 when
  the connection was lost or aborted. Never called inside `close` or `abort`. No message follows;
- `on_overflow()` once, soon after more than the send bound is pending: the session calls `close(3008, ...)`. Never
  called inside `write`, so a list of transports does not change during a broadcast to it.

All of them are called from the loop and must not wait.
"""

from collections.abc import Callable, Sequence
from typing import NewType, Protocol

Chunk = NewType("Chunk", object)
"""Messages in the form that one kind of transport writes. Only the framing and its transports look inside."""

SIGNAL_SHARE = 16
"""A reader with more than this part of the send bound pending gets no signals: they delay no event, cut nobody off."""

OnMessage = Callable[[str | bytes], None]
OnClose = Callable[[int], None]
OnOverflow = Callable[[], None]


class Outlet(Protocol):
    """A receiver of chunks."""

    @property
    def is_behind(self) -> bool:
        """Whether the reader is so slow that signals are withheld from it."""

    def write(self, chunk: Chunk, /) -> None: ...


def write_to_each(chunk: Chunk, outlets: Sequence[Outlet]) -> None:
    """The `broadcast` of a framing without a faster way."""
    for outlet in outlets:
        outlet.write(chunk)


class Framing(Protocol):
    """Turns messages into chunks for one kind of transport."""

    @property
    def name(self) -> str:
        """The key for encoding once: framings with the same name make the same chunk of the same messages."""

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        """One frame for each message, in order, joined for a single write."""

    def broadcast(self, chunk: Chunk, outlets: Sequence[Outlet], /) -> None:
        """Write a chunk to each of these transports of this framing, in order, as its own `write` would.

        A broken transport does not disturb the others. Never calls back into the engine.
        """


class Transport(Protocol):
    """One open socket as the engine writes to it.

    Every method is synchronous, never waits, and is called from the loop only; after `close` or `abort` they do
    nothing.
    """

    @property
    def framing(self) -> Framing:
        """Makes chunks for this transport. Fixed when the socket opens."""

    @property
    def pending_bytes(self) -> int:
        """Written, but not yet taken by the operating system or the ASGI server."""

    @property
    def is_behind(self) -> bool:
        """Whether more than 1 / SIGNAL_SHARE of the send bound is pending."""

    def write(self, chunk: Chunk, /) -> None:
        """Send a chunk of `framing`. The same object may be written to thousands of transports."""

    def ping(self) -> bool:
        """Send a ping; `heard` is true once the pong has arrived.

        False: this transport can't ping, and the server below it checks the peer.
        """

    def heard(self) -> bool:
        """Whether anything has come from the peer since the last call of this."""

    def taken_bytes(self) -> int | None:
        """How many bytes the peer's system has taken, from any origin; None when nothing is on its way to it."""

    def limit_messages(self, max_message_bytes: int, *, close_code: int = 1009) -> None:
        """Accept messages up to this size from now on. A larger one closes the socket with `close_code`."""

    def pause_reading(self) -> None:
        """Stop reading from the network. What has been read still arrives: one read's worth at most."""

    def resume_reading(self) -> None:
        """Undo `pause_reading`."""

    def close(self, code: int, reason: str) -> None:
        """Send what was written, then a close frame, and release the socket in bounded time, whatever the peer does.

        The reason is cut to what a close frame holds.
        """

    def abort(self) -> None:
        """Release the socket at once. Pending bytes are lost."""
