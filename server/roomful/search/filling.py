"""Filling the index with a project that it does not know: at the first start with a search, or after a rebuild.

Goes on where it was, whatever dies meanwhile: each part is committed together with how far it came, and a part counts
only if nobody else has done it.
"""

import time
from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import parse_channel, project_channel
from roomful.db.engine import Database
from roomful.documents.conversions import Conversions
from roomful.eventlog import cursor_rows, log
from roomful.eventlog.cursor_batch import Later, Transaction
from roomful.eventlog.cursor_rows import LeaseLost, Place
from roomful.search import index, sources
from roomful.search.discussions import Discussions
from roomful.search.models import FILL
from roomful.search.sources import Part

WORK_SECONDS = 10.0
"""At once. The handler of a cursor has 30 s, and a part may take some."""


class _Progress(NamedTuple):
    upto: int
    has_tasks: bool
    after: str


class Filling:
    """The filling of projects by one process."""

    def __init__(
        self, database: Database, transaction: Transaction, conversions: Conversions, discussions: Discussions
    ) -> None:
        self._database = database
        self._transaction = transaction
        self._conversions = conversions
        self._discussions = discussions

    async def fill(self, place: Place) -> int:
        """Make all entries of the project whose channel the cursor does not know, or has lost events of.

        Returns the offset of the newest event that they include. Raises Later when there is more to do, LeaseLost when
        another process has done a part meanwhile.
        """
        until = time.monotonic() + WORK_SECONDS
        project_id = project_of(place.channel)
        progress = await self._progress(project_id)
        while progress is None:
            progress = await self._begin(project_id, place)
        while True:
            part = await self._read(project_id, progress)
            if part.after is None and progress.has_tasks:
                return progress.upto
            tasks = [source.id for source in part.sources if source.type == "task"]
            if tasks:
                await self._discussions.complete(place, project_id, tasks)
            progress = await self._store(project_id, progress, part)
            if time.monotonic() > until:
                raise Later(0)

    async def end(self, session: AsyncSession, project_id: str) -> None:
        """Forget how far it came, in the transaction that moves the cursor. That calls `index.claim` first."""
        await session.execute(_END, {"project": project_id})

    async def _progress(self, project_id: str) -> _Progress | None:
        async with self._database.read() as session:
            return await _find(session, project_id)

    async def _begin(self, project_id: str, place: Place) -> _Progress | None:
        """Remove what is left of an earlier time, a part at once, then begin. None: there is more to remove."""
        async with self._transaction() as session:
            await index.claim(session)
            await cursor_rows.require_same_position(session, place)
            begun = await _find(session, project_id)
            if begun is not None:
                return begun
            if await index.remove_some(session, project_id) == index.REMOVED_AT_ONCE:
                return None
            begun = _Progress((await log.head(session, place.channel)).offset, has_tasks=False, after="0")
            await session.execute(_BEGIN, {"project_id": project_id, **begun._asdict()})
            await index.put(session, await index.prepare(project_id, await sources.project(session, project_id)))
            return begun

    async def _read(self, project_id: str, progress: _Progress) -> Part:
        async with self._database.read() as session:
            if progress.has_tasks:
                return await sources.documents_after(session, project_id, progress.after, self._conversions)
            return await sources.tasks_after(session, project_id, int(progress.after))

    async def _store(self, project_id: str, progress: _Progress, part: Part) -> _Progress:
        rows = await index.prepare(project_id, part.sources)
        is_last = part.after is None
        done = progress._replace(has_tasks=progress.has_tasks or is_last, after=part.after or "")
        async with self._transaction() as session:
            await index.claim(session)
            known = {"known_tasks": progress.has_tasks, "known_after": progress.after}
            values = {"project": project_id, **known, "has_tasks": done.has_tasks, "after": done.after}
            changed = await session.execute(_ADVANCE, values)
            if changed.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's result counts rows
                raise LeaseLost(project_channel(project_id))
            await index.put(session, rows)
        return done


def project_of(channel: str) -> str:
    name = parse_channel(channel)
    assert name is not None  # the log's names are ours
    return name.id


async def _find(session: AsyncSession, project_id: str) -> _Progress | None:
    row = (await session.execute(_FIND, {"project": project_id})).one_or_none()
    return None if row is None else _Progress._make(row)


_ONE = FILL.c.project_id == bindparam("project")
_FIND = select(FILL.c.upto, FILL.c.has_tasks, FILL.c.after).where(_ONE)
_BEGIN = insert(FILL)
_END = delete(FILL).where(_ONE)
_ADVANCE = update(FILL).where(
    _ONE, FILL.c.has_tasks == bindparam("known_tasks"), FILL.c.after == bindparam("known_after")
)
