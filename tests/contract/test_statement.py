"""Statements on every database: like a session's, but run by the driver."""

import asyncio
import itertools
from datetime import UTC, date, datetime
from typing import NamedTuple

import pytest
from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, MultipleResultsFound
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.engine import Database
from roomful.db.outages import is_outage
from roomful.db.statement import Query, carry_out
from roomful.eventlog.models import CHANNEL
from roomful.identity.models import USER
from roomful.projects.models import COLUMN, PROJECT
from roomful.tasks.models import TASK, TaskStatus

OPEN = insert(CHANNEL)
CLOSED = {"epoch": "test", "head": 0, "floor": 0}


class Advanced(NamedTuple):
    head: int
    era: str


class Head(NamedTuple):
    name: str
    head: int


class Count(NamedTuple):
    found: int


class Backend(NamedTuple):
    id: int


class TaskRow(NamedTuple):
    id: str
    project_id: str
    title: str
    description: str | None
    status: TaskStatus
    column_id: str
    number: int
    assignee_id: str | None
    due_on: date | None
    labels: list[str]
    position: str
    version: int
    created_by: str
    created_at: datetime
    updated_at: datetime


ADVANCE = Query(
    update(CHANNEL)
    .where(CHANNEL.c.name == bindparam("channel"))
    .values(head=CHANNEL.c.head + 2)
    .returning(CHANNEL.c.head, func.coalesce(CHANNEL.c.epoch, "").label("era")),
    Advanced,
)
RISE = update(CHANNEL).where(CHANNEL.c.name == bindparam("channel"))
HEADS = select(CHANNEL.c.name, CHANNEL.c.head).where(CHANNEL.c.epoch == "test").order_by(CHANNEL.c.name)
HEAD = Query(HEADS, Head)
COUNT = Query(select(func.count().label("found")).select_from(CHANNEL).where(CHANNEL.c.epoch == "test"), Count)
AT = datetime(2026, 7, 16, 13, 32, 0, 7, UTC)


async def count(database: Database) -> int:
    async with database.read() as session:
        return await counted(session)


async def counted(session: AsyncSession) -> int:
    found = await COUNT.one_or_none(session, {})
    assert found is not None
    return found.found


