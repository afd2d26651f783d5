"""The command queue of one session."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from roomful.concurrency.task_scope import TaskScope
from roomful.realtime.limits import Limits
from roomful.realtime.protocol.commands import Command

COMMAND_SECONDS = 10.0
"""After this a command hangs. Its own deadlines are shorter. Checked with the pings."""


class Owner(Protocol):
    def commands_done(self) -> None:
        """Every command of the queue has been handled: let go of it."""


OwnerT = TypeVar("OwnerT", bound=Owner)


class CommandQueue:
    """Handles commands strictly in order, since an SDK sends its first subscribes behind its connect without waiting.

    Bounded by number and bytes. It has a task while there are commands, and an idle session has no queue.
    """

    __slots__ = ("_bytes", "_commands", "_handling_since", "_limits", "_task", "_task_scope")

    def __init__(self, limits: Limits, task_scope: TaskScope) -> None:
        self._limits = limits
        self._task_scope = task_scope
        self._commands: list[Command] = []  # short
        self._bytes = 0  # of the frames since it was last empty: a command keeps its whole frame in memory
        self._task: asyncio.Task[None] | None = None
        self._handling_since = 0.0

    def put(self, command: Command) -> bool:
        """False: the queue is full."""
        if len(self._commands) >= self._limits.queued_commands or self._bytes > self._limits.queued_bytes:
            return False
        self._commands.append(command)
        return True

    def run(self, owner: OwnerT, handle: Callable[[OwnerT, Command], Awaitable[None]], frame_bytes: int) -> None:
        """Start handling the commands that a frame has added, if there are any: `handle(owner, command)` for each."""
        if self._commands:
            self._bytes += frame_bytes
            if self._task is None:
                self._handling_since = time.monotonic()  # somebody may look before the task's first turn
                self._task = self._task_scope.spawn(self._handle_all(owner, handle))

    def clear(self) -> None:
        """Drop all commands but the one that is being handled."""
        self._commands.clear()
        self._bytes = 0

    def hangs(self, now: float) -> bool:
        return self._task is not None and now > self._handling_since + COMMAND_SECONDS

    def cancel(self) -> None:
        """Cancel the command that is being handled."""
        if self._task is not None:
            self._task.cancel()

    async def _handle_all(self, owner: OwnerT, handle: Callable[[OwnerT, Command], Awaitable[None]]) -> None:
        try:
            while self._commands:
                self._handling_since = time.monotonic()
                command = self._commands.pop(0)
                if not self._commands:
                    self._bytes = 0
                await handle(owner, command)
        finally:
            self._task = None
            owner.commands_done()
