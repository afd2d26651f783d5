"""What the sockets of a server may take and for how long."""

from dataclasses import dataclass

from roomful.transport.error_response import RenderError, render_plainly


@dataclass(frozen=True, slots=True)
class SocketOptions:
    """Times are seconds.

    uvicorn's own `ws_max_size`, `ws_ping_interval` and `ws_ping_timeout` hold for a socket until it detaches; none of
    its other `ws_...` settings is read.
    """

    deflate: bool = False
    handshake_seconds: float = 10.0
    """From the request's head to its acceptance by the application."""

    close_seconds: float = 5.0
    """For the peer's answer to a close frame that has left for it."""

    drain_seconds: float = 20.0
    """For a peer that is closed while data is waiting for it to take that data."""

    unacknowledged_seconds: float = 30.0
    """For the peer's system to acknowledge what was sent, or to make room for more; then the connection is dropped."""

    kernel_send_bytes: int = 256 * 1024
    """What the system buffers for one socket: else it is up to 4 MiB before a slow reader is noticed at all."""

    are_inherited: bool = False
    """The TCP options of these are the listening socket's already, and go over to what it accepts."""

    render_error: RenderError = render_plainly
    max_head_bytes: int = 32 * 1024
    max_fragments: int = 1000
    max_frames_per_second: int = 2000


DEFAULTS = SocketOptions()
