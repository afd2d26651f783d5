"""The inbox's cursor: it tells people, on their own channels, what events of projects have put into their inboxes."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import String, Text, bindparam, cast, false, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import parse_channel, user_channel
from roomful.db.functions import json_texts
from roomful.eventlog import several
from roomful.eventlog.cursor import Cursor
from roomful.eventlog.cursor_batch import Batch, CursorRules
from roomful.eventlog.log import EventData
from roomful.inbox import entries
from roomful.projects.models import MEMBER, NOTIFICATION
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
        untold = await _find_untold(runtime, batch, project_id)
        for start in range(0, len(untold), TOLD_AT_ONCE):
            async with runtime.transaction() as session:
                await _tell_some(session, project_id, untold[start : start + TOLD_AT_ONCE])
                if start + TOLD_AT_ONCE >= len(untold):
                    await batch.advance(session)

    async def concerned(gathered: Mapping[str, Sequence[bytes]]) -> set[str]:
        channels = {_subject_of(channel, body): channel for channel, bodies in gathered.items() for body in bodies}
        async with runtime.database.ask() as session:
            found = await session.scalars(_CONCERNED, {"subjects": json.dumps(list(channels))})
            return {channels[subject_id] for subject_id in found}

    return Cursor(RULES, runtime.database, runtime.transaction, tell, concerned=concerned)


def _project_of(channel: str) -> str:
    name = parse_channel(channel)
    assert name is not None  # the log's names are ours
    return name.id


def _subject_of(channel: str, body: bytes) -> str:
    """The id of what the entries of an event are about."""
    data = _decode(body).data
    if data.comment is not None:
        return data.comment.task_id
    return data.task.id if data.task is not None else _project_of(channel)


async def _find_untold(runtime: Runtime, batch: Batch, project_id: str) -> list[tuple[str, str]]:
    """People and their entries that the batch's events have moved, in the order in which rows are locked.

    If events are lost, all of the project that are untold: whom those concerned is no longer known otherwise.
    """
    subjects = json.dumps(list({_subject_of(batch.channel, event.data) for event in batch.events}))
    async with runtime.database.ask() as session:
        if batch.has_lost:
            found = await session.execute(_UNTOLD_OF_PROJECT, {"in_project": project_id})
        else:
            found = await session.execute(_UNTOLD, {"subjects": subjects})
        return [(user_id, entry_id) for user_id, _, _, entry_id in sorted(map(tuple, found))]


async def _tell_some(session: AsyncSession, project_id: str, untold: Sequence[tuple[str, str]]) -> None:
    # Locked first: whatever a person does to an entry meanwhile is told after this, or read here.
    locked = await several.lock(session, [user_channel(user_id) for user_id, _ in untold])
    rows = await entries.find_untold(session, [entry_id for _, entry_id in untold])
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


class _Task(msgspec.Struct):
    id: str


class _Comment(msgspec.Struct):
    task_id: str


class _Data(msgspec.Struct):
    task: _Task | None = None
    comment: _Comment | None = None


class _Body(msgspec.Struct):
    """The part of an event that names its subject, the same in all versions."""

    data: _Data


_decode = msgspec.json.Decoder(_Body).decode
_asked = json_texts(bindparam("subjects", type_=Text)).table_valued("value", name="asked")
_is_asked = (NOTIFICATION.c.subject_id.in_(select(cast(_asked.c.value, String))), NOTIFICATION.c.is_untold)
_CONCERNED = select(NOTIFICATION.c.subject_id).where(*_is_asked).distinct()
_entries = select(NOTIFICATION.c.user_id, NOTIFICATION.c.subject_type, NOTIFICATION.c.subject_id, NOTIFICATION.c.id)
_UNTOLD = _entries.where(*_is_asked)
_UNTOLD_OF_PROJECT = _entries.join(
    MEMBER, (NOTIFICATION.c.user_id == MEMBER.c.user_id) & (NOTIFICATION.c.project_id == MEMBER.c.project_id)
).where(MEMBER.c.project_id == bindparam("in_project"), NOTIFICATION.c.is_untold)
_MARK = (
    update(NOTIFICATION)
    .where(NOTIFICATION.c.id == bindparam("entry"), NOTIFICATION.c.updated_at == bindparam("known"))
    .values(told_offset=bindparam("told_at"), is_untold=false(), listed_at=NOTIFICATION.c.updated_at)
)
