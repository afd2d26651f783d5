"""The bodies of HTTP streams: how messages stand in a response."""

from collections.abc import Sequence
from dataclasses import dataclass

from roomful.link.transport import Chunk, Framing, write_to_each


class ConcatenatedFraming:
    """Messages one after the other. Each marks its own end."""

    name = "concatenated"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        return Chunk(b"".join(messages))

    broadcast = staticmethod(write_to_each)


class LineFraming:
    """Each message on a line of its own."""

    name = "lines"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        return Chunk(b"".join([b"%b\n" % message for message in messages]))

    broadcast = staticmethod(write_to_each)


class ServerSentFraming:
    """Each message as the data of a server-sent event (HTML Living Standard, 9.2). Messages have no line breaks."""

    name = "server-sent"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        return Chunk(b"".join([b"data: %b\n\n" % message for message in messages]))

    broadcast = staticmethod(write_to_each)


@dataclass(frozen=True, slots=True)
class Body:
    """A kind of body. `opening` comes first; a ping of its transport writes `heartbeat`."""

    framing: Framing
    media_type: str
    opening: bytes = b""
    heartbeat: bytes = b""


_EVENT_STREAM = "text/event-stream; charset=utf-8"
_CONNECTED = b": connected\n\n"  # browsers report an open stream at its first byte

# Types that proxies don't compress by default, as they do JSON.
LINES = Body(LineFraming(), "application/x-ndjson")
LENGTHS = Body(ConcatenatedFraming(), "application/octet-stream")
SERVER_SENT = Body(ServerSentFraming(), _EVENT_STREAM, _CONNECTED)
EVENTS = Body(ConcatenatedFraming(), _EVENT_STREAM, _CONNECTED, b": still here\n\n")
