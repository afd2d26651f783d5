"""The port through which a session and the hub use one open socket.

What the engine writes, it has framed beforehand: `framing` turns messages into a chunk, once, and the same chunk goes
to every transport with that framing. What happens on the socket reaches the session by callbacks:

- `on_message(data)` for each whole message, in order: str from a text frame, bytes from a binary one;
- `on_close(code)` once, when nothing more can be received: the peer's code, the code of our own `close`, or 1006 when
  the connection was lost or aborted. Never from inside `close` or `abort`. No message follows;
- `on_overflow()` once, soon after more than the send bound is waiting: the answer is `close(3008, ...)`. Never from
  inside `write`, so that whoever broadcasts to a list of transports need not fear that it changes under the broadcast.

All of them are called from the loop and must not wait.
"""

from collections.abc import Callable, Sequence
from typing import NewType, Protocol

Chunk = NewType("Chunk", object)
"""Messages in the form that one kind of transport writes. Opaque to everybody but the framing and its transports."""

SIGNAL_SHARE = 16
"""A signal is not put behind more than this part of the send bound, so that it delays no event and cuts nobody off."""

OnMessage = Callable[[str | bytes], None]
OnClose = Callable[[int], None]
OnOverflow = Callable[[], None]


class Outlet(Protocol):
    """Where a chunk goes."""

    @property
    def is_behind(self) -> bool:
        """Whether the reader is so slow that signals are not for it: it gets what waits already, and events."""

    def write(self, chunk: Chunk, /) -> None: ...


def write_to_each(chunk: Chunk, outlets: Sequence[Outlet]) -> None:
    """The `broadcast` of a framing that knows no shorter way."""
    for outlet in outlets:
        outlet.write(chunk)


class Framing(Protocol):
    """How messages become what a kind of transport writes."""

    @property
    def name(self) -> str:
        """Two framings with one name make the same chunk of the same messages: the key for encoding once."""

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        """One frame for each message, in order, joined for a single write."""

    def broadcast(self, chunk: Chunk, outlets: Sequence[Outlet], /) -> None:
        """Write a chunk to each of these transports of this framing, as its own `write` would, in order.

        What is wrong with one of them is its own affair. Never calls back into the engine.
        """


class Transport(Protocol):
    """One open socket as the engine writes to it.

    Every method is synchronous, never waits, and is called from the loop only; after `close` or `abort` they do
    nothing.
    """

    @property
    def framing(self) -> Framing:
        """What makes chunks for this transport. Settled when the socket opens."""

    @property
    def pending_bytes(self) -> int:
        """Written, but not yet taken by the operating system or the ASGI server."""

    @property
    def is_behind(self) -> bool:
        """Whether more is pending than a SIGNAL_SHARE of the send bound."""

    def write(self, chunk: Chunk, /) -> None:
        """Send what `framing` made. The same object may be written to thousands of transports."""

    def ping(self) -> bool:
        """Ask the peer for a sign of life, which arrives as a pong; `heard` tells of it.

        False: this transport can't ping, and the server below it watches over the peer.
        """

    def heard(self) -> bool:
        """Whether anything has come from the peer since the last call of this."""

    def taken_bytes(self) -> int | None:
        """How much the peer's system has taken, counted from anywhere; None when nothing is on its way to it."""

    def limit_messages(self, max_message_bytes: int) -> None:
        """Accept messages up to this size from now on; a larger one closes the socket with 1009."""

    def pause_reading(self) -> None:
        """Take no more from the network for now. What has been read already still arrives: one read's worth at most."""

    def resume_reading(self) -> None:
        """Undo `pause_reading`."""

    def close(self, code: int, reason: str) -> None:
        """Send what was written, then a close frame, and let go of the socket in bounded time whatever the peer does.

        The reason is cut to what a close frame holds.
        """

    def abort(self) -> None:
        """Let go of the socket at once; what is still waiting is lost."""
