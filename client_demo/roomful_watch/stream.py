"""A project's events as one stream across lost connections."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from roomful_watch.backoff import Backoff
from roomful_watch.errors import ConnectionLost, EventsExpired

START_SECONDS = 5.0
"""The follower gives up on a server that it can't reach at first for this long."""

STABLE_SECONDS = 10.0
"""A connection that lasted this long resets the backoff, even without events."""


@dataclass(frozen=True, slots=True)
class Event:
    """`body` is the event's JSON, exactly as the server sent it."""

    offset: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Person:
    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Joined:
    person: Person


@dataclass(frozen=True, slots=True)
class Left:
    person: Person


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The server's answer: the stream's position, and all missed events if it could recover them."""

    epoch: str
    offset: int
    recovered: bool = False
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Connected:
    """The subscription is active; missed events follow."""

    offset: int
    present: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Disconnected:
    reason: str
    retry_seconds: float


@dataclass(frozen=True, slots=True)
class Skipped:
    """Events that are not available; the stream continues after `offset`."""

    reason: str
    offset: int


Item = Event | Joined | Left | Connected | Disconnected | Skipped


@dataclass(slots=True)
class Position:
    """Up to where a project's events have been seen. Without an offset: from now on. Without an epoch: any will do."""

    offset: int | None = None
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The events after the requested offset, oldest first."""

    epoch: str
    events: tuple[Event, ...]


class Connection(Protocol):
    """One live connection. Every method raises ConnectionLost or Refused when it ends."""

    async def subscribe(self, position: Position) -> Subscribed: ...

    async def present(self) -> tuple[Person, ...]:
        """The other people who are subscribed now."""
        ...

    def pushes(self) -> AsyncIterator[Event | Joined | Left]:
        """The events after the subscription, without end. They may repeat or have a gap."""
        ...


class Server(Protocol):
    """A project's server. Its methods raise ConnectionLost and Refused."""

    def connect(self) -> AbstractAsyncContextManager[Connection]: ...

    async def events(self, after: int) -> Page:
        """Past events. Raises EventsExpired."""
        ...


class Follower:
    """Follows one project: every event once, in order of offset, across any number of connections.

    `position` is that of the last event yielded; a later follower can continue from it.
    """

    def __init__(self, server: Server, *, since: int | None = None, backoff: Backoff | None = None) -> None:
        self.position = Position(since)
        self._server = server
        self._backoff = backoff or Backoff()
        self._ever_connected = False

    async def items(self) -> AsyncGenerator[Item]:
        """Events and presence, without end. Raises Refused, and ConnectionLost if it never reached the server."""
        started_at = time.monotonic()
        while True:
            connected_at = time.monotonic()
            try:
                async with self._server.connect() as connection:
                    connected_at = time.monotonic()
                    async for item in self._read(connection):
                        yield item
            except ConnectionLost as lost:
                now = time.monotonic()
                if not self._ever_connected and now - started_at > START_SECONDS:
                    raise
                if self._ever_connected and now - connected_at > STABLE_SECONDS:
                    self._backoff.reset()
                pause = Disconnected(str(lost), self._backoff.next_seconds())
            yield pause
            await asyncio.sleep(pause.retry_seconds)

    async def _read(self, connection: Connection) -> AsyncIterator[Item]:
        answer = await connection.subscribe(self.position)
        self._ever_connected = True
        yield Connected(answer.offset, await connection.present())
        async for item in self._catch_up(answer):
            yield item
        async for push in connection.pushes():
            if isinstance(push, Event):
                async for item in self._admit(push):
                    yield item
            else:
                yield push

    async def _catch_up(self, answer: Subscribed) -> AsyncIterator[Item]:
        """The events from our position to the start of the subscription."""
        known = self.position
        if known.offset is None:
            self.position = Position(answer.offset, answer.epoch)
        elif known.epoch not in ("", answer.epoch):
            yield self._skip_to(answer, "the project's history was replaced")
        elif known.offset > answer.offset and not answer.recovered:
            yield self._skip_to(answer, f"offset {known.offset} is beyond the newest event")
        else:
            known.epoch = answer.epoch
            for event in answer.events:
                async for item in self._admit(event):
                    yield item
            if not answer.recovered:
                async for item in self._fill(answer.offset):
                    yield item

    async def _admit(self, event: Event) -> AsyncIterator[Item]:
        """The event with any missing ones before it, or nothing if it is known."""
        assert self.position.offset is not None
        if event.offset > self.position.offset + 1:
            async for item in self._fill(event.offset - 1):
                yield item
        if event.offset == self.position.offset + 1:
            self.position.offset = event.offset
            self._backoff.reset()
            yield event

    async def _fill(self, until: int) -> AsyncIterator[Item]:
        """Past events up to this offset, page by page, or Skipped if they are no longer kept."""
        assert self.position.offset is not None
        while self.position.offset < until:
            after = self.position.offset
            try:
                page = await self._server.events(after)
            except EventsExpired:
                yield self._skip_to(
                    Subscribed(self.position.epoch, until), f"the events after offset {after} are no longer kept"
                )
                return
            if page.epoch != self.position.epoch or not page.events or page.events[0].offset != after + 1:
                # The log was replaced just now; the next subscription will tell.
                raise ConnectionLost(f"the server has no event {after + 1}")
            for event in page.events:
                self.position.offset = event.offset
                self._backoff.reset()
                yield event

    def _skip_to(self, answer: Subscribed, reason: str) -> Skipped:
        self.position = Position(answer.offset, answer.epoch)
        return Skipped(reason, answer.offset)
