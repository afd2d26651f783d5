"""Real outages of the database: 503 and an unready /readyz meanwhile, recovery without a restart, no traceback."""

import asyncio
import logging
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from roomful.db import engine
from roomful.db.engine import Database
from roomful.service_urls import postgresql_dsn
from roomful.settings import Settings
from tests.conftest import absent, settings_for
from tests.support.api import Person, Project
from tests.support.app import Live, serving
from tests.support.postgresql import PostgreSQL, run_postgresql
from tests.support.small_disk import SmallDisk, run_small_disk
from tests.support.subscribers import PlainSubscriber

HEALING_SECONDS = 15.0


@pytest.fixture(scope="module")
def own_postgresql() -> Iterator[PostgreSQL]:
    """A server of the test's own."""
    try:
        with run_postgresql(max_connections="20") as server:
            yield server
    except ImportError as missing:
        absent(f"PostgreSQL: {missing}")


@pytest.fixture
def postgresql_settings(own_postgresql: PostgreSQL) -> Iterator[Settings]:
    name = own_postgresql.create_database()
    yield settings_for(own_postgresql.url(name))
    own_postgresql.drop_database(name)


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    try:
        with run_small_disk(megabytes=24) as disk:
            yield disk
    except PermissionError as refused:
        pytest.skip(str(refused))


class Scene:
    """A person, their project and a reader, on a server whose database fails."""

    def __init__(self, live: Live, ada: Person, project: Project, reader: PlainSubscriber) -> None:
        self.live, self.ada, self.project, self.reader = live, ada, project, reader

    async def status(self, title: str = "Fly") -> int:
        """The status of a write; in an outage the answer must follow the contract."""
        answer = await self.ada.request("POST", f"{self.project.path}/tasks", json={"title": title})
        if answer.status_code == 503:
            assert answer.json()["code"] == "UNAVAILABLE"
            assert int(answer.headers["Retry-After"]) >= 1
        return answer.status_code

    async def readiness(self) -> str:
        """Empty if ready, otherwise the problem with the database."""
        answer = await self.live.api.http.get("/readyz")
        if answer.status_code == 200:
            return ""
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) >= 1
        (failing,) = answer.json()["details"]
        assert failing["part"].startswith("database")
        reason: str = failing["reason"]
        return reason

    async def fails(self, *reasons: str) -> None:
        """Writes are refused, and readiness says why."""
        async with asyncio.timeout(HEALING_SECONDS):
            while (status := await self.status()) == 201:
                pass
            assert status == 503
            while await self.readiness() not in reasons:  # noqa: ASYNC110  # one that met others' writes says less
                await asyncio.sleep(0.1)

    async def heals(self) -> None:
        """Without a restart writes pass, the reader gets them all, and the server is ready."""
        async with asyncio.timeout(HEALING_SECONDS):
            while await self.status("healed") != 201:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            while await self.readiness():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            while True:
                before = self.reader.seen or 0
                event = await self.reader.next_event(HEALING_SECONDS)
                assert event["offset"] == before + 1  # nothing is missing
                if event["data"]["task"]["title"] == "healed":
                    return


@asynccontextmanager
async def scene_of(settings: Settings, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Scene]:
    """Fails if a traceback was logged."""
    with caplog.at_level(logging.INFO):
        async with serving(settings) as live:
            ada = await live.api.register("ada")
            project = await ada.create_project()
            async with PlainSubscriber(live.socket_url, project.id, token=ada.token) as reader:
                await ada.create_task(project, "before")
                await reader.expect_event("task.created")  # it was let in
                yield Scene(live, ada, project, reader)
    assert [record.getMessage() for record in caplog.records if record.exc_info or record.levelno > 30] == []


