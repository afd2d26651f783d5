"""Whether the peer of a socket is still there."""

from roomful.link.transport import Transport
from roomful.rooms.limits import RoomLimits
from roomful.rooms.session.reading import Reading


class Liveness:
    """Pings a silent peer, and gives it up when it neither answers nor reads."""

    __slots__ = ("_is_pong_due", "_limits", "_reading", "_taken", "_transport")

    def __init__(self, transport: Transport, reading: Reading, limits: RoomLimits) -> None:
        self._transport = transport
        self._reading = reading
        self._limits = limits
        self._is_pong_due = False
        self._taken: int | None = None

    def look(self) -> float | None:
        """Seconds until the next look; None: the peer is gone."""
        if self._transport.heard() or self._reading.is_paused:
            self._is_pong_due = False
            return self._limits.ping_seconds
        taken, self._taken = self._taken, self._transport.taken_bytes()
        if self._is_pong_due and (taken is None or taken == self._taken):
            return None  # while it reads earlier data, it may not have seen the ping yet
        self._is_pong_due = self._transport.ping()
        return self._limits.pong_seconds if self._is_pong_due else self._limits.ping_seconds
