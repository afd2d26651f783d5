"""The end of a node's sockets: spread over time, so that a crowd doesn't come back all at once."""

import asyncio

from roomful.concurrency.task_scope import TaskScope
from roomful.realtime.node.socket_registry import SocketRegistry
from roomful.realtime.protocol.codes import SHUTDOWN

STEP_SECONDS = 0.05
SOCKETS_PER_SECOND = 100
"""A crowd smaller than this leaves within a second; a larger one takes the time it is given.

To let one in costs a node some 5 ms: this many a second leave it time for its own.
"""


class Shutdown:
    """Closes every socket with 3001, on which clients come back at once, to whoever still accepts them."""

    def __init__(self, sessions: SocketRegistry, task_scope: TaskScope, *, grace_seconds: float) -> None:
        self._sessions = sessions
        self._task_scope = task_scope
        # Some of the grace is for what is in flight when the last socket has been told.
        self._most_seconds = grace_seconds * 0.65
        self.has_begun = False

    def begin(self) -> None:
        """Start closing. Idempotent; never waits."""
        if not self.has_begun:
            self.has_begun = True
            self._task_scope.spawn(self._close_in_turn())

    def finish(self) -> None:
        """Close those that are left now."""
        self.has_begun = True
        for session in self._sessions.everybody():
            session.end(SHUTDOWN)

    async def _close_in_turn(self) -> None:
        leaving = self._sessions.everybody()
        seconds = min(self._most_seconds, len(leaving) / SOCKETS_PER_SECOND)
        steps = max(1, int(seconds / STEP_SECONDS))
        for step in range(steps):
            for session in leaving[step::steps]:
                session.end(SHUTDOWN)
            await asyncio.sleep(STEP_SECONDS)
        self.finish()  # those that came in meanwhile
