"""Background loops: asyncio tasks that run as long as the process."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

logger = logging.getLogger(__name__)

CANCEL_AGAIN_SECONDS = 10.0
"""Longer than any loop takes to end. One whose cancellation came up as an outage has gone on."""


class BackgroundLoops:
    """Owns the loops that run as long as the process.

    A loop handles the outages it expects. Any other exception is a bug that leaves a part of the server dead, so the
    whole process stops (SIGTERM, exit code 1): its supervisor starts a new one, and clients recover from the log. A
    server that answers without reconciling its channels would be worse.
    """

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], str] = {}
        self.has_failed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = set(self._tasks)
        while left:
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_SECONDS)

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
