"""The channels that wait for a cursor in this process, each once."""

import asyncio
import time
from dataclasses import dataclass
from enum import Enum

MAX_WAITING = 10_000
"""Beyond this, channels are left to the next comparison with the log."""


class _State(Enum):
    WAITS = 1
    AT_WORK = 2
    AT_WORK_AND_WAITS = 3


@dataclass(slots=True)
class _Entry:
    state: _State
    since: float


class CursorQueue:
    """First come, first served; a channel is given to one worker at a time."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self.has_overflowed = False
        """Whether a channel was dropped: compare all with the log, then reset it."""

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def longest_seconds(self) -> float:
        """How long the oldest of them has waited, or been worked on."""
        oldest = min((entry.since for entry in self._entries.values()), default=None)
        return 0.0 if oldest is None else time.monotonic() - oldest

    def put(self, channel: str) -> None:
        """Never waits. A channel at work is given out again afterwards."""
        entry = self._entries.get(channel)
        if entry is not None:
            if entry.state is _State.AT_WORK:
                entry.state = _State.AT_WORK_AND_WAITS
        elif len(self._entries) >= MAX_WAITING:
            self.has_overflowed = True
        else:
            self._enter(channel)

    async def take(self) -> str:
        """The next channel, once there is one; give it back with `done`."""
        channel = await self._waiting.get()
        self._entries[channel].state = _State.AT_WORK
        return channel

    def take_now(self) -> str | None:
        """The next channel, or None."""
        if self._waiting.empty():
            return None
        channel = self._waiting.get_nowait()
        self._entries[channel].state = _State.AT_WORK
        return channel

    def done(self, channel: str) -> None:
        if self._entries.pop(channel).state is _State.AT_WORK_AND_WAITS:
            self._enter(channel)

    def _enter(self, channel: str) -> None:
        self._entries[channel] = _Entry(_State.WAITS, time.monotonic())
        self._waiting.put_nowait(channel)
