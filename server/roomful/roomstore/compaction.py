"""Compaction: folds a document's rows into its state, and makes a version once nobody has changed it for a while."""

import asyncio
import logging
import random
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, bindparam, delete, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import UtcDateTime, now
from roomful.db.engine import Database
from roomful.db.outages import outage
from roomful.errors import Unavailable
from roomful.rooms.store.port import UnknownDocument
from roomful.roomstore import content, versions
from roomful.roomstore.append import LockedRoom, StoredRow, lock
from roomful.roomstore.content import Stored
from roomful.roomstore.fold import CantFold
from roomful.roomstore.folding import fold_off_loop
from roomful.roomstore.models import ROOM, STATE, UPDATE, Room

logger = logging.getLogger(__name__)

MAX_ROWS = 500
MAX_GROWTH = 4
MIN_BYTES = 64 * 1024
"""Rows are folded when they are more than 500, or take more than 64 KiB and more than four times the state's bytes."""

IDLE = timedelta(minutes=5)
"""After this pause, a document's rows are folded and its content becomes a version: in any case before the first edit
after ten quiet minutes.
"""
MAX_UNVERSIONED = timedelta(hours=1)
"""A document that is edited without a pause gets a version every hour."""

ROUND_SECONDS = 60.0
BATCH = 50
MAX_WAITING = 1_000
LEFT_ALONE_SECONDS = 600.0
"""A failed fold is tried again after this."""


def is_due(*, rows: int, update_bytes: int, state_bytes: int) -> bool:
    """Whether these rows after the state should be folded now."""
    return rows > MAX_ROWS or update_bytes > max(MIN_BYTES, MAX_GROWTH * state_bytes)


