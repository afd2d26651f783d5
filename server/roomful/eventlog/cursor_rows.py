"""The positions of cursors, as the database keeps them. Every change of one is fenced: it takes effect only while the
row is as its reader saw it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Update, bindparam, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import UtcDateTime
from roomful.eventlog.models import CHANNEL, EVENT, LOG_CURSOR

TRIES_TOGETHER = 2
"""A batch that was tried so often is tried again one event at a time, to find the one that fails."""


class LeaseLost(Exception):
    """Another process has taken the channel over: roll this transaction back."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cursor is in a channel. `upto` ends the batch that was begun and not ended, if there is one."""

    cursor: str
    channel: str
    position: int = 0
    fence: int = 0
    upto: int | None = None
    due_at: datetime | None = None
    attempts: int = 0


async def find(session: AsyncSession, cursor: str, channel: str) -> Place:
    """The cursor's place in a channel; the channel's beginning if it has never been there."""
    row = (await session.execute(_FIND, _key(Place(cursor, channel)))).one_or_none()
    return Place(cursor, channel) if row is None else Place(cursor, channel, *row)


async def claim(session: AsyncSession, place: Place, *, upto: int, until: datetime) -> Place:
    """Take the next events up to `upto` on lease until that time. Raises LeaseLost.

    A claim counts as an attempt until the position moves, so events that kill their process are noticed too.
    """
    await _enter(session, [place])
    await _change(session, _CLAIM, place, {"batch_end": upto, "until": until})
    return replace(place, fence=place.fence + 1, due_at=until, attempts=place.attempts + 1)


async def advance(session: AsyncSession, place: Place, upto: int) -> None:
    """Move the position, in the transaction of what was done with the events up to there. Raises LeaseLost.

    Of two processes that handled the same events one fails, after waiting for the other's commit.
    """
    await _enter(session, [place])
    await _change(session, _ADVANCE, place, {"batch_end": upto})


async def require_same_position(session: AsyncSession, place: Place) -> None:
    """Raises LeaseLost if another process has moved on since: what it did is newer."""
    if (await find(session, place.cursor, place.channel)).position != place.position:
        raise LeaseLost(place.channel)


async def postpone(session: AsyncSession, place: Place, *, upto: int, until: datetime, attempts: int) -> None:
    """Leave the events up to `upto` for later. Raises LeaseLost."""
    await _enter(session, [place])
    await _change(session, _POSTPONE, place, {"batch_end": upto, "until": until, "failed": attempts})


async def pass_over(session: AsyncSession, passed: Sequence[tuple[Place, int]]) -> None:
    """Move several positions past events that needed nothing; those that have moved meanwhile stay."""
    if passed:
        await _enter(session, [place for place, _ in passed])
        await session.execute(_ADVANCE, [{**_key(place), **_state(place), "batch_end": upto} for place, upto in passed])


async def behind(session: AsyncSession, cursor: str, prefix: str, *, limit: int) -> list[str]:
    """Channels with events after the cursor's position. Compares all channels, so ask rarely."""
    found = await session.scalars(_BEHIND, {"named": cursor, "prefix": prefix, "count": limit})
    return list(found)


async def recent(
    session: AsyncSession, cursor: str, prefix: str, *, after: datetime, until: datetime, limit: int
) -> list[str]:
    """Channels with events of this time after the cursor's position."""
    asked = {"named": cursor, "prefix": prefix, "after": after, "until": until, "count": limit}
    return list(await session.scalars(_RECENT, asked))


async def due(session: AsyncSession, cursor: str, *, at: datetime, limit: int) -> list[str]:
    """Channels whose lease has run out, or whose next attempt is due."""
    return list(await session.scalars(_DUE, {"named": cursor, "at": at, "count": limit}))


async def floor(session: AsyncSession, channel: str) -> int:
    """The newest offset that is no longer kept."""
    return (await session.execute(_FLOOR, {"channel_name": channel})).scalar_one_or_none() or 0


async def _enter(session: AsyncSession, places: Sequence[Place]) -> None:
    """Make the rows of channels that the cursor has never been in."""
    fresh = [_key(place) for place in places if place.position == 0 and place.fence == 0]
    if fresh:
        await session.execute(_ENTER, [{"cursor": key["named"], "channel": key["channel_name"]} for key in fresh])


