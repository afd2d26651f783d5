"""One client in a room: a connection to one document."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from roomful.link.transport import Chunk, Transport
from roomful.rooms.codes import Ending
from roomful.rooms.grant import Grant


class Wire(Protocol):
    """How a room's messages look to a client: `prefix` stands before each of them."""

    @property
    def prefix(self) -> bytes: ...

    @property
    def answers_each_update(self) -> bool: ...

    def stored(self, count: int, number: int) -> Sequence[bytes]:
        """`count` more update messages of the client are stored, the last of them in row `number`."""

    def refused(self) -> Sequence[bytes]:
        """An update message of the client was refused."""

    def may_write(self, may_write: bool) -> Sequence[bytes]:
        """The client's right changed."""


class PeerOwner(Protocol):
    """The session that a peer belongs to."""

    def peer_ended(self, peer: "Peer", ending: Ending, /) -> None:
        """The room ended this peer: tell the client. Called at most once, and never after `Room.leave`."""


class Peer:
    """Never waits for the reader. The room's fan-out bounds how much waits."""

    __slots__ = (
        "asked_at",
        "awareness_bytes",
        "awareness_ids",
        "behind_since",
        "grant",
        "has_ended",
        "owner",
        "transport",
        "was_refused",
        "wire",
    )

    def __init__(self, transport: Transport, wire: Wire, grant: Grant, owner: PeerOwner) -> None:
        self.transport = transport
        self.wire = wire
        self.grant = grant
        self.owner: PeerOwner | None = owner
        self.has_ended = False
        self.behind_since: bytes | None = None
        """The state vector of what it was sent, while it is too slow for more."""
        self.asked_at = float("-inf")
        """When it was last asked for changes that the room lacks."""
        self.was_refused = False
        self.awareness_ids = 0
        self.awareness_bytes = 0

    def send(self, *bodies: bytes) -> None:
        """Write messages in order after all earlier ones, each with the wire's prefix."""
        prefix = self.wire.prefix
        self.write([prefix + body for body in bodies] if prefix else bodies)

    def write(self, messages: Sequence[bytes]) -> None:
        """Write whole messages."""
        if messages and not self.has_ended:
            self.transport.write(self.transport.framing.frame(messages, text=False))

    def write_chunk(self, chunk: Chunk) -> None:
        """Write whole messages, framed for its transport."""
        if not self.has_ended:
            self.transport.write(chunk)

    def stored(self, count: int, number: int) -> None:
        self.write(self.wire.stored(count, number))

    def set_may_write(self, may_write: bool, /) -> None:
        """Set the client's right, and tell the client of a change."""
        if self.grant.may_write != may_write:
            self.grant = replace(self.grant, may_write=may_write)
            self.write(self.wire.may_write(may_write))

    def refuse(self) -> None:
        """Tell the client that an update was refused, each time or only once: its wire decides."""
        if self.wire.answers_each_update or not self.was_refused:
            self.write(self.wire.refused())
        self.was_refused = True

    def leave(self) -> None:
        """Send nothing more, and tell the owner nothing. Idempotent."""
        self.has_ended = True
        self.owner = None  # or both would be in a cycle

    def end(self, ending: Ending) -> None:
        """Tell the owner, once."""
        owner = self.owner
        if not self.has_ended and owner is not None:
            self.leave()
            owner.peer_ended(self, ending)
