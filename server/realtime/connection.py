"""The outbound side of one socket."""

from server.realtime.protocol.codes import Disconnect
from server.realtime.protocol.formats import PushFormat
from server.realtime.transport import Transport
from server.realtime.wire import wire_of


class Connection:
    """Writes to one socket until it is closed; never waits for the reader.

    What a reader has not taken is bounded by its transport, which calls `on_overflow`: the reader is cut off with 3008,
    comes back, and recovers from the log.
    """

    __slots__ = ("_has_ended", "transport", "wire")

    def __init__(self, transport: Transport, push_format: PushFormat) -> None:
        self.transport = transport
        self.wire = wire_of(push_format, transport.framing)
        self._has_ended = False

    @property
    def has_ended(self) -> bool:
        return self._has_ended

    def send(self, *messages: bytes) -> None:
        """Write messages in order, behind all that was written."""
        if not self._has_ended:
            self.transport.write(self.transport.framing.frame(messages, text=self.wire.format.is_text))

    def close(self, disconnect: Disconnect) -> bool:
        """Close, once. False: it had ended before."""
        if self._has_ended:
            return False
        self._has_ended = True
        self.transport.close(disconnect.code, disconnect.reason)
        return True

    def lost(self) -> None:
        """The socket is gone."""
        self._has_ended = True
