"""Open sockets and streams before sign-in, counted by address."""

from collections.abc import Iterator
from contextlib import contextmanager

from roomful.errors import RateLimited

RETRY_AFTER_SECONDS = 10
"""By then the open ones have signed in, or were closed."""


class Place:
    """One socket among the counted ones, until it leaves."""

    __slots__ = ("_network", "_sockets")

    def __init__(self, sockets: "UnauthenticatedSockets", network: str) -> None:
        self._sockets = sockets
        self._network: str | None = network

    def leave(self) -> None:
        """The client has signed in, or is gone. Idempotent."""
        network, self._network = self._network, None
        if network is not None:
            self._sockets.forget(network)


class UnauthenticatedSockets:
    """At most `most` for each address in this process; 0 is without limit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[str, int] = {}
        self.refused = 0

    def __len__(self) -> int:
        return sum(self._counts.values())

    def check(self, network: str) -> None:
        """Raises RateLimited when there is no room for one more."""
        if self._most and self._counts.get(network, 0) >= self._most:
            self.refused += 1
            raise RateLimited(RETRY_AFTER_SECONDS)

    def enter(self, network: str) -> Place:
        self._counts[network] = self._counts.get(network, 0) + 1
        return Place(self, network)

    @contextmanager
    def entered(self, network: str) -> Iterator[Place]:
        """A place for a handshake. After success it is kept beyond this block, to `leave` at sign-in or close.

        Raises RateLimited.
        """
        self.check(network)
        place = self.enter(network)
        try:
            yield place
        except BaseException:
            place.leave()
            raise

    def forget(self, network: str) -> None:
        """For `Place.leave`."""
        left = self._counts[network] - 1
        if left:
            self._counts[network] = left
        else:
            del self._counts[network]
