"""Large recoveries that were sent and did not arrive."""

import time
from collections import OrderedDict

from roomful.realtime.publication import Position

SURE_BYTES = 32 * 1024
"""Of event data. At 100 kbit/s it takes half of the 5 s for which SDKs wait for a reply."""
DOUBTFUL_SECONDS = 30.0
"""When a connection ends this soon after a larger recovery, the recovery may be the reason."""
REMEMBERED_SECONDS = 60.0
MAX_REMEMBERED = 10_000

Recovery = tuple[str, str, Position]
"""The user, the channel, and the position from which to recover."""


class LostRecoveries:
    """Remembers for a minute the large recoveries that were lost with their connection.

    An SDK on a line too slow for a reply gives up after 5 s, reconnects, and asks again from the same position. The
    same reply would be lost again, so it gets `recovered: false` instead, and loads the present state. A client whose
    recovery arrived never asks from that position again.
    """

    def __init__(self) -> None:
        self._until: OrderedDict[Recovery, float] = OrderedDict()
        self._sent: dict[object, list[tuple[float, Recovery]]] = {}

    def __contains__(self, recovery: Recovery) -> bool:
        return self._until.get(recovery, 0.0) > time.monotonic()

    def sent(self, session: object, recovery: Recovery) -> None:
        """A large recovery goes out to a session, which calls `session_ended` at its end."""
        now = time.monotonic()
        doubtful = [each for each in self._sent.get(session, ()) if each[0] > now]
        self._sent[session] = [*doubtful, (now + DOUBTFUL_SECONDS, recovery)]

    def session_ended(self, session: object) -> None:
        """Treat the session's newest recoveries as lost."""
        now = time.monotonic()
        for doubtful_until, recovery in self._sent.pop(session, ()):
            if doubtful_until > now:
                self._until[recovery] = now + REMEMBERED_SECONDS
                self._until.move_to_end(recovery)
                if len(self._until) > MAX_REMEMBERED:
                    self._until.popitem(last=False)
