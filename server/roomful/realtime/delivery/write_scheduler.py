"""The write scheduler, which shares the event loop among the channels that write."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

TURN_SECONDS = 0.001
"""How long one turn of the loop writes, give or take a slice, before it reads its sockets again."""


class Writer(Protocol):
    """A channel with something to write."""

    def write_slice(self) -> bool:
        """Write one slice. Returns whether there is more to write."""


class WriteScheduler:
    """Shares the loop among the channels that have something to write, so that a large one delays no other.

    A new writer goes before those amid a long write: a small channel is done with its first slice. Long writes
    alternate, a slice each, and at least one slice of them is written in every turn of the loop.

    `delay_seconds` is how long a channel waits for more messages before its first slice.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter, *, delay_seconds: float = 0.0) -> None:
        self._fresh: deque[Writer] = deque()
        self._under_way: deque[Writer] = deque()
        self._is_scheduled = False
        self._clock = clock
        self._delay_seconds = delay_seconds

    def enter(self, writer: Writer) -> None:
        """Let a channel write until nothing is left, beginning in the next turn of the loop; once at a time."""
        if self._delay_seconds:
            asyncio.get_running_loop().call_later(self._delay_seconds, self._admit, writer)
        else:
            self._admit(writer)

    def _admit(self, writer: Writer) -> None:
        self._fresh.append(writer)
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._is_scheduled = False
        try:
            self._advance(self._clock() + TURN_SECONDS)
        finally:
            if self._fresh or self._under_way:
                self._schedule()

    def _advance(self, until: float) -> None:
        for waiting in (self._fresh, self._under_way):
            while waiting:
                self._write_slice(waiting.popleft())
                if self._clock() >= until:
                    break

    def _write_slice(self, writer: Writer) -> None:
        if writer.write_slice():
            self._under_way.append(writer)
