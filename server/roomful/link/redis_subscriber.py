"""This process's Redis subscriptions, kept over every reconnect."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from redis.exceptions import ConnectionError as LinkBroken

from roomful.link.redis_server import DEADLINE_SECONDS, Link, RedisServer, packed

PART = "subscriber"
CHANNELS_PER_COMMAND = 1000
SILENCE_SECONDS = 5.0
"""A connection without a sign of life for this long is replaced, however open it looks."""
DOUBTFUL_SECONDS = 2.5
"""Signs of life are due once a second: after this long without one, messages may have been lost."""

Verb = Literal[b"subscribe", b"unsubscribe"]


@dataclass(slots=True)
class _Request:
    """A command on its way. Redis replies in the order of the requests, once for each channel."""

    verb: Verb
    name: bytes
    confirmed: asyncio.Future[bool]


class RedisSubscriber:
    """Subscribes to channels in the order of the calls, and passes each message to `on_message(name, message)`.

    The owner calls `confirm_alive` for a message that proves the connection works. After SILENCE_SECONDS without one
    the connection is replaced: the messages of that time are lost, and every channel is subscribed to again.
    """

    def __init__(self, server: RedisServer, on_message: Callable[[bytes, bytes], None]) -> None:
        self._server = server
        self._on_message = on_message
        self._wanted: dict[bytes, asyncio.Future[bool] | None] = {}
        self._unsent: deque[_Request] = deque()
        self._unanswered: deque[_Request] = deque()
        self._has_unsent = asyncio.Event()
        self.is_linked = False
        self.linked_at = float("-inf")
        self._silence: asyncio.Timeout | None = None
        self.alive_at = float("-inf")
        self.has_been_alive = asyncio.Event()
        self._proven: int | None = None
        self.connects = 0

    async def subscribe(self, name: bytes) -> bool:
        """Whether Redis has confirmed it before the deadline. If not, it is asked again when it is back."""
        if name not in self._wanted:
            self._wanted[name] = self._ask(b"subscribe", name) if self.is_linked else None
        confirmed = self._wanted[name]
        if confirmed is None:
            return False
        if not confirmed.done():
            await asyncio.wait([confirmed], timeout=DEADLINE_SECONDS)
        return confirmed.done() and confirmed.result()

    def unsubscribe(self, name: bytes) -> None:
        if name in self._wanted:
            del self._wanted[name]
            if self.is_linked:
                self._ask(b"unsubscribe", name)

    def confirm_alive(self) -> None:
        """A message of this process has come back to it."""
        self.alive_at = time.monotonic()
        self._proven = self.connects
        self.has_been_alive.set()
        if self._silence is not None and not self._silence.expired():
            self._silence.reschedule(asyncio.get_running_loop().time() + SILENCE_SECONDS)
        self._server.found(PART)

    @property
    def continuity(self) -> int | None:
        """The number of the connection; None unless it has been confirmed alive a moment ago."""
        is_proven = self.is_linked and self._proven == self.connects
        return self._proven if is_proven and time.monotonic() - self.alive_at < DOUBTFUL_SECONDS else None

    async def run(self) -> None:
        await self._server.keep_linked(PART, self._serve)

    async def _serve(self, link: Link) -> None:
        try:
            async with asyncio.timeout(SILENCE_SECONDS) as self._silence:
                self._begin()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._send(link))
                    tasks.create_task(self._read(link))
        finally:
            self._silence = None
            self._end()

    def _begin(self) -> None:
        self.is_linked = True
        self.linked_at = time.monotonic()
        self.connects += 1
        for name in self._wanted:
            self._wanted[name] = self._ask(b"subscribe", name)

    def _end(self) -> None:
        self.is_linked = False
        for request in (*self._unanswered, *self._unsent):
            request.confirmed.set_result(False)
        self._unsent.clear()
        self._unanswered.clear()
        for name in self._wanted:
            self._wanted[name] = None

    def _ask(self, verb: Verb, name: bytes) -> asyncio.Future[bool]:
        request = _Request(verb, name, asyncio.get_running_loop().create_future())
        self._unsent.append(request)
        self._has_unsent.set()
        return request.confirmed

    async def _send(self, link: Link) -> None:
        while True:
            await self._has_unsent.wait()
            self._has_unsent.clear()
            requests, self._unsent = self._unsent, deque()
            self._unanswered += requests
            await link.send(b"".join(_commands(requests)))

    async def _read(self, link: Link) -> None:
        while True:
            match await link.read():
                case [b"message", bytes(name), bytes(message)]:
                    self._on_message(name, message)
                case [b"subscribe" | b"unsubscribe" as verb, bytes(name), int()]:
                    self._confirm(verb, name)
                case answer:
                    raise LinkBroken(f"a reply to no request: {_shown(answer)}")

    def _confirm(self, verb: bytes, name: bytes) -> None:
        request = self._unanswered.popleft() if self._unanswered else None
        if request is None or (request.verb, request.name) != (verb, name):
            raise LinkBroken("replies in another order than the requests")
        request.confirmed.set_result(True)


def _commands(requests: deque[_Request]) -> list[bytes]:
    """As few commands as keep the order."""
    commands = []
    for verb, group in groupby(requests, key=lambda request: request.verb):
        names = [request.name for request in group]
        for start in range(0, len(names), CHANNELS_PER_COMMAND):
            commands.append(packed(verb.upper(), *names[start : start + CHANNELS_PER_COMMAND]))
    return commands


def _shown(answer: Any) -> str:
    return repr(answer)[:80]
