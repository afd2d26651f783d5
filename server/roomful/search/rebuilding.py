"""Making the index anew, while servers run or not."""

import asyncio

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from roomful.db.engine import Database
from roomful.eventlog import cursor_rows
from roomful.eventlog.cursor_batch import Transaction
from roomful.eventlog.models import LOG_CURSOR
from roomful.search import index
from roomful.search.indexer import RULES, search_cursor
from roomful.search.models import ENTRY, FILL, NUMBER


async def rebuild(database: Database, transaction: Transaction) -> int:
    """Forget the index and make it of the rows again; the number of its entries. Running servers help."""
    removed = index.REMOVED_AT_ONCE
    while removed == index.REMOVED_AT_ONCE:
        async with transaction() as session:
            await session.execute(_FIRST_NUMBER)
            await index.claim(session)
            removed = await index.remove_some(session, None)
            if removed < index.REMOVED_AT_ONCE:
                if database.is_sqlite:
                    await session.execute(_REPAIR)
                await session.execute(_FORGET_FILLS)
                await session.execute(_FORGET_POSITIONS)
    cursor = search_cursor(database, transaction)
    while True:
        await cursor.catch_up()
        async with database.read() as session:
            if not await cursor_rows.behind(session, RULES.name, RULES.prefix, limit=1):
                return int((await session.execute(_COUNT)).scalar_one())
        await asyncio.sleep(1.0)  # a server is at work on the rest


_FIRST_NUMBER = insert(NUMBER).values(id=1, last=0).on_conflict_do_nothing()
_REPAIR = text("INSERT INTO search_words (search_words) VALUES ('rebuild')")
_FORGET_FILLS = delete(FILL)
_FORGET_POSITIONS = delete(LOG_CURSOR).where(LOG_CURSOR.c.cursor == RULES.name)
_COUNT = select(func.count()).select_from(ENTRY)