async def _change(session: AsyncSession, change: Update, place: Place, values: dict[str, object]) -> None:
    changed = await session.execute(change, {**_key(place), **_state(place), **values})
    if changed.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's result counts rows
        raise LeaseLost(place.channel)


def _key(place: Place) -> dict[str, object]:
    return {"named": place.cursor, "channel_name": place.channel}


def _state(place: Place) -> dict[str, object]:
    return {"known_position": place.position, "known_fence": place.fence}


_ONE = (LOG_CURSOR.c.cursor == bindparam("named"), LOG_CURSOR.c.channel == bindparam("channel_name"))
_AS_KNOWN = update(LOG_CURSOR).where(
    *_ONE,
    LOG_CURSOR.c.position == bindparam("known_position"),
    LOG_CURSOR.c.fence == bindparam("known_fence"),
)
_FIND = select(
    LOG_CURSOR.c.position, LOG_CURSOR.c.fence, LOG_CURSOR.c.upto, LOG_CURSOR.c.due_at, LOG_CURSOR.c.attempts
).where(*_ONE)
# SQLite's ON CONFLICT is PostgreSQL's.
_ENTER = insert(LOG_CURSOR).values(position=0, fence=0, attempts=0).on_conflict_do_nothing()
_batch_end = bindparam("batch_end", type_=LOG_CURSOR.c.upto.type)
_is_part = LOG_CURSOR.c.upto > _batch_end
"""Whether more of the batch is left than is handled now: its events are tried one at a time."""
_CLAIM = _AS_KNOWN.values(
    fence=LOG_CURSOR.c.fence + 1,
    upto=case((_is_part, LOG_CURSOR.c.upto), else_=_batch_end),
    due_at=bindparam("until"),
    attempts=LOG_CURSOR.c.attempts + 1,
)
_ADVANCE = _AS_KNOWN.values(
    position=_batch_end,
    upto=case((_is_part, LOG_CURSOR.c.upto)),
    due_at=None,
    attempts=case((_is_part, TRIES_TOGETHER), else_=0),
)
_POSTPONE = _AS_KNOWN.values(
    upto=case((_is_part, LOG_CURSOR.c.upto), else_=_batch_end), due_at=bindparam("until"), attempts=bindparam("failed")
)
_FLOOR = select(CHANNEL.c.floor).where(CHANNEL.c.name == bindparam("channel_name"))
_DUE = (
    select(LOG_CURSOR.c.channel)
    .where(LOG_CURSOR.c.cursor == bindparam("named"), LOG_CURSOR.c.due_at <= bindparam("at", type_=UtcDateTime))
    .order_by(LOG_CURSOR.c.due_at)
    .limit(bindparam("count"))
)
_BEHIND = (
    select(CHANNEL.c.name)
    .outerjoin(LOG_CURSOR, (LOG_CURSOR.c.cursor == bindparam("named")) & (LOG_CURSOR.c.channel == CHANNEL.c.name))
    .where(
        CHANNEL.c.name.startswith(bindparam("prefix")),
        CHANNEL.c.head > func.coalesce(LOG_CURSOR.c.position, 0),
    )
    .order_by(CHANNEL.c.name)
    .limit(bindparam("count"))
)
_newest = (
    select(EVENT.c.channel, func.max(EVENT.c.offset).label("offset"))
    .where(
        EVENT.c.at > bindparam("after", type_=UtcDateTime),
        EVENT.c.at <= bindparam("until", type_=UtcDateTime),
        EVENT.c.channel.startswith(bindparam("prefix")),
    )
    .group_by(EVENT.c.channel)
    .subquery()
)
_RECENT = (
    select(_newest.c.channel)
    .outerjoin(LOG_CURSOR, (LOG_CURSOR.c.cursor == bindparam("named")) & (LOG_CURSOR.c.channel == _newest.c.channel))
    .where(_newest.c.offset > func.coalesce(LOG_CURSOR.c.position, 0))
    .limit(bindparam("count"))
)
