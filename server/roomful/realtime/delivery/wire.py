"""A wire: one way in which a channel's messages become bytes, shared by all subscribers that take it."""

from collections.abc import Sequence
from typing import Protocol, cast

from roomful.link.transport import Chunk, Framing, Outlet, write_to_each
from roomful.realtime.protocol.delta import PatchFormat
from roomful.realtime.protocol.formats import ClientFormat, PushFormat
from roomful.realtime.publication import Message, Publication


class Wire(Protocol):
    """What is said (format), and how a kind of transport carries it (framing). Wires with one `key` are the same.

    With `tells_joins` it tells of joins and leaves besides publications. Subscribers that asked for them take another
    wire than the rest: a join is neither encoded for nor written to anybody who did not ask, so that opening n sockets
    in one channel takes n steps and not n².
    """

    @property
    def key(self) -> tuple[str, str]: ...

    def encode(self, messages: Sequence[Message], before: Publication | None) -> Chunk | None:
        """One chunk with these messages in order; None when this format tells of none of them.

        `before` is the publication that came before them, if any.
        """

    def broadcast(self, chunk: Chunk, outlets: Sequence[Outlet], /) -> None:
        """Write a chunk to outlets of this wire, in order: see `Framing`."""


class PlainWire:
    """Each message by itself."""

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


class PatchWire:
    """Each publication as a patch of the one before it. Its chunks are for `PatchWriter`s."""

    __slots__ = ("format", "framing", "key", "tells_joins")

    def __init__(self, patch_format: PatchFormat, framing: Framing, *, tells_joins: bool = False) -> None:
        self.format = patch_format
        self.framing = framing
        self.tells_joins = tells_joins
        self.key = _key(patch_format, framing, tells_joins=tells_joins)

    def encode(self, messages: Sequence[Message], before: Publication | None) -> Chunk | None:
        told = messages if self.tells_joins else _publications(messages)
        return Chunk(_Patches(self, told, before)) if told else None

    broadcast = staticmethod(write_to_each)

    def frame(self, messages: Sequence[Message], before: Publication | None) -> Chunk:
        pushes = []
        for message in messages:
            pushes.append(self.format.push(message, before))
            if isinstance(message, Publication):
                before = message
        return self.framing.frame(pushes, text=self.format.is_text)


class PatchWriter:
    """Writes to one subscriber, who has to have one publication whole before patches are of use."""

    __slots__ = ("_has_base", "_outlet")

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._has_base = False

    @property
    def is_behind(self) -> bool:
        return False  # whoever misses a publication can't read the next patch

    def write(self, chunk: Chunk, /) -> None:
        patches = cast("_Patches", chunk)  # made by our wire
        self._outlet.write(patches.chunk(has_base=self._has_base))
        self._has_base = self._has_base or patches.has_publication


class _Patches:
    """The same messages for those who have had the publication before them, and for those who have not."""

    __slots__ = ("_before", "_chunks", "_messages", "_wire", "has_publication")

    def __init__(self, wire: PatchWire, messages: Sequence[Message], before: Publication | None) -> None:
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
    """The one wire of this format and framing, for all their sockets: of both there are a handful in a process."""
    key = _key(push_format, framing, tells_joins=tells_joins)
    return _WIRES.get(key) or _WIRES.setdefault(key, PlainWire(push_format, framing, tells_joins=tells_joins))


def patch_wire_of(client_format: ClientFormat, framing: Framing, *, tells_joins: bool = False) -> PatchWire:
    """The one wire of patches, likewise."""
    key = _key(client_format, framing, tells_joins=tells_joins)
    found = _PATCH_WIRES.get(key)
    return found or _PATCH_WIRES.setdefault(
        key, PatchWire(PatchFormat(client_format), framing, tells_joins=tells_joins)
    )


def _key(named: PushFormat | PatchFormat, framing: Framing, *, tells_joins: bool) -> tuple[str, str]:
    return (f"{named.name}+joins" if tells_joins else named.name), framing.name


def _publications(messages: Sequence[Message]) -> Sequence[Message]:
    return [message for message in messages if isinstance(message, Publication)]


_WIRES: dict[tuple[str, str], PlainWire] = {}
_PATCH_WIRES: dict[tuple[str, str], PatchWire] = {}
