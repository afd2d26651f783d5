"""The index of the search, as commands make it anew."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.cli.database import ready_database, run
from roomful.search import rebuilding
from roomful.settings import Settings


def rebuild(settings: Settings) -> int:
    """How many entries it has then."""

    async def work() -> int:
        async with ready_database(settings) as database:

            @asynccontextmanager
            async def transaction() -> AsyncIterator[AsyncSession]:
                async with database.write() as session:
                    yield session
                    await session.commit()

            return await rebuilding.rebuild(database, transaction)

    return run(settings, work)
