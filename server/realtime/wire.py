"""A wire: one way in which a channel's messages become bytes, shared by all subscribers that take it."""

from collections.abc import Sequence

from server.realtime.protocol.formats import PushFormat
from server.realtime.publication import Message
from server.realtime.transport import Chunk, Framing


class Wire:
    """What is said (format), and how a kind of transport carries it (framing). Wires with one `key` are the same."""

    __slots__ = ("format", "framing", "key")

    def __init__(self, push_format: PushFormat, framing: Framing) -> None:
        self.format = push_format
        self.framing = framing
        self.key = (push_format.name, framing.name)

    def encode(self, messages: Sequence[Message]) -> Chunk | None:
        """One chunk with these messages in order; None when this format tells of none of them."""
        pushes = [push for message in messages if (push := self.format.push(message)) is not None]
        return self.framing.frame(pushes, text=self.format.is_text) if pushes else None


def wire_of(push_format: PushFormat, framing: Framing) -> Wire:
    """The one wire of this format and framing, for all their sockets: of both there are a handful in a process."""
    return _WIRES.setdefault((push_format.name, framing.name), Wire(push_format, framing))


_WIRES: dict[tuple[str, str], Wire] = {}
