"""The store of rooms with the checks and digests of documents."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.db.statement import Query
from roomful.documents import digest
from roomful.documents.conversions import Conversions
from roomful.documents.models import DOCUMENT
from roomful.eventlog import log
from roomful.projects.models import PROJECT, ProjectStatus
from roomful.rooms.store.port import Refused
from roomful.roomstore.append import SELECT_LOCKED, LockedRoom, StoredRow, lock
from roomful.roomstore.models import ROOM
from roomful.roomstore.sql_store import SqlStore
from roomful.runtime import Runtime

_WILL_TELL = "roomful_channel_locked_for_digest"

MAX_REMEMBERED = 10_000
"""Documents. One that is forgotten costs a query more, once."""


def open_store(runtime: Runtime) -> SqlStore:
    """The store for this process's rooms."""
    limit = runtime.settings.max_document_bytes
    return SqlStore(
        database=runtime.database,
        transaction=runtime.transaction,
        hooks=DocumentHooks(),
        compactor=runtime.compactor,
        soft_bytes=limit // 2,
        max_bytes=limit,
    )


class DocumentHooks:
    """Refuses changes in an archived project, and tells of the first change after a quiet time.

    While people type, one query checks the document and locks its room. It can't when a digest may be due: the channel
    is locked before the room.
    """

    def __init__(self) -> None:
        self._conversions = Conversions()
        self._edited_at: dict[str, datetime] = {}
        """When rooms were last edited, as read under their locks. It only grows: no digest is due for 30 s after it."""

    async def lock(self, session: AsyncSession, room_id: str) -> LockedRoom:
        room: LockedRoom | None = None
        edited_at = self._edited_at.get(room_id)
        if edited_at is not None and not digest.is_due(dirty_since=None, edited_at=edited_at):
            room = await _LOCK_ACTIVE.one_or_none(session, {"room": room_id})
        if room is None:
            room = await _check_and_lock(session, room_id)
        self._remember(room)
        return room

    async def appended(self, session: AsyncSession, row: StoredRow) -> None:
        may_tell = session.info.pop(_WILL_TELL, False)
        if may_tell and not row.was_dirty and row.was_quiet(digest.QUIET_SECONDS):
            await digest.tell(session, row.room_id, self._conversions, bytes=row.bytes, by=row.user_ids)

    def _remember(self, room: LockedRoom) -> None:
        if len(self._edited_at) >= MAX_REMEMBERED:
            self._edited_at.clear()
        if room.edited_at is not None:
            self._edited_at[room.id] = room.edited_at


async def _check_and_lock(session: AsyncSession, room_id: str) -> LockedRoom:
    """Lock the room, and before it the project's channel where a digest is due. Raises UnknownDocument, Refused."""
    standing = await _STANDING.one_or_none(session, {"document": room_id})
    if standing is not None and digest.is_due(dirty_since=standing.dirty_since, edited_at=standing.edited_at):
        await log.lock(session, project_channel(standing.project_id))
        session.info[_WILL_TELL] = True
        # Again under the lock, which archiving takes too: no digest follows the event of the archiving.
        standing = await _STANDING.one_or_none(session, {"document": room_id})
    if standing is not None and standing.status != "active":
        raise Refused("read_only")
    return await lock(session, room_id)


class _Standing(NamedTuple):
    project_id: str
    status: ProjectStatus
    dirty_since: datetime | None
    edited_at: datetime | None


_STANDING = Query(
    select(DOCUMENT.c.project_id, PROJECT.c.status, ROOM.c.dirty_since, ROOM.c.edited_at)
    .join(PROJECT, PROJECT.c.id == DOCUMENT.c.project_id)
    .join(ROOM, ROOM.c.id == DOCUMENT.c.id)
    .where(DOCUMENT.c.id == bindparam("document")),
    _Standing,
)
_LOCK_ACTIVE = Query(
    SELECT_LOCKED.join(DOCUMENT, DOCUMENT.c.id == ROOM.c.id)
    .join(PROJECT, PROJECT.c.id == DOCUMENT.c.project_id)
    .where(PROJECT.c.status == "active"),
    LockedRoom,
)
"""The room of a document in an active project."""