async def open_one(session: AsyncSession, name: str) -> None:
    await carry_out(session, [(OPEN, {"name": name, **CLOSED})])


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
    column = {"id": "c", "project_id": "p", "name": "Doing", "category": "in_progress", "position": "a0"}
    task = {
        "id": "t",
        "project_id": "p",
        "title": "Order fuel",
        "description": None,
        "status": "in_progress",
        "column_id": "c",
        "number": 1,
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
        await carry_out(session, [(insert(USER), {**user, "role": "user", "is_active": True, "created_at": AT})])
        await carry_out(session, [(insert(PROJECT), {**project, "version": 1, "created_at": AT, "updated_at": AT})])
        await carry_out(session, [(insert(COLUMN), {**column, "version": 1, "created_at": AT, "updated_at": AT})])
        await carry_out(session, [(insert(TASK), task)])
        await session.commit()
    query = Query(select(*(TASK.c[name] for name in TaskRow._fields)), TaskRow)
    async with database.read() as session:
        for _ in ("by the DB-API", "by the driver"):
            row = await query.one_or_none(session, {})
            assert row is not None
            assert row._asdict() == task
        assert (await session.execute(select(*(TASK.c[name] for name in TaskRow._fields)))).one()._asdict() == task


def test_a_rows_type_names_the_columns_of_its_query() -> None:
    with pytest.raises(TypeError, match="Head has the fields"):
        Query(select(CHANNEL.c.head, CHANNEL.c.name), Head)


async def test_values_that_a_session_would_make_are_missed(database: Database) -> None:
    async with database.write() as session:
        with pytest.raises(TypeError, match="lacks values"):
            await carry_out(session, [(OPEN, {"name": "a", "epoch": "test"})])  # the model has a default for `head`
        await session.rollback()


async def test_an_update_writes_the_columns_that_its_parameters_name(database: Database) -> None:
    async with database.write() as session:
        await open_one(session, "a")
        for changes in ({"head": 3}, {"head": 4, "floor": 2}, {"head": 5}):
            await carry_out(session, [(RISE, {"channel": "a", **changes})])
        row = (await session.execute(select(CHANNEL.c.head, CHANNEL.c.floor).where(CHANNEL.c.name == "a"))).one()
        assert tuple(row) == (5, 2)


async def test_constants_of_the_statement_are_not_parameters(database: Database) -> None:
    async with database.write() as session:
        await open_one(session, "a")
        assert await ADVANCE.one_or_none(session, {"channel": "a"}) == Advanced(2, "test")
        assert await ADVANCE.one_or_none(session, {"channel": "a"}) == Advanced(4, "test")
        assert await ADVANCE.one_or_none(session, {"channel": "b"}) is None


async def test_one_or_none_refuses_several_rows(database: Database) -> None:
    async with database.write() as session:
        for name in ("b", "a"):
            await open_one(session, name)
        with pytest.raises(MultipleResultsFound):
            await HEAD.one_or_none(session, {})


@pytest.mark.parametrize("first", [True, False], ids=["first in its transaction", "later"])
async def test_it_is_part_of_the_sessions_transaction(database: Database, *, first: bool) -> None:
    async with database.write() as session:
        if not first:
            await COUNT.one_or_none(session, {})
        await open_one(session, "lost")
        await session.rollback()
        await open_one(session, "kept")
        await session.commit()
        await open_one(session, "lost too")
    async with database.read() as session:
        assert [name for name, _ in await session.execute(HEADS)] == ["kept"]


async def test_a_savepoint_undoes_it(database: Database) -> None:
    async with database.write() as session:
        await open_one(session, "kept")
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await open_one(session, "lost")
                await open_one(session, "kept")
        await session.commit()
    assert await count(database) == 1


async def test_a_read_session_sees_one_state(database: Database) -> None:
    async with database.read() as reader:
        await COUNT.one_or_none(reader, {})
        async with database.write() as writer:
            await open_one(writer, "a")
            await writer.commit()
        assert await counted(reader) == 0
    assert await count(database) == 1


@pytest.mark.parametrize("first", [True, False], ids=["first in its transaction", "later"])
async def test_a_drivers_error_becomes_that_of_a_session(database: Database, *, first: bool) -> None:
    async with database.write() as session:
        await open_one(session, "a")
        await session.commit()
    async with database.write() as session:
        if not first:
            await COUNT.one_or_none(session, {})
        with pytest.raises(IntegrityError) as raised:
            await open_one(session, "a")
            await counted(session)
        assert not is_outage(raised.value)
    assert await count(database) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_a_lost_connection_is_an_outage_and_is_not_reused(database: Database) -> None:
    own_id = Query(select(func.pg_backend_pid().label("id")), Backend)
    async with database.write() as session, database.write() as other:
        lost = await own_id.one_or_none(session, {})
        assert lost is not None
        await other.execute(text("SELECT pg_terminate_backend(:id, 5000)"), lost._asdict())
        with pytest.raises(DBAPIError) as raised:
            await COUNT.one_or_none(session, {})
        assert is_outage(raised.value)
        await session.rollback()
        assert await own_id.one_or_none(session, {}) != lost


async def test_a_cancelled_task_leaves_no_transaction_behind(database: Database) -> None:
    """At any point: during BEGIN, a statement, or the driver's own cancellation."""

    async def write(session: AsyncSession) -> None:
        for number in itertools.count():
            await open_one(session, str(number))
            await counted(session)  # a change alone may only be noted, to go with the next statement

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
        for number in range(10):  # a connection each, if several may write
            tasks.create_task(write_one(database, f"after {number}"))
    assert await count(database) == 10


async def write_one(database: Database, name: str) -> None:
    async with database.write() as session:
        await open_one(session, name)
        await session.commit()


async def test_a_statement_without_rows_may_be_sent_ahead(database: Database) -> None:
    async with database.write() as session:
        assert await counted(session) == 0
        await open_one(session, "a")
        await open_one(session, "b")
        assert await counted(session) == 2
        await open_one(session, "c")
        await session.commit()
    async with database.write() as session:
        assert await counted(session) == 3
        await open_one(session, "d")
        await session.rollback()
        await open_one(session, "e")
    assert await count(database) == 3


async def test_a_statement_sent_ahead_fails_before_the_commit(database: Database) -> None:
    async with database.write() as session:
        await open_one(session, "a")
        await session.commit()
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            await COUNT.one_or_none(session, {})
            await open_one(session, "b")
            await open_one(session, "a")
            await session.commit()
    assert await count(database) == 1
    await write_one(database, "after")


async def test_statements_sent_together_take_one_trip(database: Database) -> None:
    opened = [(OPEN, {"name": name, **CLOSED}) for name in ("a", "b")]
    async with database.write() as session:
        await carry_out(session, opened[:1])  # it begins the transaction
        await carry_out(session, [*opened[1:], (RISE, {"channel": "a", "head": 7})])
        await session.commit()
        await carry_out(session, [(RISE, {"channel": "a", "head": 8})])
        await carry_out(session, [(RISE, {"channel": name, "head": 9}) for name in ("a", "b")])
    async with database.read() as session:
        assert [tuple(row) for row in await session.execute(HEADS)] == [("a", 7), ("b", 0)]


async def test_statements_sent_together_fail_together(database: Database) -> None:
    async with database.write() as session:
        await open_one(session, "a")
        await session.commit()
        await COUNT.one_or_none(session, {})
        with pytest.raises(IntegrityError):
            await carry_out(session, [(OPEN, {"name": name, **CLOSED}) for name in ("b", "a", "c")])
            await session.commit()
        await session.rollback()
    assert await count(database) == 1
