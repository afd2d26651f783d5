"""The liveness of one client: pings, and the pongs they must get in time."""

import math

from roomful.link.connection import Connection


class Liveness:
    """Decides when to ping, and when a client is dead. Times are monotonic.

    With `by_socket` the socket's own ping and pong count, for a client that answers no ping of the protocol.
    """

    __slots__ = ("_by_socket", "_connection", "_ping_at", "_ping_seconds", "_pong_by", "_pong_seconds")

    def __init__(
        self, connection: Connection, ping_seconds: float, pong_seconds: float, first_at: float, *, by_socket: bool
    ) -> None:
        self._connection = connection
        self._ping_seconds = ping_seconds
        self._pong_seconds = pong_seconds
        self._by_socket = by_socket
        self._ping_at = first_at
        self._pong_by = math.inf

    @property
    def next_at(self) -> float:
        """When to ask again whether the client is alive, or to ping."""
        return self._ping_at if self._pong_by == math.inf else self._pong_by

    def is_alive(self, now: float) -> bool:
        """False: the pong is late, and the client reads nothing that could delay it."""
        if now < self._pong_by:
            return True
        if self._by_socket and self._connection.transport.heard():
            self._pong_by = math.inf
            return True
        self._pong_by = now + self._pong_seconds
        return self._connection.is_moving()

    def is_ping_due(self, now: float) -> bool:
        """Never before the pong to the last ping: two pongs to one ping are an error."""
        return now >= self._ping_at and self._pong_by == math.inf

    def ping(self, now: float, *messages: bytes) -> None:
        """Send these messages, and the socket's own ping if it counts."""
        self._ping_at = now + self._ping_seconds
        self._connection.is_moving()
        if messages:
            self._connection.send(*messages)
        awaits_pong = True
        if self._by_socket:
            transport = self._connection.transport
            transport.heard()  # earlier messages are no answer to this ping
            awaits_pong = transport.ping()
        self._pong_by = now + self._pong_seconds if awaits_pong else math.inf

    def accept_pong(self) -> bool:
        """False for a pong without a ping."""
        if self._pong_by == math.inf:
            return False
        self._pong_by = math.inf
        return True
