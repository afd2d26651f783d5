"""Sessions and transactions on every database."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import QueuePool

from roomful.db.engine import Database
from roomful.eventlog.models import Channel, Event
from roomful.settings import Settings
from tests.conftest import settings_for
from tests.support.postgresql import PostgreSQL

# The table with the fewest columns serves as a counter.
COUNTER = "counter"


@pytest.fixture(autouse=True)
async def _counter(database: Database) -> None:
    async with database.write() as session:
        await session.execute(insert(Channel).values(name=COUNTER, epoch="e", head=0, floor=0))
        await session.commit()


async def count_up(session: AsyncSession) -> None:
    """Read, then write: under contention this order makes a deferred SQLite transaction fail at once."""
    await session.execute(select(Channel.epoch).where(Channel.name == COUNTER))
    await session.execute(update(Channel).where(Channel.name == COUNTER).values(head=Channel.head + 1))


async def counted(database: Database) -> int:
    async with database.read() as session:
        return await value(session)


async def value(session: AsyncSession) -> int:
    return (await session.execute(select(Channel.head).where(Channel.name == COUNTER))).scalar_one()


def checked_out(database: Database) -> int:
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


@contextmanager
def other_process_writing(database_url: str) -> Iterator[threading.Event]:
    """Another program holds the SQLite file's write lock until the event is set."""
    has_lock, may_end, path = threading.Event(), threading.Event(), database_url.removeprefix("sqlite:///")

    def hold() -> None:
        connection = sqlite3.connect(path, isolation_level=None, timeout=10)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE channel SET floor = floor + 1")
        has_lock.set()
        may_end.wait(20)
        connection.execute("COMMIT")
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert has_lock.wait(10)
        yield may_end
    finally:
        may_end.set()
        thread.join()


async def test_read_session_sees_one_state(database: Database) -> None:
    async with database.read() as reader:
        before = await value(reader)
        async with database.write() as writer:
            await count_up(writer)
            await writer.commit()
        assert await value(reader) == before
    assert await counted(database) == before + 1


async def test_read_session_cannot_write(database: Database) -> None:
    """PostgreSQL refuses it; on SQLite a reader becomes a writer only if nobody else writes."""
    async with database.write() as writer:
        await count_up(writer)
        async with database.read() as reader:
            await value(reader)
            if database.is_sqlite:
                await reader.execute(text("PRAGMA busy_timeout = 0"))
            with pytest.raises(DBAPIError):
                await reader.execute(update(Channel).values(floor=1))
        await writer.commit()


async def test_reader_does_not_wait_for_a_writer(database: Database) -> None:
    async with database.write() as writer:
        await count_up(writer)
        async with asyncio.timeout(2):
            assert await counted(database) == 0
        await writer.commit()


async def test_leaving_without_commit_rolls_back(database: Database) -> None:
    async with database.write() as session:
        await count_up(session)
    with pytest.raises(ZeroDivisionError):
        async with database.write() as session:
            await count_up(session)
            _ = 1 // 0
    assert await counted(database) == 0
    assert checked_out(database) == 0


async def test_savepoint_undoes_only_its_part(database: Database) -> None:
    async with database.write() as session:
        await count_up(session)
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await count_up(session)
                await session.execute(insert(Channel).values(name=COUNTER, epoch="e", head=0, floor=0))
        assert await value(session) == 1
        await session.commit()
    assert await counted(database) == 1


async def test_rollback_undoes_a_released_savepoint(database: Database) -> None:
    async with database.write() as session:
        async with session.begin_nested():
            await count_up(session)
        await session.rollback()
    assert await counted(database) == 0


async def test_foreign_keys_are_enforced(database: Database) -> None:
    async with database.write() as session:
        with pytest.raises(IntegrityError):
            await session.execute(
                text("INSERT INTO sign_in SELECT 'id', 'nobody', 1, NULL, NULL, NULL, NULL, NULL, ''")
            )
            await session.commit()


async def test_children_go_with_their_parent(database: Database) -> None:
    async with database.write() as session:
        await session.execute(
            text(
                'INSERT INTO event (channel, "offset", id, type, at, body)'
                " VALUES (:channel, 1, 'id', 'type', CURRENT_TIMESTAMP, :body)"
            ),
            {"channel": COUNTER, "body": b"{}"},
        )
        await session.execute(text("DELETE FROM channel WHERE name = :channel"), {"channel": COUNTER})
        assert await session.scalar(select(func.count()).select_from(Event).where(Event.channel == COUNTER)) == 0


