"""Outages of the database, as opposed to our own mistakes."""

import asyncio
import sqlite3
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db import engine, postgresql
from roomful.db.engine import Database
from roomful.db.outages import READ_ONLY, ends_connections, is_outage, outage
from roomful.errors import Unavailable
from roomful.settings import Settings
from roomful.web.errors import explain
from tests.conftest import settings_for


async def failure(session: AsyncSession, *statements: str) -> Exception:
    """The error of the last statement."""
    try:
        for statement in statements:
            await session.execute(text(statement))
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("host", ["127.0.0.1:1", "/nowhere"])
async def test_an_unreachable_postgresql(host: str) -> None:
    where = f"@{host}/roomful" if ":" in host else f"@/roomful?host={host}"
    database = Database(settings_for(f"postgresql://nobody{where}"))
    async with database.read() as session:
        error = await failure(session, "SELECT 1")
    assert isinstance(error, SQLAlchemyError)  # the errors that background loops survive
    assert isinstance(explain(error), Unavailable)
    await database.close()


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_a_statement_that_takes_too_long(settings: Settings) -> None:
    database = Database(settings.model_copy(update={"database_statement_timeout": 0.2}))
    async with database.read() as session:
        assert is_outage(await failure(session, "SELECT pg_sleep(5)"))
    async with database.read() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    await database.close()


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_a_lock_held_by_others(settings: Settings) -> None:
    patient = Database(settings)
    hasty = Database(settings.model_copy(update={"database_statement_timeout": 0.3}))
    async with patient.write() as first, hasty.write() as second:
        await first.execute(text("LOCK TABLE project IN ACCESS EXCLUSIVE MODE"))
        assert is_outage(await failure(second, "SELECT count(*) FROM project"))
    await hasty.close()
    await patient.close()


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_an_idle_transaction_that_timed_out(settings: Settings) -> None:
    database = Database(settings.model_copy(update={"database_statement_timeout": 0.2}))

    async def lie_idle() -> None:
        async with database.write() as session:
            await session.execute(text("SELECT 1"))
            await asyncio.sleep(0.5)
            await session.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError) as error:
        await lie_idle()
    assert is_outage(error.value)
    await database.close()


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_a_connection_ended_by_the_operator(settings: Settings) -> None:
    database = Database(settings)
    async with database.write() as session:
        assert is_outage(await failure(session, "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 1"))
    async with database.read() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    await database.close()


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_a_connection_ended_while_it_opens(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def end(connection: asyncpg.Connection) -> bool:
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return False

    database = Database(settings)
    with monkeypatch.context() as ending:
        ending.setattr(postgresql, "_is_pooled", end)
        async with database.read() as session:
            assert is_outage(await failure(session, "SELECT 1"))
    async with database.read() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    await database.close()


async def test_an_exhausted_pool(settings: Settings) -> None:
    update = {"database_pool_size": 1, "database_pool_overflow": 0, "database_pool_timeout": 0.1}
    database = Database(settings.model_copy(update=update))
    exhausted = [database.is_exhausted]
    async with database.read() as first, database.read() as second:
        await first.execute(text("SELECT 1"))
        exhausted.append(database.is_exhausted)
        assert is_outage(await failure(second, "SELECT 1"))
    exhausted.append(database.is_exhausted)
    assert exhausted == [False, True, False]
    await database.close()


async def test_an_sqlite_locked_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SQLITE_BUSY_SECONDS", 0.1)
    path = tmp_path / "roomful.db"
    database = Database(settings_for(f"sqlite:///{path}"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("BEGIN IMMEDIATE")
    async with database.write() as session:
        assert is_outage(await failure(session, "SELECT 1"))
    async with database.read() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    other.close()
    await database.close()


async def test_an_sqlite_that_cannot_be_written_or_read(tmp_path: Path) -> None:
    path = tmp_path / "roomful.db"
    sqlite3.connect(path).execute("CREATE TABLE one (two)").close()
    read_only = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(sqlite3.Error) as refused:
        read_only.execute("INSERT INTO one VALUES (3)")
    assert outage(DBAPIError("INSERT", None, refused.value)) == READ_ONLY
    assert ends_connections(refused.value)
    path.write_bytes(b"not a database" * 100)
    database = Database(settings_for(f"sqlite:///{path}"))
    async with database.read() as session:
        error = await failure(session, "SELECT 1")
    assert isinstance(explain(error), Unavailable)
    await database.close()


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM nowhere", "SELEKT 1", "INSERT INTO channel (name, epoch, head, floor) VALUES (NULL, '', 0, 0)"],
)
async def test_our_own_mistakes_are_not_outages(database: Database, statement: str) -> None:
    async with database.write() as session:
        error = await failure(session, statement)
    assert isinstance(error, DBAPIError)
    assert not is_outage(error)
    assert explain(error).code == "INTERNAL"
