"""What the database has of a document, read past the server."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import asyncpg
from pycrdt import Doc, XmlFragment

from roomful.channels import user_channel
from roomful.service_urls import postgresql_dsn

_ROOM = "SELECT base, head FROM room WHERE id = {}"
_STATE = "SELECT state FROM room_state WHERE room_id = {}"
_UPDATES = "SELECT number, payload FROM room_update WHERE room_id = {} ORDER BY number"


_LOG = 'SELECT body FROM event WHERE channel = {} ORDER BY "offset"'
_EPOCH = "SELECT epoch FROM channel WHERE name = {}"
_UNTOLD = "SELECT count(*) FROM notification WHERE user_id = {} AND is_untold"
_MAILED = "SELECT max(position) FROM log_cursor WHERE cursor = 'mail' AND channel = {}"


@dataclass(frozen=True, slots=True)
class InboxRows:
    """`untold`: entries about which the channel has not said the newest; `mailed`: how far the mail's cursor is."""

    log: list[bytes]
    epoch: str
    untold: int
    mailed: int


@dataclass(frozen=True, slots=True)
class Rows:
    """`numbers` are those after `base`, which is how far the state goes."""

    base: int
    head: int
    numbers: Sequence[int]
    updates: Sequence[bytes]

    @property
    def are_whole(self) -> bool:
        return list(self.numbers) == list(range(self.base + 1, self.head + 1))

    def folded(self) -> bytes:
        """The document, as one update."""
        doc: Doc[XmlFragment] = Doc()
        for update in self.updates:
            doc.apply_update(update)
        return doc.get_update()


async def read_rows(database_url: str, document_id: str) -> Rows:
    """All at one moment: rows may be folded meanwhile."""
    if database_url.startswith("sqlite"):
        return await asyncio.to_thread(_read_sqlite, database_url.removeprefix("sqlite:///"), document_id)
    connection = await asyncpg.connect(postgresql_dsn(database_url))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            room = await connection.fetchrow(_ROOM.format("$1"), document_id)
            state = await connection.fetchval(_STATE.format("$1"), document_id)
            updates = await connection.fetch(_UPDATES.format("$1"), document_id)
    finally:
        await connection.close()
    return _rows(room, state, updates)


def _read_sqlite(file: str, document_id: str) -> Rows:
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("BEGIN")
        room = database.execute(_ROOM.format("?"), (document_id,)).fetchone()
        (state,) = database.execute(_STATE.format("?"), (document_id,)).fetchone()
        updates = database.execute(_UPDATES.format("?"), (document_id,)).fetchall()
        database.execute("ROLLBACK")
    return _rows(room, state, updates)


async def read_inbox(database_url: str, person_id: str) -> InboxRows:
    channel = user_channel(person_id)
    asked = ((_LOG, channel), (_EPOCH, channel), (_UNTOLD, person_id), (_MAILED, channel))
    if database_url.startswith("sqlite"):
        file = database_url.removeprefix("sqlite:///")
        log, epoch, untold, mailed = await asyncio.to_thread(_ask_sqlite, file, asked)
    else:
        connection = await asyncpg.connect(postgresql_dsn(database_url))
        try:
            log, epoch, untold, mailed = [await connection.fetch(query.format("$1"), key) for query, key in asked]
        finally:
            await connection.close()
    return InboxRows([bytes(body) for (body,) in log], epoch[0][0], untold[0][0], mailed[0][0] or 0)


def _ask_sqlite(file: str, asked: Sequence[tuple[str, str]]) -> list[list[Sequence[Any]]]:
    with closing(sqlite3.connect(file, timeout=20)) as database:
        return [database.execute(query.format("?"), (key,)).fetchall() for query, key in asked]


def _rows(room: Sequence[int], state: bytes, updates: Iterable[tuple[int, bytes]]) -> Rows:
    found = list(updates)
    base, head = room
    return Rows(base, head, [number for number, _ in found], [state, *(payload for _, payload in found)])
