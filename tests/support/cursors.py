"""Cursors for tests: what they did is kept in a channel of the log, or in a file outside the database."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.db.engine import Database
from roomful.eventlog import log, several
from roomful.eventlog.cursor import Cursor
from roomful.eventlog.cursor_batch import Batch, CursorRules
from roomful.eventlog.log import EventData
from roomful.eventlog.models import LOG_CURSOR
from tests.conftest import settings_for

DONE = "user:done"
"""The channel of what was done."""

IN_DATABASE = CursorRules(name="copy", prefix="project:")
OUTSIDE = CursorRules(name="post", prefix="project:", lease=timedelta(seconds=60))


def mark_of(body: bytes) -> object:
    return msgspec.json.decode(body)["data"]["task"]


@dataclass
class Copier:
    """Copies each event's mark into DONE, or to `deeds` if `leaves` is set, where no database takes it back."""

    database: Database
    rules: CursorRules = IN_DATABASE
    deeds: list[object] = field(default_factory=list)
    poison: object = None
    asked: list[str] = field(default_factory=list)
    """The channels of whose events the cursor asked whether they are concerned."""
    unconcerned: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.cursor = Cursor(self.rules, self.database, self.transaction, self.handle, concerned=self.concerned)

    async def concerned(self, gathered: Mapping[str, Sequence[bytes]]) -> Collection[str]:
        self.asked += gathered
        return [channel for channel in gathered if channel not in self.unconcerned]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with self.database.write() as session:
            yield session
            await session.commit()

    async def handle(self, batch: Batch) -> None:
        marks = [mark_of(event.data) for event in batch.events]
        if self.poison is not None and self.poison in marks:
            raise ValueError("poisoned")
        if self.rules.lease is not None:
            self.deeds += marks
            return
        async with self.transaction() as session:
            locked = await several.lock(session, [DONE])
            await several.append(session, locked, [(DONE, note(mark)) for mark in marks])
            await batch.advance(session)

    async def done(self) -> list[object]:
        """What the database says was done, by whichever process."""
        async with self.database.read() as session:
            page = await log.read_since(session, DONE, 0, limit=1_000)
        return [mark_of(event.data) for event in page.publications]


def note(mark: object) -> EventData:
    return EventData(type="copied", actor_id=None, data={"task": mark})


async def let_time_pass(database: Database) -> None:
    """Leases run out, and attempts are due."""
    async with database.write() as session:
        await session.execute(update(LOG_CURSOR).values(due_at=now() - timedelta(seconds=1)).where(_WAITS))
        await session.commit()


_WAITS = LOG_CURSOR.c.due_at.is_not(None)


async def _hang(url: str, rules: CursorRules, path: Path) -> None:
    """Handle one batch, and stop for ever where a kill hurts most: after the deed, before the commit."""
    database = Database(settings_for(url))

    class Hanging(Copier):
        async def handle(self, batch: Batch) -> None:
            if rules.lease is not None:
                marks = [mark_of(event.data) for event in batch.events]
                await asyncio.to_thread(path.write_text, "\n".join(map(str, marks)))
                await asyncio.Event().wait()
            async with self.transaction() as session:
                locked = await several.lock(session, [DONE])
                deeds = [(DONE, note(mark_of(event.data))) for event in batch.events]
                await several.append(session, locked, deeds)
                await batch.advance(session)
                await asyncio.to_thread(path.write_text, "uncommitted")
                await asyncio.Event().wait()

    await Hanging(database, rules).cursor.catch_up()


if __name__ == "__main__":
    os.setpgrp()
    asyncio.run(_hang(sys.argv[1], {"copy": IN_DATABASE, "post": OUTSIDE}[sys.argv[2]], Path(sys.argv[3])))
