"""People who follow a project, with every kind of connection and habit."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import httpx
import msgspec
from msgspec import Raw
from websockets.exceptions import WebSocketException

from tests.support.api import API, Person, Project
from tests.support.sockets import Closed
from tests.torture.cluster import Cluster, Node
from tests.torture.history import Json, Seen, Trail
from tests.torture.links import (
    CentrifugeLink,
    Ended,
    EventSourceLink,
    InboxLink,
    Link,
    Place,
    PlainLink,
    Reset,
    StreamLink,
)

PAGE = 200

Habit = Literal["steady", "drops", "slow", "late"]

LINKS: dict[str, Callable[..., Link]] = {
    "centrifuge": CentrifugeLink,
    "plain": PlainLink,
    "event-source": EventSourceLink,
    "stream": StreamLink,
    "inbox": InboxLink,
    "deltas": partial(CentrifugeLink, takes_deltas=True),
}


@dataclass(frozen=True, slots=True)
class Kind:
    link: str
    habit: Habit


KINDS = (
    Kind("centrifuge", "steady"),
    Kind("plain", "steady"),
    Kind("event-source", "steady"),
    Kind("stream", "steady"),
    Kind("deltas", "steady"),
    Kind("centrifuge", "drops"),
    Kind("plain", "drops"),
    Kind("event-source", "drops"),
    Kind("stream", "drops"),
    Kind("deltas", "drops"),
    Kind("centrifuge", "slow"),
    Kind("plain", "slow"),
    Kind("centrifuge", "late"),
    Kind("plain", "late"),
)

_LOST = (OSError, TimeoutError, WebSocketException, Closed, httpx.HTTPError, Ended, EOFError)
"""Errors that end or prevent a connection."""


class Reader:
    """Begins with a snapshot, follows from there, and comes back to any node whenever it is cut off.

    All that arrives goes into `trail` as it comes: whether it should have come is the judge's to say.
    """

    def __init__(self, kind: Kind, person: Person, project: Project, cluster: Cluster, rng: random.Random) -> None:
        self._kind = kind
        self._person = person
        self._project = project
        self._cluster = cluster
        self._rng = rng
        self.trail = Trail(f"{kind.link} {kind.habit} of {person.name}", person.id)
        self.offset = -1
        self.is_tired = kind.habit == "slow"
        self._epoch = ""

    async def run(self, late_seconds: float) -> None:
        """Follow for ever; a late reader starts after this time."""
        if self._kind.habit == "late":
            await asyncio.sleep(late_seconds)
        self.trail.snapshot = await self.take_snapshot()
        stream = self.trail.snapshot["stream"]
        self.offset, self._epoch = stream["offset"], stream["epoch"]
        self.trail.epochs.add(self._epoch)
        while True:
            node = self._rng.choice(self._cluster.nodes)
            stay_seconds = self._rng.uniform(1, 3) if self._kind.habit == "drops" else None
            try:
                async with asyncio.timeout(stay_seconds) as visit:
                    await self._follow(node)
            except _LOST as loss:
                why = "left by itself" if visit.expired() else name_of(loss)
                self.trail.losses[why] += 1
            await asyncio.sleep(self._rng.uniform(0.05, 0.4))

    async def take_snapshot(self) -> Json:
        snapshot: Json = (await self._get("/snapshot")).json()
        return snapshot

    async def _follow(self, node: Node) -> None:
        is_slow = self._kind.habit == "slow"
        speaks_to = self._rng.choice(self._cluster.nodes).url
        place = Place(self._person.token, self._project.id, self._epoch, self.offset, speaks_to, self._person.id)
        link = LINKS[self._kind.link](node, place, is_slow=is_slow)
        async with link:
            live_since = time.time()
            sleeps_at = time.monotonic() + self._rng.uniform(1, 4)
            while True:
                for item in await link.receive():
                    if isinstance(item, Reset):
                        await self._take_reset(item)
                    else:
                        self._take(item, None if is_slow else live_since)
                if self.is_tired and time.monotonic() > sleeps_at:
                    await link.fall_asleep(self._rng.uniform(1, 5))
                    sleeps_at = time.monotonic() + self._rng.uniform(1, 4)

    def _take(self, body: bytes, live_since: float | None) -> None:
        offset = msgspec.json.decode(body, type=_Offset).offset
        self.trail.seen.append(Seen(time.time(), offset, body, live_since))
        self.offset = max(self.offset, offset)

    async def _take_reset(self, reset: Reset) -> None:
        """Fill the gap page by page. Live events wait in the socket's queue meanwhile."""
        self.trail.resets += 1
        self.trail.epochs.add(reset.epoch)
        while self.offset < reset.offset:
            page = await self._get(f"/events?after={self.offset}&limit={min(PAGE, reset.offset - self.offset)}")
            for body in msgspec.json.decode(page.content, type=list[Raw]):
                self._take(bytes(body), None)

    async def _get(self, path: str) -> httpx.Response:
        return await self._ask(f"{self._project.path}{path}")

    async def _ask(self, path: str) -> httpx.Response:
        """Ask any node, until one answers."""
        while True:
            node = self._rng.choice(self._cluster.nodes)
            headers = {"Authorization": f"Bearer {self._person.token}"}
            try:
                response = await node.http.get(f"{API}{path}", headers=headers)
            except httpx.TransportError:
                response = None
            if response is not None and response.status_code == 200:
                return response
            await asyncio.sleep(0.2)


def name_of(loss: BaseException) -> str:
    """Why a connection ended, for the table."""
    if isinstance(loss, Closed):
        return f"closed {loss.code}"
    if isinstance(loss, Ended):
        return str(loss)
    return type(loss).__name__


class _Offset(msgspec.Struct):
    offset: int
