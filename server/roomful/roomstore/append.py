"""Adding a row to a document, in the caller's transaction."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import JSON, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import UtcDateTime, now
from roomful.db.statement import Query, carry_out
from roomful.rooms.store.port import Head, Refused, UnknownDocument
from roomful.roomstore.models import ROOM, UPDATE

MAX_NAMED = 100
"""How many authors an event or a version names."""

SLACK_BYTES = 1024
"""An update this small is accepted up to 5% above the limit: it may be the deletion that makes room."""

_APPENDED = "roomful_appended_rows"


class LockedRoom(NamedTuple):
    """A room whose row is locked until the transaction ends. The fields are those of the table."""

    id: str
    generation: str
    head: int
    base: int
    state_bytes: int
    update_bytes: int
    edited_at: datetime | None
    dirty_since: datetime | None
    dirty_by: list[str]
    unversioned_since: datetime | None
    unversioned_by: list[str]
    is_deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """A stored row, and where its document stands.

    `quiet_since` is the time of the row before this one; `was_dirty`, whether changes awaited an event by then. `rows`
    and `update_bytes` are of the rows that are not folded, this one included.
    """

    room_id: str
    head: Head
    update: bytes
    user_ids: Sequence[str]
    at: datetime
    quiet_since: datetime | None
    was_dirty: bool
    rows: int
    update_bytes: int
    state_bytes: int

    @property
    def bytes(self) -> int:
        """The size of the content with this row."""
        return self.state_bytes + self.update_bytes

    def was_quiet(self, seconds: float) -> bool:
        """Whether nothing was written in the seconds before."""
        return self.quiet_since is None or self.at - self.quiet_since >= timedelta(seconds=seconds)


async def append_row(
    session: AsyncSession,
    room_id: str,
    update: bytes,
    user_ids: Sequence[str],
    *,
    max_bytes: int | None,
    generation: str | None = None,
    locking: "Locking | None" = None,
) -> StoredRow:
    """Store an update as the document's next row, in the caller's transaction.

    Locks the room's row until commit, so that numbers have no hole and are committed in their order; `locking` replaces
    `lock` to check more. After the commit, `take_appended` gives the rows, which this process's rooms must be told of.
    `generation` is the history that the writer knows; None is the present one. `max_bytes` is None for a
    caller that has checked the limit.

    Raises UnknownDocument, Refused.
    """
    room = await (locking or lock)(session, room_id)
    if room.is_deleted:
        raise UnknownDocument(room_id)
    if generation is not None and generation != room.generation:
        raise Refused("replaced")
    if max_bytes is not None and not fits(room.state_bytes + room.update_bytes, len(update), max_bytes):
        raise Refused("too_large")
    at = now()
    head = Head(room.generation, room.head + 1)
    insertion = {"room_id": room_id, "number": head.number, "payload": update, "user_ids": list(user_ids)}
    advance = {
        "room": room_id,
        "newest": head.number,
        "added": len(update),
        "at": at,
        "is_dirty_by": _joined(room.dirty_by, user_ids),
        "is_unversioned_by": _joined(room.unversioned_by, user_ids),
    }
    await carry_out(session, [(_INSERT, insertion), (_ADVANCE, advance)])
    row = StoredRow(
        room_id=room_id,
        head=head,
        update=update,
        user_ids=user_ids,
        at=at,
        quiet_since=room.edited_at,
        was_dirty=room.dirty_since is not None,
        rows=head.number - room.base,
        update_bytes=room.update_bytes + len(update),
        state_bytes=room.state_bytes,
    )
    session.info.setdefault(_APPENDED, []).append(row)
    return row


def fits(size: int, added: int, max_bytes: int) -> bool:
    """Whether a document of this size may take an update of `added` bytes."""
    return size + added <= (max_bytes * 21 // 20 if added <= SLACK_BYTES else max_bytes)


async def lock(session: AsyncSession, room_id: str) -> LockedRoom:
    """Lock the room's row until the transaction ends. Raises UnknownDocument."""
    room = await _LOCK.one_or_none(session, {"room": room_id})
    if room is None:
        raise UnknownDocument(room_id)
    return room


async def note_told(session: AsyncSession, room_id: str) -> None:
    """An event of this transaction covers all changes so far. The room is locked."""
    await session.execute(_TOLD, {"room": room_id})


def take_appended(session: AsyncSession) -> list[StoredRow]:
    """The rows that this session's transaction has written, each once: call after commit."""
    rows: list[StoredRow] = session.info.pop(_APPENDED, [])
    return rows


def _joined(known: Iterable[str], more: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*known, *more]))[:MAX_NAMED]


Locking = Callable[[AsyncSession, str], Awaitable[LockedRoom]]
"""Locks the room's row as `lock` does, and may check more."""

SELECT_LOCKED = (
    select(*(ROOM.c[name] for name in LockedRoom._fields))
    .where(ROOM.c.id == bindparam("room"))
    .with_for_update(of=ROOM)
)
_LOCK = Query(SELECT_LOCKED, LockedRoom)
_INSERT = insert(UPDATE)
_AT = bindparam("at", type_=UtcDateTime)
_ADVANCE = (
    update(ROOM)
    .where(ROOM.c.id == bindparam("room"))
    .values(
        head=bindparam("newest"),
        update_bytes=ROOM.c.update_bytes + bindparam("added"),
        edited_at=_AT,
        dirty_since=func.coalesce(ROOM.c.dirty_since, _AT),
        dirty_by=bindparam("is_dirty_by", type_=JSON),
        unversioned_since=func.coalesce(ROOM.c.unversioned_since, _AT),
        unversioned_by=bindparam("is_unversioned_by", type_=JSON),
    )
)
_TOLD = update(ROOM).where(ROOM.c.id == bindparam("room")).values(dirty_since=None, dirty_by=[])
