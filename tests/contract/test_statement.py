"""Statements on every database: what a session would do, by the driver."""

import asyncio
import itertools
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, MultipleResultsFound
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.engine import Database
from roomful.db.outages import is_outage
from roomful.db.statement import PART, Statement, full_parts
from roomful.eventlog.models import CHANNEL
from roomful.identity.models import USER
from roomful.projects.models import PROJECT
from roomful.tasks.models import TASK

OPEN = Statement(insert(CHANNEL))
CLOSED = {"epoch": "test", "head": 0, "floor": 0}
ADVANCE = Statement(
    update(CHANNEL)
    .where(CHANNEL.c.name == bindparam("channel"))
    .values(head=CHANNEL.c.head + 2)
    .returning(CHANNEL.c.head, func.coalesce(CHANNEL.c.epoch, "").label("era"))
)
RISE = Statement(update(CHANNEL).where(CHANNEL.c.name == bindparam("channel")).values(head=bindparam("newest")))
HEADS = Statement(select(CHANNEL.c.name, CHANNEL.c.head).where(CHANNEL.c.epoch == "test").order_by(CHANNEL.c.name))
CHANNELS = Statement(select(func.count().label("count")).select_from(CHANNEL).where(CHANNEL.c.epoch == "test"))
AT = datetime(2026, 7, 16, 13, 32, 0, 7, UTC)


async def count(database: Database) -> int:
    async with database.read() as session:
        return int((await CHANNELS.one_or_none(session, {})).count)


async def test_values_and_rows_are_those_of_a_session(database: Database) -> None:
    user = {
        "id": "u",
        "email": "a@b.c",
        "email_verified": False,
        "name": "Ada",
        "password_hash": "",
        "external_id": None,
    }
    project = {"id": "p", "name": "Apollo", "description": None, "status": "active", "task_count": 0, "owner_id": "u"}
    task = {
        "id": "t",
        "project_id": "p",
        "title": "Order fuel",
        "description": None,
        "status": "in_progress",
        "assignee_id": None,
        "due_on": date(2026, 7, 16),
        "labels": ["launch", "Ü"],
        "position": "a0",
        "version": 1,
        "created_by": "u",
        "created_at": AT,
        "updated_at": AT,
    }
    async with database.write() as session:
        await Statement(insert(USER)).all(session, {**user, "role": "user", "is_active": True, "created_at": AT})
        await Statement(insert(PROJECT)).all(session, {**project, "version": 1, "created_at": AT, "updated_at": AT})
        assert await Statement(insert(TASK)).all(session, task) == []
        await session.commit()
    async with database.read() as session:
        for _ in ("by the DB-API", "by the driver"):
            row = await Statement(select(TASK)).one_or_none(session, {})
            assert row._asdict() == task
        assert tuple((await session.execute(select(TASK))).one()) == tuple(row)


async def test_what_the_statement_says_itself_is_not_a_parameter(database: Database) -> None:
    async with database.write() as session:
        await OPEN.all(session, {"name": "a", **CLOSED})
        first = await ADVANCE.one_or_none(session, {"channel": "a"})
        second = await ADVANCE.one_or_none(session, {"channel": "a"})
        assert (first.head, second.head, second.era) == (2, 4, "test")
        assert await ADVANCE.one_or_none(session, {"channel": "b"}) is None


async def test_one_row_is_not_the_first_of_several(database: Database) -> None:
    async with database.write() as session:
        for name in ("b", "a"):
            await OPEN.all(session, {"name": name, **CLOSED})
        assert [row.name for row in await HEADS.all(session, {})] == ["a", "b"]
        with pytest.raises(MultipleResultsFound):
            await HEADS.one_or_none(session, {})


@pytest.mark.parametrize("first", [True, False], ids=["first in its transaction", "later"])
async def test_it_is_part_of_the_sessions_transaction(database: Database, *, first: bool) -> None:
    async with database.write() as session:
        if not first:
            await CHANNELS.all(session, {})
        await OPEN.all(session, {"name": "lost", **CLOSED})
        await session.rollback()
        await OPEN.all(session, {"name": "kept", **CLOSED})
        await session.commit()
        await OPEN.all(session, {"name": "lost too", **CLOSED})
    async with database.read() as session:
        assert [row.name for row in await HEADS.all(session, {})] == ["kept"]


async def test_a_savepoint_undoes_it(database: Database) -> None:
    async with database.write() as session:
        await OPEN.all(session, {"name": "kept", **CLOSED})
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await OPEN.all(session, {"name": "lost", **CLOSED})
                await OPEN.all(session, {"name": "kept", **CLOSED})
        await session.commit()
    assert await count(database) == 1


async def test_a_read_session_sees_one_state(database: Database) -> None:
    async with database.read() as reader:
        await CHANNELS.all(reader, {})
        async with database.write() as writer:
            await OPEN.all(writer, {"name": "a", **CLOSED})
            await writer.commit()
        assert (await CHANNELS.one_or_none(reader, {})).count == 0
    assert await count(database) == 1


