"""Loops that run as long as the process."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

logger = logging.getLogger(__name__)


class BackgroundLoops:
    """Owns the loops that run as long as the process.

    A loop deals with the outages it expects. Any other exception is a bug that has left a part of the server dead, so
    the whole process is asked to end (SIGTERM, exit code 1): whoever watches over it starts a new one, and clients come
    back to what is in the log. A server that goes on answering without its sweep would be worse.
    """

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], str] = {}
        self.has_failed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def run(self, name: str, loop: Coroutine[Any, Any, None]) -> None:
        """Run a loop until this block is left. Call from the event loop."""
        task = asyncio.get_running_loop().create_task(loop, name=name)
        self._tasks[task] = name
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self.has_failed:
            return
        self.has_failed = True
        logger.critical("a background loop ended", extra={"loop": self._tasks[task]}, exc_info=task.exception())
        signal.raise_signal(signal.SIGTERM)
