"""A node: one process of the server, as its sessions use it."""

from dataclasses import dataclass, field

from roomful.concurrency.task_scope import TaskScope
from roomful.link.rates import Rates
from roomful.link.timer_wheel import TimerWheel
from roomful.realtime.delivery.hub import Hub
from roomful.realtime.history.port import History
from roomful.realtime.limits import Limits
from roomful.realtime.node.command_errors import CommandErrors
from roomful.realtime.node.emulation import Emulation
from roomful.realtime.node.lost_recoveries import LostRecoveries
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
    command_errors: CommandErrors = field(default_factory=CommandErrors)

    @property
    def name(self) -> str:
        """The name under which other nodes reach it."""
        return self.emulation.node

    def is_full_for(self, user: str) -> bool:
        """Whether a person has as many connections here as one may have."""
        most = self.limits.connections_per_user
        return bool(most) and self.sessions.count_of_user(user) >= most

    def is_command_allowed(self, user: str) -> bool:
        """Count a person's command against the limit."""
        return not self.rates.rate("commands", self.limits.commands_per_minute).acquire(user)

    def is_publish_allowed(self, user: str, per_minute: int) -> bool:
        """Count a person's publication against a limit, which all channels with the same limit share."""
        return not self.rates.rate("publications", per_minute).acquire(user)

    @property
    def absence_seconds(self) -> float:
        """The grace period before a leave, for a connection that ends now."""
        return RESTART_SECONDS if self.shutdown.has_begun else BLINK_SECONDS