class Compactor:
    """Folds the documents that it is woken for, and once a minute those that other nodes have left.

    Any node may fold any document: the second finds it done.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, None] = {}
        self._is_woken = asyncio.Event()
        self._left_alone_until: dict[str, float] = {}

    def note(self, row: StoredRow) -> None:
        """A row was committed: fold its document soon if that is due."""
        if is_due(rows=row.rows, update_bytes=row.update_bytes, state_bytes=row.state_bytes):
            self.wake(row.room_id)

    def wake(self, room_id: str) -> None:
        """Fold this document soon. Never waits; if the queue is full, the next look finds it."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting[room_id] = None
            self._is_woken.set()

    async def run(self) -> None:
        """Fold for ever."""
        while True:
            # Spread over the nodes.
            next_look = asyncio.get_running_loop().time() + ROUND_SECONDS * random.uniform(0.5, 1.0)
            while await self._is_woken_before(next_look):
                await self._until_the_next_round(self._compact_waiting())
            await self._until_the_next_round(self._compact_due())

    async def _is_woken_before(self, deadline: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._is_woken.wait()
        return self._is_woken.is_set() and asyncio.get_running_loop().time() < deadline

    async def _compact_waiting(self) -> None:
        waiting, self._waiting = [*self._waiting], {}
        self._is_woken.clear()
        for room_id in waiting:
            await self._compact_if_possible(room_id)

    async def _compact_due(self) -> None:
        is_full, progress = True, 1
        while is_full and progress:
            due = await self.find_due()
            is_full, progress = len(due) >= BATCH, 0
            for room_id in due:
                progress += await self._compact_if_possible(room_id)

    async def _until_the_next_round(self, work: Coroutine[Any, Any, None]) -> None:
        """An outage ends the work; it stays due."""
        try:
            await work
        except (SQLAlchemyError, OSError, TimeoutError, Unavailable) as error:
            if isinstance(error, SQLAlchemyError) and outage(error) is None:
                raise  # a bug, not an outage
            logger.warning(
                "compaction was cut short; the next round goes on",
                extra={"reason": outage(error) or type(error).__name__},
            )

    async def find_due(self) -> Sequence[str]:
        """Documents due to be folded, or to get a version."""
        at = now()
        parameters = {"idle": at - IDLE, "long": at - MAX_UNVERSIONED, "count": BATCH}
        async with self._database.read() as session:
            found = [*(await session.scalars(_DUE, parameters)), *(await session.scalars(_UNVERSIONED, parameters))]
        return list(dict.fromkeys(found))

    async def compact(self, room_id: str) -> bool:
        """Fold the rows of a document into its state; whether this call did it. Raises CantFold."""
        async with self._database.read() as session:
            try:
                stored = await content.read(session, room_id)
            except UnknownDocument:
                return False
        folded = await fold_off_loop(stored.state, [row.update for row in stored.rows])
        async with self._database.write() as session:
            try:
                room = await lock(session, room_id)
            except UnknownDocument:
                return False
            if room.is_deleted or (room.generation, room.base) != (stored.head.generation, stored.base):
                return False  # another node was first
            if stored.rows:
                await _replace(session, room, stored, folded)
            if room.head == stored.head.number and _needs_version(room):
                await versions.add(session, room, folded, trigger="idle")
            await session.commit()
        return True

    async def _compact_if_possible(self, room_id: str) -> bool:
        at = time.monotonic()
        if self._left_alone_until.get(room_id, at) > at:
            return False
        try:
            return await self.compact(room_id)
        except CantFold as error:
            # Its rows stay, and it is loaded from them.
            logger.error("a document can't be folded", extra={"document": room_id, "reason": str(error)})
            if len(self._left_alone_until) >= MAX_WAITING:
                self._left_alone_until.clear()
            self._left_alone_until[room_id] = at + LEFT_ALONE_SECONDS
            return False


def _needs_version(room: LockedRoom) -> bool:
    if room.unversioned_since is None or room.edited_at is None:
        return False
    at = now()
    return at - room.edited_at >= IDLE or at - room.unversioned_since >= MAX_UNVERSIONED


async def _replace(session: AsyncSession, room: LockedRoom, stored: Stored, folded: bytes) -> None:
    """Replace the folded rows by a state that holds them. Later rows stay: the room is locked."""
    deleted = await session.execute(_DELETE, {"room": room.id, "after": stored.base, "last": stored.head.number})
    if deleted.rowcount != len(stored.rows):  # type: ignore[attr-defined]  # a DELETE's result counts rows
        raise RuntimeError(f"the rows of {room.id} are not those that were folded")
    await session.execute(_SET_STATE, {"room": room.id, "folded": folded})
    freed = sum(len(row.update) for row in stored.rows)
    await session.execute(
        _ADVANCE,
        {"room": room.id, "upto": stored.head.number, "size": len(folded), "freed": freed},
    )


_IDLE = bindparam("idle", type_=UtcDateTime)
_LONG = bindparam("long", type_=UtcDateTime)
_DUE = (
    select(Room.id)
    .where(
        Room.head > Room.base,
        Room.is_deleted.is_(False),
        or_(
            Room.edited_at < _IDLE,
            Room.head - Room.base > MAX_ROWS,
            and_(Room.update_bytes > MIN_BYTES, Room.update_bytes > MAX_GROWTH * Room.state_bytes),
        ),
    )
    .order_by(Room.edited_at)
    .limit(bindparam("count"))
)
_UNVERSIONED = (
    select(Room.id)
    .where(
        Room.unversioned_since.is_not(None),
        Room.is_deleted.is_(False),
        or_(Room.edited_at < _IDLE, Room.unversioned_since < _LONG),
    )
    .order_by(Room.edited_at)
    .limit(bindparam("count"))
)
_DELETE = delete(UPDATE).where(
    UPDATE.c.room_id == bindparam("room"),
    UPDATE.c.number > bindparam("after"),
    UPDATE.c.number <= bindparam("last"),
)
_SET_STATE = update(STATE).where(STATE.c.room_id == bindparam("room")).values(state=bindparam("folded"))
_ADVANCE = (
    update(ROOM)
    .where(ROOM.c.id == bindparam("room"))
    .values(
        base=bindparam("upto"), state_bytes=bindparam("size"), update_bytes=ROOM.c.update_bytes - bindparam("freed")
    )
)
