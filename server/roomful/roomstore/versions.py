"""Versions: the earlier contents of a document."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.ids import new_id
from roomful.roomstore.append import LockedRoom
from roomful.roomstore.models import (
    ROOM,
    VERSION,
    VERSION_STATE,
    RoomVersion,
    RoomVersionState,
    Trigger,
)

KEPT = (
    (timedelta(hours=1), timedelta(0)),
    (timedelta(days=1), timedelta(minutes=10)),
    (timedelta(days=7), timedelta(hours=1)),
    (timedelta.max, timedelta(days=1)),
)
"""Versions without a label: all of the last hour, one per ten minutes of the last day, one per hour of the last week,
one a day before that.
"""
MAX_UNLABELLED = 500


class Version(NamedTuple):
    id: str
    label: str | None
    trigger: Trigger
    changes_by: Sequence[str]
    triggered_by: str | None
    bytes: int
    created_at: datetime


async def add(
    session: AsyncSession,
    room: LockedRoom,
    state: bytes,
    *,
    trigger: Trigger,
    label: str | None = None,
    triggered_by: str | None = None,
) -> Version:
    """Keep a locked room's present content, which is `state`. Automatic versions are thinned out."""
    version = Version(
        id=new_id(),
        label=label,
        trigger=trigger,
        changes_by=list(room.unversioned_by),
        triggered_by=triggered_by,
        bytes=len(state),
        created_at=now(),
    )
    await session.execute(insert(VERSION), {"room_id": room.id, **version._asdict()})
    await session.execute(insert(VERSION_STATE), {"version_id": version.id, "state": state})
    await session.execute(_VERSIONED, {"room": room.id})
    if label is None:
        await _thin_out(session, room.id)
    return version


async def find(session: AsyncSession, room_id: str, version_id: str) -> Version | None:
    row = (await session.execute(_ONE, {"room": room_id, "version": version_id})).one_or_none()
    return None if row is None else Version._make(row)


async def read_state(session: AsyncSession, version_id: str) -> bytes:
    """Of an existing version."""
    return (await session.execute(_STATE, {"version": version_id})).scalar_one()


async def count_labelled(session: AsyncSession, room_id: str) -> int:
    return (await session.execute(_LABELLED, {"room": room_id})).scalar_one()


async def newest_at(session: AsyncSession, room_id: str) -> datetime | None:
    """The time of the newest version."""
    return (await session.execute(_NEWEST, {"room": room_id})).scalar_one_or_none()


async def remove(session: AsyncSession, version_id: str) -> None:
    await session.execute(_DELETE, {"versions": [version_id]})


def surplus(versions: Sequence[tuple[str, datetime]], at: datetime) -> list[str]:
    """Which of these versions, given newest first, to remove. The newest of each stretch stays."""
    gone: list[str] = []
    last: tuple[timedelta, int] | None = None
    for number, (id_, made) in enumerate(versions):
        stretch = next(every for age, every in KEPT if at - made <= age)
        place = (stretch, int(made.timestamp() // stretch.total_seconds()) if stretch else number)
        if place == last or number - len(gone) >= MAX_UNLABELLED:
            gone.append(id_)
        last = place
    return gone


async def _thin_out(session: AsyncSession, room_id: str) -> None:
    found = await session.execute(_UNLABELLED, {"room": room_id})
    gone = surplus([(row.id, row.created_at) for row in found], now())
    if gone:
        await session.execute(_DELETE, {"versions": gone})


_COLUMNS = select(
    RoomVersion.id,
    RoomVersion.label,
    RoomVersion.trigger,
    RoomVersion.changes_by,
    RoomVersion.triggered_by,
    RoomVersion.bytes,
    RoomVersion.created_at,
)
_OF_ROOM = RoomVersion.room_id == bindparam("room")
_ONE = _COLUMNS.where(_OF_ROOM, RoomVersion.id == bindparam("version"))
_STATE = select(RoomVersionState.state).where(RoomVersionState.version_id == bindparam("version"))
_LABELLED = select(func.count()).select_from(VERSION).where(_OF_ROOM, RoomVersion.label.is_not(None))
_NEWEST = select(func.max(RoomVersion.created_at)).where(_OF_ROOM)
_UNLABELLED = (
    select(RoomVersion.id, RoomVersion.created_at)
    .where(_OF_ROOM, RoomVersion.label.is_(None))
    .order_by(RoomVersion.id.desc())
    .limit(2 * MAX_UNLABELLED)
)
_DELETE = delete(VERSION).where(VERSION.c.id.in_(bindparam("versions", expanding=True)))
_VERSIONED = update(ROOM).where(ROOM.c.id == bindparam("room")).values(unversioned_since=None, unversioned_by=[])
