"""Task scopes: owners of short asyncio tasks."""

import asyncio
import logging
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

logger = logging.getLogger(__name__)


class TaskScope:
    """Owns the short tasks of one part of the process, such as the commands of its sockets.

    A failed task is logged once, with its traceback, and does not disturb the others: this is the boundary for bugs in
    one session. Leaving the block cancels the running tasks and waits for them.
    """

    _loop: asyncio.AbstractEventLoop

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()  # kept: finding it takes a system call
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start work now. The scope keeps the task from the garbage collector until it ends. Call from the loop."""
        if self._closed:
            work.close()
            raise RuntimeError(f"{self._name} is closed")
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def drain(self, seconds: float) -> None:
        """Wait until the running tasks have ended, at most this long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a task failed", extra={"task_scope": self._name}, exc_info=error)


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do work that must not stop half-way: a cancellation of the caller waits for its end.

    The work must bound its own time.
    """
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
