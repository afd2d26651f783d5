"""Commands answered with an error: all counted, the server's own faults logged."""

import logging
import time
from collections import Counter

from roomful.link.token_bucket import TokenBucket
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import ClientError

logger = logging.getLogger(__name__)

LINES_A_MINUTE = 6
"""In an outage every client gets errors, and tries again."""


class CommandErrors:
    """Counts this process's error replies. `counted` is by method and code, both of which are few."""

    def __init__(self) -> None:
        self.counted: Counter[tuple[str, int]] = Counter()
        self._lines = TokenBucket(LINES_A_MINUTE, time.monotonic())
        self._unlogged = 0

    def count(self, method: str, error: ClientError) -> None:
        self.counted[method, error.code] += 1
        if error.code != codes.INTERNAL.code:
            return
        self._unlogged += 1
        if not self._lines.acquire(time.monotonic()):
            reason = type(error.__cause__).__name__ if error.__cause__ is not None else error.message
            fields = {"method": method, "code": error.code, "reason": reason, "since_last_line": self._unlogged}
            logger.warning("a command was refused for now", extra=fields)
            self._unlogged = 0
