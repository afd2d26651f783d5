"""The starts of nodes in each database (server/roomful/db/node_starts.py)."""

from datetime import timedelta

from sqlalchemy import delete, func, select, update

from roomful.db.base import now
from roomful.db.engine import Database
from roomful.db.models import NodeStart
from roomful.db.node_starts import KEPT, NodeStarts


async def test_each_node_reads_its_own_start_and_all_later_ones(database: Database) -> None:
    one, two, three = NodeStarts(database), NodeStarts(database), NodeStarts(database)
    [first] = await one.read()
    [second] = await two.read()
    [third] = await three.read()
    assert len({first, second, third}) == 3
    assert await one.read() == [first, second, third]
    assert await two.read() == [second, third]
    assert await three.read() == [third]


async def test_starts_begin_anew_in_a_database_that_was_set_back(database: Database) -> None:
    one = NodeStarts(database)
    [before] = await one.read()
    async with database.write() as session:
        await session.execute(delete(NodeStart))
        await session.commit()
    [after] = await one.read()
    assert after != before


async def test_old_starts_are_deleted_except_the_newest(database: Database) -> None:
    old = NodeStarts(database)
    await old.read()
    async with database.write() as session:
        await session.execute(update(NodeStart).values(started_at=now() - KEPT - timedelta(hours=1)))
        await session.commit()
    assert len(await old.read()) == 1
    [newest] = await NodeStarts(database).read()
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(NodeStart)) == 1
    assert await old.read() == [newest]
