"""One process of the server, as its sessions know it."""

from dataclasses import dataclass, field

from roomful.concurrency.task_scope import TaskScope
from roomful.link.rates import Rates
from roomful.link.timer_wheel import TimerWheel
from roomful.realtime.delivery.hub import Hub
from roomful.realtime.history.port import History
from roomful.realtime.limits import Limits
from roomful.realtime.node.emulation import Emulation
from roomful.realtime.node.lost_recoveries import LostRecoveries
from roomful.realtime.node.refusals import Refusals
from roomful.realtime.node.shutdown import Shutdown
from roomful.realtime.node.socket_registry import SocketRegistry
from roomful.realtime.policy import Policy
from roomful.realtime.presence.port import Presence
from roomful.realtime.presence.recorder import BLINK_SECONDS, RESTART_SECONDS, PresenceRecorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    version: str
    hub: Hub
    history: History
    presence: Presence
    presence_recorder: PresenceRecorder
    policy: Policy
    task_scope: TaskScope
    wheel: TimerWheel = field(default_factory=TimerWheel)
    sessions: SocketRegistry
    shutdown: Shutdown
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
        return RESTART_SECONDS if self.shutdown.has_begun else BLINK_SECONDS
