"""PgBouncer in transaction mode between the server and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from roomful.db import schema
from roomful.db.engine import Database
from roomful.db.outages import TOO_SLOW, outage
from roomful.settings import Settings
from tests.conftest import Backend, absent
from tests.support.app import Live, serving
from tests.support.pgbouncer import PgBouncer, run_pgbouncer
from tests.support.postgresql import PostgreSQL
from tests.support.subscribers import PlainSubscriber

RESET_LIMIT = "SELECT reset_val FROM pg_settings WHERE name = 'statement_timeout'"
IGNORED = "extra_float_digits,statement_timeout,lock_timeout,idle_in_transaction_session_timeout,jit"


@pytest.fixture
def backend() -> Backend:
    return "postgresql"


@pytest.fixture(params=[{}, {"ignore_startup_parameters": IGNORED}], ids=["strict", "lenient"])
def pooler(request: pytest.FixtureRequest, postgresql: PostgreSQL) -> Iterator[PgBouncer]:
    """One pooler refuses unknown parameters, one ignores them."""
    try:
        with run_pgbouncer(postgresql, **request.param) as pooler:
            yield pooler
    except ImportError as missing:
        absent(f"PgBouncer: {missing}")


@pytest.fixture
def pooled(settings: Settings, pooler: PgBouncer) -> Settings:
    name = make_url(settings.database_url).database
    assert name is not None
    return settings.model_copy(update={"database_url": pooler.url(name)})


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings)
    yield database
    await database.close()


async def test_two_hundred_writers_and_a_reader_work_through_it(pooled: Settings) -> None:
    at_once = asyncio.Semaphore(10)

    async def write(number: int) -> None:
        async with at_once:
            await ada.create_task(project, str(number))

    async with serving(pooled) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        live.api.http.timeout = httpx.Timeout(30)
        async with PlainSubscriber(live.socket_url, project.id, token=ada.token) as reader:
            await write(0)
            await reader.expect_event("task.created")  # it was let in
            async with asyncio.TaskGroup() as writers:
                for number in range(1, 200):
                    writers.create_task(write(number))
            offsets = [(await reader.expect_event("task.created"))["offset"] for _ in range(1, 200)]
        assert offsets == list(range(3, 202))
        assert len(await ada.all_events(project)) == 201


async def test_no_state_stays_with_a_connection(pooled: Settings) -> None:
    async with opened(pooled) as database:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(20):
                tasks.create_task(ask(database))
        async with database.read() as session:
            assert await session.scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0
            assert await session.scalar(text("SHOW statement_timeout")) == "15s"
            assert await session.scalar(text("SHOW jit")) == "off"
            assert (
                await session.scalar(text("SELECT reset_val FROM pg_settings WHERE name = 'statement_timeout'")) == "0"
            )


async def ask(database: Database) -> None:
    async with database.read() as session:
        await session.execute(text("SELECT count(*) FROM channel WHERE head > :head"), {"head": 3})
    async with database.ask() as session:
        await session.execute(text("SELECT count(*) FROM channel WHERE head > :head"), {"head": 3})


async def test_limits_hold_in_each_transaction(pooled: Settings) -> None:
    async with opened(pooled.model_copy(update={"database_statement_timeout": 0.2})) as database:
        for session_of in (database.write, database.read, database.read):
            with pytest.raises(DBAPIError) as slow:
                async with session_of() as session:
                    await session.execute(text("SELECT pg_sleep(5)"))
            assert outage(slow.value) == TOO_SLOW


async def test_a_schema_is_made_through_it(pooler: PgBouncer, empty_database_url: str, settings: Settings) -> None:
    name = make_url(empty_database_url).database
    assert name is not None
    nodes = [Database(settings.model_copy(update={"database_url": pooler.url(name)})) for _ in range(3)]
    async with asyncio.TaskGroup() as starting:
        for node in nodes:
            starting.create_task(schema.upgrade(node.engine))
    assert await schema.current(nodes[0].engine) == schema.known_revisions()[-1]
    for node in nodes:
        await node.close()


async def test_a_pooler_that_is_away_is_an_outage_that_heals(pooled: Settings, pooler: PgBouncer) -> None:
    async with serving(pooled) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        pooler.stop()
        refused = await ada.request("POST", f"{project.path}/tasks", json={"title": "Fly"})
        assert (refused.status_code, refused.json()["code"]) == (503, "UNAVAILABLE")
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await ready(live)) == (503, "no connection")
        pooler.start()
        await ada.create_task(project, "Fly")
        async with asyncio.timeout(10):
            while await ready(live) != (200, ""):  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(0.1)


async def ready(live: Live) -> tuple[int, str]:
    answer = await live.api.http.get("/readyz")
    details = answer.json().get("details", [{"reason": ""}])
    return answer.status_code, details[0]["reason"]


async def test_a_direct_connection_is_not_taken_for_a_pooled_one(settings: Settings) -> None:
    async with opened(settings) as database, database.write() as session:
        for _ in range(2):
            await session.execute(text("SELECT 1"))
        kept = "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 1'"
        assert await session.scalar(text(kept)) == 1
        assert await session.scalar(text(RESET_LIMIT)) == "15000"
