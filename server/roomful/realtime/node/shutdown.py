"""The shutdown of a node: closes its sockets over some time, so that not all clients reconnect at once."""

from roomful.concurrency.task_scope import TaskScope
from roomful.link.drain import close_in_turn
from roomful.realtime.node.socket_registry import SocketRegistry
from roomful.realtime.protocol.codes import SHUTDOWN


class Shutdown:
    """Closes every socket with 3001, on which clients reconnect at once, to another node."""

    def __init__(self, sessions: SocketRegistry, task_scope: TaskScope, *, grace_seconds: float) -> None:
        self._sessions = sessions
        self._task_scope = task_scope
        # The rest of the grace period is for work in flight when the last socket is closed.
        self._most_seconds = grace_seconds * 0.65
        self.has_begun = False

    def begin(self) -> None:
        """Start closing. Idempotent; never waits."""
        if not self.has_begun:
            self.has_begun = True
            self._task_scope.spawn(self._close_in_turn())

    def finish(self) -> None:
        """Close the remaining sockets now."""
        self.has_begun = True
        for session in self._sessions.everybody():
            session.end(SHUTDOWN)

    async def _close_in_turn(self) -> None:
        leaving = self._sessions.everybody()
        await close_in_turn(leaving, lambda session: session.end(SHUTDOWN), most_seconds=self._most_seconds)
        self.finish()  # sockets opened meanwhile
