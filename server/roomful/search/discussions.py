"""The entries of all comments on a task, which may be thousands: made and removed a part at a time."""

import time
from collections.abc import Sequence

from sqlalchemy import BindParameter, bindparam, select

from roomful.comments.models import COMMENT
from roomful.db.engine import Database
from roomful.eventlog import cursor_rows
from roomful.eventlog.cursor_batch import Later, Transaction
from roomful.eventlog.cursor_rows import Place
from roomful.search import index, sources
from roomful.search.models import ENTRY
from roomful.tasks.models import TASK

WORK_SECONDS = 10.0
"""At once. The handler of a cursor has 30 s."""
COMMENTS_AT_ONCE = 100
"""Where each has 10,000 characters, they are taken apart in 0.6 s, and the database is written to for 0.2 s."""


class Discussions:
    """Indexes the discussions of tasks that go into the trash, come back from it, or are new to the index.

    It keeps no record of how far it came, but asks for entries that are missing or too many. Each part is committed by
    itself, so that other writers come in between, and only while the cursor is where it was.
    """

    def __init__(self, database: Database, transaction: Transaction) -> None:
        self._database = database
        self._transaction = transaction

    async def complete(self, place: Place, project_id: str, task_ids: Sequence[str]) -> None:
        """Make the entries that are missing. Raises Later when there is more to do, LeaseLost."""
        until = time.monotonic() + WORK_SECONDS
        while True:
            async with self._database.read() as session:
                ids = list(await session.scalars(_MISSING, {"tasks": list(task_ids), "most": COMMENTS_AT_ONCE}))
                found = await sources.comments(session, ids)
            if not found:
                return
            rows = await index.prepare(project_id, found)
            async with self._transaction() as session:
                await index.claim(session)
                await cursor_rows.require_same_position(session, place)
                await index.put(session, rows)
            _stop_after(until)

    async def remove_hidden(self, place: Place, task_ids: Sequence[str]) -> None:
        """Remove the entries of comments on those of the tasks that are in the trash. Raises Later, LeaseLost."""
        until = time.monotonic() + WORK_SECONDS
        while True:
            async with self._transaction() as session:
                await index.claim(session)
                await cursor_rows.require_same_position(session, place)
                if await index.remove_hidden_comments(session, task_ids) < index.REMOVED_AT_ONCE:
                    return
            _stop_after(until)


def _stop_after(until: float) -> None:
    if time.monotonic() > until:
        raise Later(0)


_TASKS: BindParameter[str] = bindparam("tasks", expanding=True)
_MISSING = (
    select(COMMENT.c.id)
    .join(TASK, TASK.c.id == COMMENT.c.task_id)
    .outerjoin(ENTRY, ENTRY.c.id == COMMENT.c.id)
    .where(COMMENT.c.task_id.in_(_TASKS), COMMENT.c.deleted_at.is_(None), TASK.c.deleted_at.is_(None))
    .where(ENTRY.c.id.is_(None))
    .limit(bindparam("most"))
)