async def test_postgresql_that_is_read_only(
    own_postgresql: PostgreSQL, postgresql_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene_of(postgresql_settings, caplog) as scene:
        make_read_only(own_postgresql, "on")
        try:
            await scene.fails("read-only")
            await scene.ada.snapshot(scene.project)
        finally:
            make_read_only(own_postgresql, "off")
        await scene.heals()


def make_read_only(server: PostgreSQL, state: str) -> None:
    """Like a standby or a demoted primary, open sessions included."""
    server.execute(f"ALTER SYSTEM SET default_transaction_read_only = {state}")
    server.execute("SELECT pg_reload_conf()")


async def test_postgresql_whose_back_ends_are_killed(
    own_postgresql: PostgreSQL, postgresql_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Unnoticed: a connection that was dead before the first statement is replaced."""
    async with scene_of(postgresql_settings, caplog) as scene:
        for number in range(5):
            async with asyncio.TaskGroup() as writers:  # so that the pool has several
                writing = [writers.create_task(scene.status(f"before {number}")) for _ in range(8)]
            kill_back_ends(own_postgresql)
            async with asyncio.TaskGroup() as writers:
                writing += [writers.create_task(scene.status(f"after {number}")) for _ in range(8)]
                reading = [writers.create_task(scene.ada.snapshot(scene.project)) for _ in range(4)]
            assert {task.result() for task in writing} == {201}
            assert all(task.result() for task in reading)
        await scene.heals()


def kill_back_ends(server: PostgreSQL) -> None:
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'roomful'")


async def test_closing_when_the_back_ends_were_killed(
    own_postgresql: PostgreSQL, postgresql_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Connections that died unheard are closed without an error."""
    for _ in range(5):
        database = await with_connections(8, postgresql_settings)
        kill_back_ends(own_postgresql)  # holds the loop, which therefore hears of it only when it closes them
        await database.close()
    assert [record.getMessage() for record in caplog.records if record.levelno > 30] == []


async def test_closing_when_the_back_ends_hang(
    own_postgresql: PostgreSQL, postgresql_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that answers nothing any more does not keep the process from ending."""
    database = await with_connections(3, postgresql_settings)
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'roomful'"
    back_ends = [int(pid) for pid in own_postgresql.execute(query)]
    assert len(back_ends) == 3
    for pid in back_ends:
        os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(HEALING_SECONDS):
            await database.close()
    finally:
        for pid in back_ends:
            os.kill(pid, signal.SIGCONT)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def with_connections(count: int, settings: Settings) -> Database:
    """A database whose pool holds this many."""
    database = Database(settings)

    async def query() -> None:
        async with database.ask() as session:
            await session.execute(text("SELECT pg_sleep(0.1)"))

    async with asyncio.TaskGroup() as queries:
        for _ in range(count):
            queries.create_task(query())
    return database


async def test_postgresql_that_is_stopped_and_started(caplog: pytest.LogCaptureFixture) -> None:
    with run_postgresql() as server:
        name = server.create_database()
        async with scene_of(settings_for(server.url(name)), caplog) as scene:
            await asyncio.to_thread(server.stop)
            await scene.fails("no connection", "stopped or restarting")
            with server.running():
                await scene.heals()


async def test_postgresql_without_a_free_connection(
    own_postgresql: PostgreSQL, postgresql_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene_of(postgresql_settings, caplog) as scene:
        async with AsyncExitStack() as taken:
            dsn = postgresql_dsn(own_postgresql.url("postgres"))
            mine = await asyncpg.connect(dsn)
            taken.push_async_callback(mine.close)
            for _ in range(30):  # until all are taken, the server's own included
                await mine.execute(
                    "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE application_name = 'roomful'"
                )
                try:
                    while True:
                        taken.push_async_callback((await asyncpg.connect(dsn)).close)
                except asyncpg.TooManyConnectionsError:
                    pass
            await scene.fails("too many connections")
        await scene.heals()


async def test_postgresql_whose_disk_is_full(
    own_postgresql: PostgreSQL, small_disk: SmallDisk, caplog: pytest.LogCaptureFixture
) -> None:
    own_postgresql.lend(small_disk.directory)
    own_postgresql.execute(f"CREATE TABLESPACE small LOCATION '{small_disk.directory}'")
    try:
        own_postgresql.execute("CREATE DATABASE small TABLESPACE small TEMPLATE template0 STRATEGY file_copy")
        async with scene_of(settings_for(own_postgresql.url("small")), caplog) as scene:
            small_disk.fill()
            await scene.fails("disk full")
            small_disk.free()
            await scene.heals()
    finally:
        own_postgresql.drop_database("small")
        own_postgresql.execute("DROP TABLESPACE small")


async def test_sqlite_whose_disk_is_full(small_disk: SmallDisk, caplog: pytest.LogCaptureFixture) -> None:
    async with scene_of(settings_for(f"sqlite:///{small_disk.directory}/roomful.db"), caplog) as scene:
        small_disk.fill()
        await scene.fails("disk full")
        small_disk.free()
        await scene.heals()


async def lock(other: sqlite3.Connection) -> None:
    """Without waiting in it: the server's own transaction needs this loop to end."""
    async with asyncio.timeout(HEALING_SECONDS):
        while not other.in_transaction:
            with suppress(sqlite3.OperationalError):
                other.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(0.01)


async def test_sqlite_that_others_keep_locked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SQLITE_BUSY_SECONDS", 0.2)
    path = tmp_path / "roomful.db"
    async with scene_of(settings_for(f"sqlite:///{path}"), caplog) as scene:
        other = sqlite3.connect(path, isolation_level=None, timeout=0)
        await lock(other)
        await scene.fails("locked by others")
        other.execute("ROLLBACK")
        other.close()
        await scene.heals()


async def test_sqlite_whose_file_is_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is not replaced by an empty one."""
    path, away = tmp_path / "roomful.db", tmp_path / "away.db"
    async with scene_of(settings_for(f"sqlite:///{path}"), caplog) as scene:
        await scene.live.runtime.database.engine.dispose()  # as if its connections had been given up
        path.rename(away)
        await scene.fails("no connection")
        assert not path.exists()
        away.rename(path)
        await scene.heals()
