"""The messages that travel through channels."""

from dataclasses import dataclass
from typing import NamedTuple

MAX_OFFSET = 2**64 - 1
"""The largest offset that a client may name. None is as large: it is one that can't be served."""


class Position(NamedTuple):
    """A place in a channel's stream. Offsets count 1, 2, 3 … within one epoch; two epochs don't compare."""

    epoch: str
    offset: int


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """A connection as others may see it. `info` is JSON, or empty."""

    client: str
    user: str
    info: bytes = b""


@dataclass(frozen=True, slots=True)
class Publication:
    """An event on its way to subscribers, or a signal, which is in no log.

    `data` is JSON and reaches every subscriber byte for byte. A signal has offset 0 and no epoch. `type` is the event's
    type, for the server's own use.
    """

    channel: str
    data: bytes
    offset: int = 0
    epoch: str = ""
    type: str = ""
    info: ClientInfo | None = None

    @property
    def is_signal(self) -> bool:
        """A signal is worthless a second later: it is dropped where it would delay something else."""
        return not self.offset


@dataclass(frozen=True, slots=True)
class Join:
    """A person has entered a channel, by their first connection to it."""

    channel: str
    info: ClientInfo


@dataclass(frozen=True, slots=True)
class Leave:
    """A person has left a channel: their last connection to it is gone."""

    channel: str
    info: ClientInfo


@dataclass(frozen=True, slots=True)
class Hint:
    """The log has an event at this position, which the receiver reads from there."""

    channel: str
    position: Position


Message = Publication | Join | Leave


@dataclass(frozen=True, slots=True)
class ForwardedCommand:
    """A frame of commands from node `sender` to the node that has their session. `channel` is that node's own.

    `number` is the sender's number for it, since it may arrive twice.
    """

    channel: str
    sender: str
    number: int
    session: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """The commands with this number have arrived, whether or not their session was still there."""

    channel: str
    number: int


NodeMessage = ForwardedCommand | Ack
"""A message from one node to another."""
