"""A document's stored content: its folded state, and the rows after it."""

import secrets
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.rooms.store.port import Head, Loaded, StoredUpdate, UnknownDocument
from roomful.roomstore.models import ROOM, STATE, Room, RoomState, RoomUpdate

ASKED_AT_ONCE = 500


class Stored(NamedTuple):
    """A document's content; `state` holds its rows up to `base`."""

    head: Head
    base: int
    state: bytes
    rows: Sequence[StoredUpdate]

    @property
    def updates(self) -> list[bytes]:
        """Applied in this order they make the document."""
        return [self.state, *(row.update for row in self.rows)]


def new_generation() -> str:
    """The name of a history: eight hex digits."""
    return secrets.token_hex(4)


async def open_room(session: AsyncSession, room_id: str, state: bytes) -> Head:
    """Make a new document's room in the caller's transaction. Its first content counts as the first row."""
    head = Head(new_generation(), 1)
    row = {"id": room_id, "generation": head.generation, "head": 1, "base": 1, "state_bytes": len(state)}
    await session.execute(insert(ROOM), row)
    await session.execute(insert(STATE), {"room_id": room_id, "state": state})
    return head


async def set_deleted(session: AsyncSession, room_id: str, *, is_deleted: bool) -> None:
    """Move a document into or out of the trash. There it takes no row, and is not found."""
    await session.execute(update(ROOM).where(ROOM.c.id == room_id).values(is_deleted=is_deleted))


async def read(session: AsyncSession, room_id: str) -> Stored:
    """The whole content. Raises UnknownDocument."""
    return await _read(session, await _find(session, room_id))


async def read_since(session: AsyncSession, room_id: str, seen: Head) -> Loaded:
    """The rows after `seen`, or all content if some were folded or replaced. Raises UnknownDocument."""
    room = await _find(session, room_id)
    if room.generation == seen.generation and room.base <= seen.number <= room.head:
        rows = await _rows(session, room_id, seen.number)
        return Loaded(head=Head(room.generation, room.head), state=b"", rows=rows)
    stored = await _read(session, room)
    return Loaded(head=stored.head, state=stored.state, rows=stored.rows)


async def heads(session: AsyncSession, room_ids: Sequence[str]) -> Mapping[str, Head]:
    """The heads of these documents; unknown ones, and those in the trash, are absent."""
    found: dict[str, Head] = {}
    for start in range(0, len(room_ids), ASKED_AT_ONCE):
        rows = await session.execute(_HEADS, {"rooms": list(room_ids[start : start + ASKED_AT_ONCE])})
        found.update({row.id: Head(row.generation, row.head) for row in rows})
    return found


_Found = Row[str, str, int, int]


async def _find(session: AsyncSession, room_id: str) -> _Found:
    room = (await session.execute(_ROOM, {"room": room_id})).one_or_none()
    if room is None:
        raise UnknownDocument(room_id)
    return room


async def _read(session: AsyncSession, room: _Found) -> Stored:
    state = (await session.execute(_STATE, {"room": room.id})).scalar_one_or_none()
    return Stored(Head(room.generation, room.head), room.base, state or b"", await _rows(session, room.id, room.base))


async def _rows(session: AsyncSession, room_id: str, after: int) -> list[StoredUpdate]:
    found = await session.execute(_ROWS, {"room": room_id, "after": after})
    return [StoredUpdate(row.number, row.payload, tuple(row.user_ids)) for row in found]


_HEAD = select(Room.id, Room.generation, Room.head, Room.base)
_ROOM = _HEAD.where(Room.id == bindparam("room"), Room.is_deleted.is_(False))
_HEADS = _HEAD.where(Room.id.in_(bindparam("rooms", expanding=True)), Room.is_deleted.is_(False))
_STATE = select(RoomState.state).where(RoomState.room_id == bindparam("room"))
_ROWS = (
    select(RoomUpdate.number, RoomUpdate.payload, RoomUpdate.user_ids)
    .where(RoomUpdate.room_id == bindparam("room"), RoomUpdate.number > bindparam("after"))
    .order_by(RoomUpdate.number)
)
