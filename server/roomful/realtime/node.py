"""One process of the server, as its sessions know it."""

from dataclasses import dataclass, field

from roomful.realtime.attendance import BLINK_SECONDS, RESTART_SECONDS, Attendance
from roomful.realtime.departure import Departure
from roomful.realtime.emulation import Emulation
from roomful.realtime.history import PAGE_BYTES, History
from roomful.realtime.hub import Hub
from roomful.realtime.policy import Policy
from roomful.realtime.presence import Presence
from roomful.realtime.rates import Rates
from roomful.realtime.recoveries import LostRecoveries
from roomful.realtime.refusals import Refusals
from roomful.realtime.sessions import Sessions
from roomful.realtime.timers import Wheel
from roomful.supervision import Crew


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection, or one person, may cost. Times are seconds; 0 turns a rate off."""

    recovery: int = 300
    history: int = 300
    channels: int = 128
    connections_per_user: int = 100
    commands_per_minute: int = 6_000
    """By one person, over all their connections."""
    queued_commands: int = 1_024
    queued_bytes: int = 512 * 1024
    """Of frames whose commands wait for those before them; the command after them ends the connection."""
    message_bytes: int = 1024 * 1024
    ping_seconds: int = 25
    pong_seconds: int = 8
    connect_seconds: float = 10.0
    expiry_grace_seconds: float = 25.0
    page_bytes: int = PAGE_BYTES
    """Event data in one reply or one page of a stream; a first event that alone is larger is given nevertheless."""
    presence_bytes: int = 512 * 1024
    """Of a list of who is present. A longer one is refused: presence_stats counts a crowd."""
    resume_bytes: int = 256 * 1024
    """A reply or page of such a size is written when no more than this waits to be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    version: str
    hub: Hub
    history: History
    presence: Presence
    attendance: Attendance
    policy: Policy
    crew: Crew
    wheel: Wheel = field(default_factory=Wheel)
    sessions: Sessions
    departure: Departure
    emulation: Emulation
    rates: Rates
    lost_recoveries: LostRecoveries = field(default_factory=LostRecoveries)
    limits: Limits = field(default_factory=Limits)
    refusals: Refusals = field(default_factory=Refusals)

    @property
    def name(self) -> str:
        """By which other nodes find it."""
        return self.emulation.node

    def is_command_allowed(self, user: str) -> bool:
        """Count a command of a person."""
        return not self.rates.rate("commands", self.limits.commands_per_minute).take(user)

    def is_publish_allowed(self, user: str, per_minute: int) -> bool:
        """Count a publication of a person, to whichever channel has this limit."""
        return not self.rates.rate("publications", per_minute).take(user)

    @property
    def absence_seconds(self) -> float:
        """For how long somebody whose connection ends now may be away without having left."""
        return RESTART_SECONDS if self.departure.has_begun else BLINK_SECONDS
