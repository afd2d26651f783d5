"""Options of a server's sockets: sizes, rates and timeouts."""

from dataclasses import dataclass

from roomful.transport.error_response import RenderError, render_plainly


@dataclass(frozen=True, slots=True)
class SocketOptions:
    """uvicorn's `ws_max_size`, `ws_ping_interval` and `ws_ping_timeout` hold for a socket until it detaches.

    Its other `ws_...` settings are ignored.
    """

    deflate: bool = False
    handshake_seconds: float = 10.0
    """From the request's head until the application accepts it."""

    close_seconds: float = 5.0
    """For the peer's answer to a close frame that has been sent."""

    drain_seconds: float = 20.0
    """For a peer to read the pending data at its close."""

    unacknowledged_seconds: float = 30.0
    """For the peer's system to acknowledge data, or to make room for more. Then the connection is dropped."""

    kernel_send_bytes: int = 256 * 1024
    """The system's buffer for one socket. By default it has up to 4 MiB before a slow reader is noticed."""

    are_inherited: bool = False
    """Accepted sockets have the TCP options of these from the listening socket."""

    render_error: RenderError = render_plainly
    max_head_bytes: int = 32 * 1024
    max_fragments: int = 1000
    max_frames_per_second: int = 2000


DEFAULTS = SocketOptions()
