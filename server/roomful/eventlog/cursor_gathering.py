"""The events that wait a while for more, so that a cursor handles them together."""

import asyncio
from collections.abc import Mapping

from roomful.eventlog.cursor_batch import CursorRules
from roomful.eventlog.cursor_queue import MAX_WAITING


class Gathering:
    """Events are handed on together, `gather` after the first of them; with `at_once`, at most once in that time."""

    def __init__(self, rules: CursorRules) -> None:
        self._rules = rules
        self._bodies: dict[str, list[bytes]] = {}
        self._count = 0
        self._is_some = asyncio.Event()
        self._again_at = 0.0

    def add(self, channel: str, body: bytes) -> bool:
        """Whether it will be handed on: not if MAX_WAITING others wait. Never waits."""
        if self._count >= MAX_WAITING:
            return False
        self._bodies.setdefault(channel, []).append(body)
        self._count += 1
        self._is_some.set()
        return True

    async def take(self) -> Mapping[str, list[bytes]]:
        """The bodies that were added, by channel, when their time has come."""
        await self._is_some.wait()
        loop, seconds = asyncio.get_running_loop(), self._rules.gather.total_seconds()
        await asyncio.sleep(self._again_at - loop.time() if self._rules.at_once else seconds)
        self._again_at = loop.time() + seconds
        self._is_some.clear()
        taken, self._bodies = self._bodies, {}
        self._count = 0
        return taken
