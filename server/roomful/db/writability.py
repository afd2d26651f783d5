"""Watches whether the database takes writes."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.outages import DISK_FULL, READ_ONLY, outage

ASK_SECONDS = 5.0
_NO_ANSWER = "does not answer"


class Writable(Protocol):
    """The database, as far as it matters here."""

    is_sqlite: bool

    def write(self) -> AbstractAsyncContextManager[AsyncSession]: ...


class Writability:
    """Remembers how the newest write went, and asks for one when that is some time ago.

    A write that failed for want of space counts until there is space, though others may pass: they fit into what the
    database has already.
    """

    def __init__(self) -> None:
        self._failure: str | None = None
        self._known_at = float("-inf")
        self._asking = asyncio.Lock()

    def note_success(self) -> None:
        """A transaction was committed."""
        if self._failure is None:
            self._known_at = time.monotonic()

    def note_failure(self, kind: str | None) -> None:
        """A write has met this kind of outage, if it was one."""
        if kind in (DISK_FULL, READ_ONLY):
            self._failure, self._known_at = kind, time.monotonic()

    async def failure(self, database: Writable) -> str | None:
        """Why the database takes no writes, or None. Asks it at most once in 5 s.

        That a caller has given up meanwhile is an answer too.
        """
        async with self._asking:
            if time.monotonic() - self._known_at >= ASK_SECONDS:
                was_full = self._failure == DISK_FULL
                self._failure, self._known_at = _NO_ANSWER, time.monotonic()
                self._failure = await _try(database, was_full=was_full)
            return self._failure


async def _try(database: Writable, *, was_full: bool) -> str | None:
    """Write what stands there already, commit it, and perhaps see whether there is space for more."""
    try:
        async with database.write() as session:
            if database.is_sqlite:
                await session.execute(text("UPDATE alembic_version SET version_num = version_num"))
                await session.commit()
                return None
            # Skipped where another node does the same, or a migration has the row.
            await session.execute(
                text(
                    "UPDATE alembic_version SET version_num = version_num WHERE version_num IN"
                    " (SELECT version_num FROM alembic_version FOR UPDATE SKIP LOCKED)"
                )
            )
            await session.commit()
            if was_full:
                # A new file of 256 KB, gone with the transaction.
                await session.execute(
                    text(
                        "CREATE TEMPORARY TABLE roomful_space ON COMMIT DROP AS"
                        " SELECT md5(random()::text) FROM generate_series(1, 4096)"
                    )
                )
    except SQLAlchemyError as error:
        return outage(error) or _NO_ANSWER
    return None
