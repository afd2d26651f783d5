"""Snapshots of projects, each built once for all who ask for it at the same offset."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.concurrency.single_flight import SingleFlight
from roomful.concurrency.task_scope import TaskScope
from roomful.db.engine import Database
from roomful.errors import NotFound, RateLimited, Unavailable
from roomful.eventlog import log
from roomful.eventlog.log import Position
from roomful.projects import members, service
from roomful.projects.models import Role
from roomful.projects.schemas import Project
from roomful.snapshots.packed import PackedSnapshot
from roomful.snapshots.schemas import Stream
from roomful.tasks import service as tasks

AT_ONCE = 2
"""Builds that run at the same time. Each has one connection of the pool, and one page in memory."""

PAGE_TASKS = 100
MAX_WAIT_SECONDS = 10.0
MAX_BUILD_SECONDS = 60.0

KEPT_SECONDS = 5.0
"""A crowd that comes back after a restart asks for the same within seconds."""

MAX_KEPT = 32
MAX_READERS_PER_PERSON = 16


class Snapshots:
    """Builds snapshots page by page and keeps them for a moment.

    A build reads one consistent state, encodes and compresses it in a thread, and gives its connection back before
    anything is sent: no reader, however slow, holds one.
    """

    def __init__(self, database: Database, task_scope: TaskScope) -> None:
        self._database = database
        self._calls = SingleFlight(task_scope)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._kept: dict[_Key, PackedSnapshot] = {}
        self._readers: Counter[str] = Counter()

    async def get(self, project_id: str, role: Role, newest: Position) -> PackedSnapshot:
        """The project as a member with this role sees it, at `newest` or later.

        Raises NotFound for a project that is gone meanwhile, Unavailable when others keep the builders busy.
        """
        key = (project_id, role, newest)
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        return await self._calls.call(key, partial(self._build, key))

    @contextmanager
    def reading(self, user_id: str) -> Iterator[None]:
        """For as long as a snapshot is sent to somebody. Raises RateLimited: nobody reads more than a few at once."""
        if self._readers[user_id] >= MAX_READERS_PER_PERSON:
            raise RateLimited(1)
        self._readers[user_id] += 1
        try:
            yield
        finally:
            self._readers[user_id] -= 1
            if not self._readers[user_id]:
                del self._readers[user_id]

    async def _build(self, key: "_Key") -> PackedSnapshot:
        project_id, role, _ = key
        try:
            async with asyncio.timeout(MAX_WAIT_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise Unavailable("Others are loading large projects; try again soon.") from None
        try:
            async with asyncio.timeout(MAX_BUILD_SECONDS), self._database.read() as session:
                position, packed = await _pack(session, project_id, role)
        finally:
            self._slots.release()
        self._keep((project_id, role, position), packed)
        return packed

    def _keep(self, key: "_Key", packed: PackedSnapshot) -> None:
        if len(self._kept) < MAX_KEPT:
            self._kept[key] = packed
            asyncio.get_running_loop().call_later(KEPT_SECONDS, self._kept.pop, key, None)


_Key = tuple[str, Role, Position]


async def _pack(session: AsyncSession, project_id: str, role: Role) -> tuple[Position, PackedSnapshot]:
    """The snapshot as the session's transaction sees it."""
    channel = project_channel(project_id)
    state = await service.find_state(session, project_id)
    if state is None:
        raise NotFound
    position = await log.head(session, channel)
    head = {
        "project": Project.of(state, role, position.offset).model_dump(),
        "members": [member.model_dump() for member in await members.list_everybody(session, project_id)],
    }
    stream = Stream(channel=channel, offset=position.offset, epoch=position.epoch)
    packed = PackedSnapshot()
    await asyncio.to_thread(_begin, packed, head)
    page: Sequence[Any] = []
    while True:
        after = page[-1] if page else None
        page = await tasks.read_page(session, project_id, after=after, limit=PAGE_TASKS)
        await asyncio.to_thread(_add_tasks, packed, page, is_first=after is None)
        if len(page) < PAGE_TASKS:
            break
    await asyncio.to_thread(_end, packed, {"documents": [], "stream": stream.model_dump()})
    return position, packed


def _begin(packed: PackedSnapshot, head: dict[str, Any]) -> None:
    packed.write(msgspec.json.encode(head)[:-1] + b',"tasks":[')


def _add_tasks(packed: PackedSnapshot, rows: Sequence[Any], *, is_first: bool) -> None:
    if rows:
        packed.write((b"" if is_first else b",") + msgspec.json.encode([row._asdict() for row in rows])[1:-1])


def _end(packed: PackedSnapshot, tail: dict[str, Any]) -> None:
    packed.write(b"]," + msgspec.json.encode(tail)[1:])
    packed.finish()
