"""Commands that were answered with an error: counted all, and of those that are the server's fault some logged."""

import logging
import time
from collections import Counter

from roomful.link.token_bucket import TokenBucket
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import ClientError

logger = logging.getLogger(__name__)

LINES_A_MINUTE = 6
"""In an outage every client is refused, and comes again."""


class Refusals:
    """What this process has refused. `counted` is by method and code, both of which are few."""

    def __init__(self) -> None:
        self.counted: Counter[tuple[str, int]] = Counter()
        self._lines = TokenBucket(LINES_A_MINUTE, time.monotonic())
        self._untold = 0

    def note(self, method: str, error: ClientError) -> None:
        self.counted[method, error.code] += 1
        if error.code != codes.INTERNAL.code:
            return
        self._untold += 1
        if not self._lines.take(time.monotonic()):
            reason = type(error.__cause__).__name__ if error.__cause__ is not None else error.message
            what = {"method": method, "code": error.code, "reason": reason, "since_last_line": self._untold}
            logger.warning("a command was refused for now", extra=what)
            self._untold = 0
