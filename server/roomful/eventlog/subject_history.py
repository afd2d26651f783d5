"""The events of one task or document, as far back as retention keeps them."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.eventlog.log import page_of
from roomful.eventlog.models import Event


class SubjectEvent(NamedTuple):
    offset: int
    body: bytes


class SubjectPage(NamedTuple):
    events: Sequence[SubjectEvent]
    has_more: bool


async def read_after(session: AsyncSession, subject_id: str, after: int, *, limit: int) -> SubjectPage:
    """At most `limit` events with an offset above `after`, oldest first, in PAGE_BYTES as `log.read_since`.

    Events that retention has deleted, or that were recorded without a subject, are absent.
    """
    return await _read(session, subject_id, after, limit, newest_first=False)


async def read_before(session: AsyncSession, subject_id: str, before: int, *, limit: int) -> SubjectPage:
    """The same with an offset below `before`, newest first."""
    return await _read(session, subject_id, before, limit, newest_first=True)


async def _read(session: AsyncSession, subject_id: str, border: int, limit: int, *, newest_first: bool) -> SubjectPage:
    page, rest = (_BEFORE, _IS_BEFORE) if newest_first else (_AFTER, _IS_AFTER)
    found = await session.execute(page, {"subject": subject_id, "border": border, "most": limit})
    events = [SubjectEvent(offset, body) for offset, _, body in found]
    if not events:
        return SubjectPage(events, has_more=False)
    more = await session.execute(rest, {"subject": subject_id, "border": events[-1].offset})
    return SubjectPage(events, has_more=more.first() is not None)


# Ids are unique over all projects. With the channel in it, too, databases might prefer that index.
_OF_SUBJECT = Event.subject_id == bindparam("subject")
_ABOVE: ColumnElement[bool] = Event.offset > bindparam("border")
_BELOW: ColumnElement[bool] = Event.offset < bindparam("border")
_AFTER = page_of(_OF_SUBJECT, _ABOVE, newest_first=False)
_BEFORE = page_of(_OF_SUBJECT, _BELOW, newest_first=True)
_IS_AFTER = select(Event.offset).where(_OF_SUBJECT, _ABOVE).limit(1)
_IS_BEFORE = select(Event.offset).where(_OF_SUBJECT, _BELOW).limit(1)
