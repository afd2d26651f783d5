"""The inbox's cursor: it tells people, on their own channels, what events of projects have put into their inboxes."""

import json
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import String, Text, bindparam, cast, false, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import parse_channel, project_channel, user_channel
from roomful.db.functions import json_texts
from roomful.eventlog import several
from roomful.eventlog.cursor import Cursor
from roomful.eventlog.cursor_batch import Batch, CursorRules
from roomful.eventlog.log import EventData
from roomful.inbox import entries
from roomful.projects.models import NOTIFICATION
from roomful.projects.notification_events import NotificationCreated, NotificationUpdated
from roomful.projects.unread import count_unread
from roomful.runtime import Runtime

TOLD_AT_ONCE = 500
"""Entries of one transaction, which locks the channels of their people."""

NOTIFYING = ("task.created", "task.updated", "task.moved", "comment.created", "comment.updated", "member.added")
"""The types of event that may put something into an inbox."""

RULES = CursorRules(name="inbox", prefix="project:", types=NOTIFYING, gather=timedelta(milliseconds=50), at_once=True)
"""Gathered, or each of many changes would cost half as much CPU again for a batch that tells somebody."""


def inbox_cursor(runtime: Runtime) -> Cursor:
    """Each entry is told once for every batch in which it moved, in one transaction with the cursor's position."""

    async def tell(batch: Batch) -> None:
        project_id = _project_of(batch.channel)
        while await _find_untold_projects(runtime, [project_id]):
            async with runtime.transaction() as session:
                if await _tell_some(session, project_id) < TOLD_AT_ONCE:
                    await batch.advance(session)
                    return

    async def concerned(channels: Sequence[str]) -> Sequence[str]:
        projects = await _find_untold_projects(runtime, [_project_of(channel) for channel in channels])
        return [project_channel(project_id) for project_id in projects]

    return Cursor(RULES, runtime.database, runtime.transaction, tell, concerned=concerned)


def _project_of(channel: str) -> str:
    name = parse_channel(channel)
    assert name is not None  # the log's names are ours
    return name.id


async def _find_untold_projects(runtime: Runtime, project_ids: Sequence[str]) -> Sequence[str]:
    """Those with entries to tell of. Most events concern nobody: then there is nothing to write."""
    async with runtime.database.ask() as session:
        return (await session.scalars(_UNTOLD, {"projects": json.dumps(project_ids)})).all()


async def _tell_some(session: AsyncSession, project_id: str) -> int:
    """Tell of up to TOLD_AT_ONCE entries; how many there were."""
    wanted = (await session.execute(_WHO, {"in_project": project_id, "most": TOLD_AT_ONCE})).scalars().all()
    if not wanted:
        return 0
    # Locked first: whatever a person does to an entry meanwhile is told after this, or read here.
    locked = await several.lock(session, map(user_channel, wanted))
    rows = await entries.find_untold(session, project_id, up_to_person=wanted[-1], limit=TOLD_AT_ONCE)
    told = [entry for entry in rows if user_channel(entry[0].user_id) in locked]
    unread = await count_unread(session, (entry[0].user_id for entry in told))
    events = []
    for entry in told:
        row = entry[0]
        kind = NotificationCreated if row.told_offset is None else NotificationUpdated
        event = kind(notification=entries.describe(entry), unread=unread.get(row.user_id, 0))
        data = EventData.of(event, actor_id=row.actor_id, project_id=project_id)
        events.append((user_channel(row.user_id), data))
    places = await several.append(session, locked, events)
    if told:
        # Not an entry that another event has moved up meanwhile: that event's batch tells of it.
        marks = [
            {"entry": row.id, "told_at": place.offset, "known": row.updated_at}
            for (row, *_), place in zip(told, places, strict=True)
        ]
        await session.execute(_MARK, marks)
    return len(wanted)


_asked = json_texts(bindparam("projects", type_=Text)).table_valued("value", name="asked")
_UNTOLD = select(cast(_asked.c.value, String)).where(
    select(NOTIFICATION.c.id).where(NOTIFICATION.c.project_id == _asked.c.value, NOTIFICATION.c.is_untold).exists()
)
_WHO = (
    select(NOTIFICATION.c.user_id)
    .where(NOTIFICATION.c.project_id == bindparam("in_project"), NOTIFICATION.c.is_untold)
    .order_by(NOTIFICATION.c.user_id)
    .limit(bindparam("most"))
)
_MARK = (
    update(NOTIFICATION)
    .where(NOTIFICATION.c.id == bindparam("entry"), NOTIFICATION.c.updated_at == bindparam("known"))
    .values(told_offset=bindparam("told_at"), is_untold=false())
)
