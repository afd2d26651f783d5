"""Digests: occasional events for typing, instead of one event per change.

The first change after 30 quiet seconds is told in its own transaction. Later changes leave the document dirty; 30 s
later the first node that looks tells of all of them, claimed under the room's lock, so the death of a node loses none.
Lock order: project, channel, room.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.db.base import UtcDateTime, now
from roomful.db.passing_outages import passing_outages
from roomful.documents.access import find_document
from roomful.documents.content_event import content_event
from roomful.documents.conversions import Conversions
from roomful.documents.models import DOCUMENT
from roomful.documents.schemas import DocumentState
from roomful.eventlog import log
from roomful.projects.channel import record
from roomful.rooms.store.port import UnknownDocument
from roomful.roomstore.append import lock, note_told
from roomful.roomstore.models import ROOM
from roomful.runtime import Runtime

logger = logging.getLogger(__name__)

QUIET_SECONDS = 30.0
ROUND_SECONDS = 5.0
BATCH = 100


def is_due(*, dirty_since: datetime | None, edited_at: datetime | None) -> bool:
    """Whether a change now would make an event at once."""
    return dirty_since is None and (edited_at is None or now() - edited_at >= timedelta(seconds=QUIET_SECONDS))


async def tell(session: AsyncSession, doc_id: str, conversions: Conversions, *, bytes: int, by: Sequence[str]) -> None:
    """Record that the content has changed, including all untold changes. Channel and room are locked.

    Raises Unavailable for a description, when others keep `conversions` busy.
    """
    document = await renewed(session, doc_id, bytes=bytes)
    await note_told(session, doc_id)
    if document is not None:
        locked = await log.lock(session, project_channel(document.project_id))  # again, for its position
        event = await content_event(session, document, by, conversions, locked=locked)
        actor_id = by[0] if len(by) == 1 else None
        await record(session, document.project_id, event, actor_id=actor_id, mutation_id=None, locked=locked)


async def renewed(session: AsyncSession, doc_id: str, *, bytes: int) -> DocumentState | None:
    """Store the present size and time, and return the document with them; None if it is gone or in the trash."""
    found = await find_document(session, doc_id)
    if found is None or found.is_deleted:
        return None
    values = {"bytes": bytes, "updated_at": now()}
    await session.execute(_RENEW, {"document": doc_id, **values})
    return found.document.model_copy(update=values)


async def run(runtime: Runtime) -> None:
    """Tell of dirty documents for ever, other nodes' included."""
    while True:
        await asyncio.sleep(ROUND_SECONDS * random.uniform(0.8, 1.2))
        with passing_outages(logger, "digests of documents wait for the database"):
            await tell_due(runtime)


async def tell_due(runtime: Runtime) -> int:
    """Tell of documents that have been dirty for 30 s; returns their number."""
    told, is_full, conversions = 0, True, Conversions()
    while is_full:
        async with runtime.database.read() as session:
            due = (await session.execute(_DUE, {"before": _border(), "count": BATCH})).all()
        is_full = len(due) == BATCH
        for doc_id, project_id in due:
            async with runtime.transaction() as session:
                told += await _tell_if_due(session, doc_id, project_id, conversions)
    return told


async def _tell_if_due(session: AsyncSession, doc_id: str, project_id: str, conversions: Conversions) -> bool:
    await log.lock(session, project_channel(project_id))
    try:
        room = await lock(session, doc_id)
    except UnknownDocument:
        return False
    if room.dirty_since is None or room.dirty_since > _border():
        return False  # another node was first
    await tell(session, doc_id, conversions, bytes=room.state_bytes + room.update_bytes, by=room.dirty_by)
    return True


def _border() -> datetime:
    return now() - timedelta(seconds=QUIET_SECONDS)


_RENEW = update(DOCUMENT).where(DOCUMENT.c.id == bindparam("document"))
_DUE = (
    select(ROOM.c.id, DOCUMENT.c.project_id)
    .join(DOCUMENT, DOCUMENT.c.id == ROOM.c.id)
    .where(
        ROOM.c.dirty_since.is_not(None),
        ROOM.c.dirty_since < bindparam("before", type_=UtcDateTime),
        ROOM.c.is_deleted.is_(False),
    )
    .order_by(ROOM.c.dirty_since)
    .limit(bindparam("count"))
)
