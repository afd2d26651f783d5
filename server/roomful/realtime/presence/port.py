"""The presence port: the people in each channel now, on any node."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from roomful.realtime.publication import ClientInfo


class Entry(NamedTuple):
    """One connection in one channel. Its identity comes from the socket's sign-in, never from the client's messages."""

    channel: str
    client: ClientInfo


class Removal(NamedTuple):
    """An entry to remove. A person who comes back within the grace period has not left."""

    entry: Entry
    grace_seconds: float


class PresenceUnavailable(Exception):
    """The list can't be read or changed now. Temporary."""


class PresenceLost(Exception):
    """The list is a new one, without the entries that this node had made."""


class Presence(Protocol):
    """A list of connections per channel, the same on every node, and of the people behind them.

    An entry lasts until it is removed, or until its node has not renewed it for a while (30 s at most). Each call has
    a deadline and raises PresenceUnavailable when the list is out of reach. Calls that change the list are made one at
    a time.
    """

    refused: int
    """How many entries were skipped because no node had made them."""

    async def enter(self, entries: Sequence[Entry]) -> list[bool]:
        """Add connections, or renew those that are there. For each, whether its person joins with it."""

    async def leave(self, removals: Sequence[Removal]) -> None:
        """Remove connections. Idempotent."""

    async def gone(self) -> list[Entry]:
        """The last connection of each person whose grace period is over.

        Each is returned once, to one node. Raises PresenceLost, once, when this node's entries are lost.
        """

    async def members(self, channel: str) -> list[ClientInfo]:
        """All connections in a channel, in no order."""
