"""The search, as tests ask for it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.engine import Database
from roomful.eventlog.cursor_batch import Transaction
from roomful.runtime import Runtime
from roomful.search.indexer import search_cursor
from tests.conftest import settings_for
from tests.support.api import Json, Person, Project


async def indexed(runtime: Runtime) -> None:
    """Let the index follow everything that was committed before, as another process would."""
    await search_cursor(runtime.database, runtime.transaction).catch_up()


async def found(person: Person, query: str, *, within: Project | None = None, **options: object) -> list[Json]:
    more = "".join(f"&{name}={value}" for name, value in options.items())
    answer: list[Json] = await person.get(f"{within.path if within else ''}/search?q={quote(query, safe='')}{more}")
    return answer


async def titles(person: Person, query: str, *, within: Project | None = None, **options: object) -> list[str]:
    return [each["title"] for each in await found(person, query, within=within, **options)]


def transactions_of(database: Database) -> Transaction:
    @asynccontextmanager
    async def transaction() -> AsyncIterator[AsyncSession]:
        async with database.write() as session:
            yield session
            await session.commit()

    return transaction


async def _hang(url: str, number: int, path: Path) -> None:
    """Index what is due, and stop for ever where a kill hurts most: before the commit of the so-manyth transaction."""
    database = Database(settings_for(url))
    begun = 0

    @asynccontextmanager
    async def transaction() -> AsyncIterator[AsyncSession]:
        nonlocal begun
        begun += 1
        async with database.write() as session:
            yield session
            if begun == number:
                await session.flush()
                await asyncio.to_thread(path.write_text, "uncommitted")
                await asyncio.Event().wait()
            await session.commit()

    await search_cursor(database, transaction).catch_up()


if __name__ == "__main__":
    os.setpgrp()
    asyncio.run(_hang(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
