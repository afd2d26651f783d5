"""The presence port: who is in a channel now, on any node."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from server.realtime.publication import ClientInfo


class Entry(NamedTuple):
    """One connection in one channel. Its identity comes from the sign-in of the socket, never from what it says."""

    channel: str
    client: ClientInfo


class PresenceUnavailable(Exception):
    """The list can't be read or changed now; it may be in a moment."""


class Presence(Protocol):
    """A list of connections per channel, the same on every node.

    An entry is there until it is removed, or its node has not renewed it for a while (30 s at most). Each call has a
    deadline of its own and raises PresenceUnavailable when the list is out of reach. Calls are made one at a time.
    """

    async def enter(self, entries: Sequence[Entry]) -> list[bool]:
        """Add connections. For each, whether it is its person's first in that channel. Idempotent."""

    async def leave(self, entries: Sequence[Entry]) -> list[bool]:
        """Remove connections. For each, whether it was its person's last in that channel. Idempotent: a connection
        that is not there was not the last."""

    async def renew(self, entries: Sequence[Entry]) -> None:
        """Keep the entries of this node from expiring."""

    async def members(self, channel: str) -> list[ClientInfo]:
        """Everybody's connections in a channel, in no order."""
