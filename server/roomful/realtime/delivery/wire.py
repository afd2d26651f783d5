"""A wire: one encoding of a channel's messages, shared by all subscribers that read it."""

from collections.abc import Sequence
from typing import Protocol, cast

from roomful.link.transport import Chunk, Framing, Outlet, write_to_each
from roomful.realtime.protocol.delta import DeltaFormat
from roomful.realtime.protocol.formats import ClientFormat, PushFormat
from roomful.realtime.publication import Message, Publication


class Wire(Protocol):
    """A format, and the framing of a kind of transport. Wires with equal keys are the same.

    With `tells_joins` it also carries joins and leaves. Subscribers that asked for them have a wire of their own: a
    join is neither encoded for nor written to the others, so that opening n sockets in a channel takes n steps, not n².
    """

    @property
    def key(self) -> tuple[str, str]: ...

    def encode(self, messages: Sequence[Message], before: Publication | None) -> Chunk | None:
        """One chunk of these messages, in order. None if this format has nothing for any of them.

        `before` is the publication before them, if any.
        """

    def broadcast(self, chunk: Chunk, outlets: Sequence[Outlet], /) -> None:
        """Write a chunk to outlets of this wire, in order. See `Framing`."""


class PlainWire:
    """Encodes each message by itself."""

    __slots__ = ("format", "framing", "key", "tells_joins")

    def __init__(self, push_format: PushFormat, framing: Framing, *, tells_joins: bool = False) -> None:
        self.format = push_format
        self.framing = framing
        self.tells_joins = tells_joins
        self.key = _key(push_format, framing, tells_joins=tells_joins)

    def encode(self, messages: Sequence[Message], _before: Publication | None = None) -> Chunk | None:
        told = messages if self.tells_joins else _publications(messages)
        pushes = [push for message in told if (push := self.format.push(message)) is not None]
        return self.framing.frame(pushes, text=self.format.is_text) if pushes else None

    def broadcast(self, chunk: Chunk, outlets: Sequence[Outlet], /) -> None:
        self.framing.broadcast(chunk, outlets)


class DeltaWire:
    """Encodes each publication as a delta against the one before it. Its chunks are for `DeltaWriter`s."""

    __slots__ = ("format", "framing", "key", "tells_joins")

    def __init__(self, delta_format: DeltaFormat, framing: Framing, *, tells_joins: bool = False) -> None:
        self.format = delta_format
        self.framing = framing
        self.tells_joins = tells_joins
        self.key = _key(delta_format, framing, tells_joins=tells_joins)

    def encode(self, messages: Sequence[Message], before: Publication | None) -> Chunk | None:
        told = messages if self.tells_joins else _publications(messages)
        return Chunk(_Deltas(self, told, before)) if told else None

    broadcast = staticmethod(write_to_each)

    def frame(self, messages: Sequence[Message], before: Publication | None) -> Chunk:
        pushes = []
        for message in messages:
            pushes.append(self.format.push(message, before))
            if isinstance(message, Publication):
                before = message
        return self.framing.frame(pushes, text=self.format.is_text)


class DeltaWriter:
    """Writes to one subscriber, which must get one whole publication before it can apply deltas."""

    __slots__ = ("_has_base", "_outlet")

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._has_base = False

    @property
    def is_behind(self) -> bool:
        return False  # a subscriber that missed a publication can't apply the next delta

    def write(self, chunk: Chunk, /) -> None:
        deltas = cast("_Deltas", chunk)  # made by our wire
        self._outlet.write(deltas.chunk(has_base=self._has_base))
        self._has_base = self._has_base or deltas.has_publication


class _Deltas:
    """The same messages, for subscribers that have the publication before them and for those that don't."""

    __slots__ = ("_before", "_chunks", "_messages", "_wire", "has_publication")

    def __init__(self, wire: DeltaWire, messages: Sequence[Message], before: Publication | None) -> None:
        self._wire = wire
        self._messages = messages
        self._before = before
        self._chunks: dict[bool, Chunk] = {}
        self.has_publication = any(isinstance(message, Publication) for message in messages)

    def chunk(self, *, has_base: bool) -> Chunk:
        found = self._chunks.get(has_base)
        if found is None:
            found = self._wire.frame(self._messages, self._before if has_base else None)
            self._chunks[has_base] = found
        return found


def wire_of(push_format: PushFormat, framing: Framing, *, tells_joins: bool = False) -> PlainWire:
    """The one wire of this format and framing in this process. There are a handful of each."""
    key = _key(push_format, framing, tells_joins=tells_joins)
    return _WIRES.get(key) or _WIRES.setdefault(key, PlainWire(push_format, framing, tells_joins=tells_joins))


def delta_wire_of(client_format: ClientFormat, framing: Framing, *, tells_joins: bool = False) -> DeltaWire:
    """The one wire of deltas, likewise."""
    key = _key(client_format, framing, tells_joins=tells_joins)
    found = _DELTA_WIRES.get(key)
    return found or _DELTA_WIRES.setdefault(
        key, DeltaWire(DeltaFormat(client_format), framing, tells_joins=tells_joins)
    )


def _key(named: PushFormat | DeltaFormat, framing: Framing, *, tells_joins: bool) -> tuple[str, str]:
    return (f"{named.name}+joins" if tells_joins else named.name), framing.name


def _publications(messages: Sequence[Message]) -> Sequence[Message]:
    return [message for message in messages if isinstance(message, Publication)]


_WIRES: dict[tuple[str, str], PlainWire] = {}
_DELTA_WIRES: dict[tuple[str, str], DeltaWire] = {}
