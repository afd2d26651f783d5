"""The presence port: who is in a channel now, on any node."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from roomful.realtime.publication import ClientInfo


class Entry(NamedTuple):
    """One connection in one channel. Its identity comes from the sign-in of the socket, never from what it says."""

    channel: str
    client: ClientInfo


class Leave(NamedTuple):
    """A connection that goes. A person who comes back within the grace was never away."""

    entry: Entry
    grace_seconds: float


class PresenceUnavailable(Exception):
    """The list can't be read or changed now; it may be in a moment."""


class PresenceLost(Exception):
    """The list has begun anew, and what this node had entered is not on it any more."""


class Presence(Protocol):
    """A list of connections per channel, the same on every node, and of the people behind them.

    An entry is there until it is removed, or its node has not entered it again for a while (30 s at most). Each call
    has a deadline of its own and raises PresenceUnavailable when the list is out of reach. Calls that change the list
    are made one at a time.
    """

    refused: int
    """How many entries were skipped that no node has made."""

    async def enter(self, entries: Sequence[Entry]) -> list[bool]:
        """Add connections, or keep those that are there from expiring. For each, whether it brings its person in."""

    async def leave(self, leaves: Sequence[Leave]) -> None:
        """Remove connections. Idempotent."""

    async def gone(self) -> list[Entry]:
        """People who are away for longer than their grace, by their last connection.

        Each is handed out once, to one node. Raises PresenceLost, once, when what was entered is lost.
        """

    async def members(self, channel: str) -> list[ClientInfo]:
        """Everybody's connections in a channel, in no order."""
