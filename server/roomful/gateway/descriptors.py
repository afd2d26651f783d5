"""A watch for the process running out of descriptors for connections.

The event loop doesn't report it: libuv then accepts connections and closes them at once.
"""

import asyncio
import logging
import socket

from roomful.logs import Sampler

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5


class DescriptorWatch:
    """Looks twice a second whether one more socket can be opened; `exhausted` counts the times when it could not."""

    def __init__(self) -> None:
        self.exhausted = 0
        self._lines = Sampler(lines_a_minute=1)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._look()

    def _look(self) -> None:
        try:
            socket.socket().close()
        except OSError as error:  # EMFILE and ENFILE; also ENOBUFS and ENOMEM, which refuse connections just as well
            self.exhausted += 1
            if (left_out := self._lines.acquire()) is not None:
                reason = {"reason": error.strerror, "left_out": left_out}
                logger.error("no descriptor is left: new connections are closed", extra=reason)