@pytest.mark.parametrize("first", [True, False], ids=["first in its transaction", "later"])
async def test_a_drivers_error_is_that_of_a_session(database: Database, *, first: bool) -> None:
    async with database.write() as session:
        await OPEN.all(session, {"name": "a", **CLOSED})
        await session.commit()
    async with database.write() as session:
        if not first:
            await CHANNELS.all(session, {})
        with pytest.raises(IntegrityError) as raised:
            await OPEN.all(session, {"name": "a", **CLOSED})
        assert not is_outage(raised.value)
    assert await count(database) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_a_lost_connection_is_an_outage_and_not_used_again(database: Database) -> None:
    own_id = Statement(select(func.pg_backend_pid().label("id")))
    async with database.write() as session, database.write() as other:
        lost = (await own_id.one_or_none(session, {})).id
        await other.execute(text("SELECT pg_terminate_backend(:id, 5000)"), {"id": lost})
        with pytest.raises(DBAPIError) as raised:
            await CHANNELS.all(session, {})
        assert is_outage(raised.value)
        await session.rollback()
        assert (await own_id.one_or_none(session, {})).id != lost


async def test_who_is_cancelled_leaves_no_transaction_behind(database: Database) -> None:
    """Wherever it is: BEGIN may be on its way, or a statement, or the driver's own wish to stop that."""

    async def write(session: AsyncSession) -> None:
        for number in itertools.count():
            await OPEN.all(session, {"name": str(number), **CLOSED})

    for attempt in range(120):
        async with database.write() as session, asyncio.TaskGroup() as tasks:
            task = tasks.create_task(write(session))
            if attempt % 2:
                await asyncio.sleep(attempt / 20_000)
            else:
                for _ in range(attempt // 2):
                    await asyncio.sleep(0)
            task.cancel()
        assert task.cancelled()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        for number in range(10):  # a connection each, where there is more than one writer
            tasks.create_task(write_one(database, f"after {number}"))
    assert await count(database) == 10


async def write_one(database: Database, name: str) -> None:
    async with database.write() as session:
        await OPEN.all(session, {"name": name, **CLOSED})
        await session.commit()


async def test_what_returns_nothing_may_be_sent_ahead(database: Database) -> None:
    async with database.write() as session:
        assert (await CHANNELS.one_or_none(session, {})).count == 0
        await OPEN.send(session, {"name": "a", **CLOSED})
        await OPEN.send(session, {"name": "b", **CLOSED})
        assert (await CHANNELS.one_or_none(session, {})).count == 2
        await OPEN.send(session, {"name": "c", **CLOSED})
        await session.commit()
    async with database.write() as session:
        assert (await CHANNELS.one_or_none(session, {})).count == 3
        await OPEN.send(session, {"name": "d", **CLOSED})
        await session.rollback()
        await OPEN.send(session, {"name": "e", **CLOSED})
    assert await count(database) == 3


async def test_what_was_sent_ahead_fails_before_the_commit_is_done(database: Database) -> None:
    async with database.write() as session:
        await OPEN.send(session, {"name": "a", **CLOSED})
        await session.commit()
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            await CHANNELS.all(session, {})
            await OPEN.send(session, {"name": "b", **CLOSED})
            await OPEN.send(session, {"name": "a", **CLOSED})
            await session.commit()
    assert await count(database) == 1
    await write_one(database, "after")


async def test_what_is_sent_together_is_all_done_in_one_trip(database: Database) -> None:
    opened = [(OPEN, {"name": name, **CLOSED}) for name in ("a", "b")]
    async with database.write() as session:
        await Statement.send_together(session, opened[:1])  # it begins the transaction
        await Statement.send_together(session, [*opened[1:], (RISE, {"channel": "a", "newest": 7})])
        await session.commit()
        await Statement.send_together(session, [(RISE, {"channel": "a", "newest": 8})])
        await Statement.send_together(session, [(RISE, {"channel": name, "newest": 9}) for name in ("a", "b")])
    async with database.read() as session:
        assert [tuple(row) for row in await HEADS.all(session, {})] == [("a", 7), ("b", 0)]


async def test_what_is_sent_together_fails_together(database: Database) -> None:
    async with database.write() as session:
        await OPEN.all(session, {"name": "a", **CLOSED})
        await session.commit()
        await CHANNELS.all(session, {})
        with pytest.raises(IntegrityError):
            await Statement.send_together(session, [(OPEN, {"name": name, **CLOSED}) for name in ("b", "a", "c")])
            await session.commit()
        await session.rollback()
    assert await count(database) == 1


@pytest.mark.parametrize("count", [0, 1, PART - 1, PART, PART + 1, 2 * PART])
def test_full_parts_hold_every_key_in_order(count: int) -> None:
    parts = list(full_parts(range(count)))
    assert all(len(part) == PART for part in parts)
    assert list(dict.fromkeys(key for part in parts for key in part)) == list(range(count))
