"""What travels through a channel."""

from dataclasses import dataclass
from typing import NamedTuple


class Position(NamedTuple):
    """A place in a channel's stream. Offsets count 1, 2, 3 … within one epoch; two epochs have nothing in common."""

    epoch: str
    offset: int


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """Who is behind a connection, as others may see it. `info` is JSON, or empty."""

    client: str
    user: str
    info: bytes = b""


@dataclass(frozen=True, slots=True)
class Publication:
    """An event on its way, or a signal that is in no log.

    `data` is JSON and reaches every subscriber to the byte. An event has its offset and epoch; a signal has offset 0.
    `type` is the event's type, for the server's own use.
    """

    channel: str
    data: bytes
    offset: int = 0
    epoch: str = ""
    type: str = ""
    info: ClientInfo | None = None

    @property
    def is_signal(self) -> bool:
        """Worth nothing a second later: it is dropped where it would hold up something else."""
        return not self.offset


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody came to a channel (join) or went (leave)."""

    channel: str
    info: ClientInfo
    joined: bool


@dataclass(frozen=True, slots=True)
class Hint:
    """There is an event at this position; what it says is in the log."""

    channel: str
    position: Position


Message = Publication | Arrival


@dataclass(frozen=True, slots=True)
class ForwardedCommand:
    """Commands that reached `sender`, on their way to the node that has their session. Its channel is that node's own.

    `number` is the sender's for this one: it may arrive twice.
    """

    channel: str
    sender: str
    number: int
    session: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """The commands of this number have arrived; whether their session was still there, nobody asks."""

    channel: str
    number: int


NodeMessage = ForwardedCommand | Ack
"""From one node to another."""