async def test_twenty_writers_lose_no_update(database: Database) -> None:
    """Twenty at once, ten times each, while others read, without "database is locked"."""

    async def write() -> None:
        for _ in range(10):
            async with database.write() as session:
                await session.execute(
                    select(Channel).where(Channel.name == COUNTER).with_for_update()
                )  # no lock on SQLite, where the transaction has it already
                await count_up(session)
                await session.commit()

    async def watch() -> None:
        seen = 0
        while seen < 200:
            now = await counted(database)
            assert now >= seen
            seen = now

    async with asyncio.timeout(50), asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(write())
        tasks.create_task(watch())
    assert await counted(database) == 200
    assert checked_out(database) == 0


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_writers_wait_for_another_program(database: Database, database_url: str) -> None:
    async def write() -> None:
        async with database.write() as session:
            await count_up(session)
            await session.commit()

    with other_process_writing(database_url) as may_end:
        async with asyncio.TaskGroup() as writers:
            for _ in range(20):
                writers.create_task(write())
            async with asyncio.timeout(10):
                assert await counted(database) == 0  # readers don't wait
            await asyncio.sleep(1)
            may_end.set()
    assert await counted(database) == 20


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_sqlite_syncs_commits_and_allows_many_readers(database: Database) -> None:
    async with database.engine.connect() as connection:
        pragmas = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_cancelled_writer_releases_everything(database: Database) -> None:
    """A client that leaves in the middle of a transaction: it rolls back, and nobody waits for it."""
    for _ in range(30):
        has_written = asyncio.Event()

        async def write(has_written: asyncio.Event) -> None:
            async with database.write() as session:
                await count_up(session)
                has_written.set()
                await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5) as deadline, asyncio.TaskGroup() as tasks:
                tasks.create_task(write(has_written))
                await has_written.wait()
                deadline.reschedule(0)
        assert checked_out(database) == 0
    async with asyncio.timeout(5), database.write() as session:
        await count_up(session)
        await session.commit()
    assert await counted(database) == 1


async def test_tasks_cancelled_anywhere_release_everything(database: Database) -> None:
    """Cancelled at any await: getting a connection, a query, the commit, the close."""

    async def write() -> None:
        async with database.write() as session:
            await count_up(session)
            await session.commit()

    async def read() -> None:
        async with database.read() as session:
            await value(session)

    for turns in range(40):
        for work in (write, read):
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(work())
                for _ in range(turns):
                    await asyncio.sleep(0)
                running.cancel()
    async with asyncio.timeout(5):
        await write()
    assert checked_out(database) == 0


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_nobody_is_left_idle_in_transaction(database: Database, postgresql: PostgreSQL) -> None:
    await test_tasks_cancelled_anywhere_release_everything(database)
    # A parallel worker of one of our queries has our name too, and no state.
    states = postgresql.execute(
        "SELECT state FROM pg_stat_activity WHERE application_name = 'roomful' AND backend_type = 'client backend'"
    )
    assert set(states) == {"idle"}


@pytest.mark.parametrize("backend", ["postgresql"])
@pytest.mark.parametrize(
    "form",
    [
        "postgresql://postgres@/{name}?host={directory}",
        "postgresql+asyncpg://postgres@/{name}?host={directory}",
        "postgresql+psycopg://postgres@/{name}?host={directory}",
        "postgres://postgres@/{name}?host={directory}",
        "postgresql://postgres:secret@{quoted}/{name}",
        "postgresql://postgres@{quoted}:5432/{name}?sslmode=disable&connect_timeout=3&application_name=mine",
        "postgresql:///{name}?host={directory}&user=postgres",
    ],
)
async def test_postgresql_urls_of_every_form(settings: Settings, postgresql: PostgreSQL, form: str) -> None:
    name = make_url(settings.database_url).database
    url = form.format(name=name, directory=postgresql.directory, quoted=quote(str(postgresql.directory), safe=""))
    database = Database(settings_for(url))
    try:
        assert await counted(database) == 0
    finally:
        await database.close()
