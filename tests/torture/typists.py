"""People who type in one document, by either wire, with a connection and without."""

import asyncio
import random
from collections import deque
from dataclasses import dataclass
from uuid import uuid4

from websockets.exceptions import WebSocketException

from tests.support.api import Person
from tests.support.sockets import Closed
from tests.torture.cluster import Cluster, Node
from tests.torture.document_links import Asked, DocumentLink, NotTaken, Stored, Told, Wire
from tests.torture.history import Manuscript
from tests.torture.links import Ended
from tests.torture.readers import Habit, name_of
from tests.torture.replica import Replica

EDITS_PER_SECOND = 4.0
"""By one person, whether or not there is a connection."""

_LOST = (OSError, TimeoutError, WebSocketException, Closed, Ended, EOFError)
"""What ends a connection, or keeps one from coming about."""


@dataclass(frozen=True, slots=True)
class TypistKind:
    wire: Wire
    habit: Habit
    types: bool = True


TYPIST_KINDS = (
    TypistKind("y-websocket", "steady"),
    TypistKind("hocuspocus", "steady"),
    TypistKind("y-websocket", "drops"),
    TypistKind("hocuspocus", "drops"),
)
GUEST_KINDS = (TypistKind("y-websocket", "steady"), TypistKind("hocuspocus", "steady"))
VIEWER_KINDS = (TypistKind("y-websocket", "steady", types=False), TypistKind("hocuspocus", "drops", types=False))


class Typist:
    """Keeps every update that was acknowledged, for the judge to look for."""

    def __init__(
        self, kind: TypistKind, person: Person, document_id: str, cluster: Cluster, rng: random.Random
    ) -> None:
        self.kind = kind
        self.replica = Replica()
        self.manuscript = Manuscript(f"{kind.wire} {kind.habit} of {person.name}")
        self.is_tired = True
        self._person = person
        self._document_id = document_id
        self._cluster = cluster
        self._rng = rng
        self._link: DocumentLink | None = None
        self._waiting: deque[bytes] = deque()
        self._has_answered = False

    @property
    def lag(self) -> str:
        """Why it is not level with the server; empty when it is connected, and all that it sent is answered."""
        if self._link is None:
            return "it has no connection"
        if not self._has_answered:
            return "it was not asked for what it has"
        return f"{len(self._waiting)} updates are neither stored nor refused" if self._waiting else ""

    async def type(self, stop: asyncio.Event) -> None:
        """Edit until told to stop."""
        while self.kind.types and not stop.is_set():
            updates = self.replica.edit(f"{uuid4().hex[:6]} ", self._rng)
            self.manuscript.made += len(updates)
            for update in updates:
                await self._tell(update)
            await asyncio.sleep(self._rng.expovariate(EDITS_PER_SECOND))

    async def run(self) -> None:
        """Be connected for ever, to any node."""
        while True:
            node = self._rng.choice(self._cluster.nodes)
            seconds = self._rng.uniform(1, 3) if self.kind.habit == "drops" and self.is_tired else None
            try:
                async with asyncio.timeout(seconds) as visit:
                    await self._visit(node)
            except _LOST as loss:
                self.manuscript.losses["left by itself" if visit.expired() else name_of(loss)] += 1
            finally:
                self._link = None
            await asyncio.sleep(self._rng.uniform(0.05, 0.4))

    async def _visit(self, node: Node) -> None:
        self._waiting.clear()
        self._has_answered = False
        async with DocumentLink(node, self.kind.wire, self._document_id, self._person.token) as link:
            await link.ask(self.replica.doc.get_state())
            self._link = link
            while True:
                match await link.receive():
                    case Asked(state_vector):
                        await self._answer(link, state_vector)
                    case Told(update):
                        self.replica.apply(update)
                    case Stored(updates):
                        self.manuscript.acknowledged += [self._waiting.popleft() for _ in range(updates)]
                    case NotTaken():
                        self._waiting.popleft()
                        self.manuscript.refused += 1

    async def _answer(self, link: DocumentLink, state_vector: bytes) -> None:
        update = self.replica.doc.get_update(state_vector)
        self._waiting.append(update)
        self._has_answered = True
        await link.answer(update)

    async def _tell(self, update: bytes) -> None:
        """Without a connection it is told with the rest, when there is one again."""
        if self._link is None:
            return
        self._waiting.append(update)
        try:
            await self._link.tell(update)
        except _LOST:
            return  # whoever receives learns of it too
