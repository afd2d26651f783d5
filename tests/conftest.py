"""Fixtures for every test: real services, and state of the test's own."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Literal, NoReturn, cast

import httpx
import pytest
from blockbuster import BlockBuster
from fastapi import FastAPI
from pydantic import SecretStr

from roomful.db.engine import Database
from roomful.identity.passwords import Passwords
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.support.api import PASSWORD, Api
from tests.support.app import Live, client_of, running_app, serving
from tests.support.databases import PostgresqlDatabases, SqliteFiles
from tests.support.postgresql import PostgreSQL, run_postgresql
from tests.support.server import Server
from tests.support.valkey import Valkey, run_valkey

Backend = Literal["sqlite", "postgresql"]

SECRET_KEY = "a-key-that-only-the-tests-sign-with"

PONG_TIMEOUT = 10
"""A busy machine keeps a test from answering for some seconds. Tests of late pongs have a shorter one."""

MAY_BLOCK = (
    # Before anything is served.
    ("server/roomful/db/schema.py", "apply"),
    ("server/roomful/db/schema.py", "known_revisions"),
    ("server/roomful/db/engine.py", "_sqlite_engine"),
    ("server/roomful/signing_key.py", "signing_key"),
    ("server/roomful/runtime.py", "_redis_adapters"),
    ("server/roomful/inbox/mail/opening.py", "open_mail"),
    ("server/roomful/invitations/opening.py", "open_mailing"),
    ("server/roomful/web/openapi.py", "install"),
    ("server/roomful/web/pages.py", "read_site"),
    # Looks for ~/.pgpass, once per connection.
    ("asyncpg/connect_utils.py", "_parse_connect_dsn_and_args"),
)


def pytest_xdist_auto_num_workers() -> int:
    """One more than processors, since tests wait for a third of their time."""
    return (os.cpu_count() or 1) + 1


def absent(reason: str) -> NoReturn:
    """Skip a test whose tools are missing; in CI, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the skipped tests by reason."""
    left_out = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    if left_out:
        terminalreporter.section("left out")
    for reason, tests in left_out.most_common():
        noun = "test" if tests == 1 else "tests"
        terminalreporter.write_line(f"{tests} {noun}: {reason.removeprefix('Skipped: ')}")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("ROOMFUL_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def _block_buster() -> BlockBuster:
    watch = BlockBuster(scanned_modules=["roomful"])
    for function in watch.functions.values():
        for file, name in MAY_BLOCK:
            function.can_block_in(file, name)
    return watch


@pytest.fixture(autouse=True)
def _no_blocking_on_the_loop(_block_buster: BlockBuster) -> Iterator[None]:
    """A server call that blocks the event loop raises BlockingError. The test itself may block."""
    _block_buster.activate()
    yield
    _block_buster.deactivate()


@pytest.fixture(autouse=True)
def _usual_password_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand people in these tests share one password and its hash: hashing it each time would take a minute.

    Tests of passwords override this fixture with an empty one.
    """
    make_hash = Passwords.hash

    async def hash_once(self: Passwords, password: str, *, address: str = "") -> str:
        if password != PASSWORD:
            return await make_hash(self, password, address=address)
        if PASSWORD not in _HASHES:
            _HASHES[PASSWORD] = await make_hash(self, PASSWORD)
        return _HASHES[PASSWORD]

    monkeypatch.setattr(Passwords, "hash", hash_once)


_HASHES: dict[str, str] = {}


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """The session's PostgreSQL server, started on first use."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(run_postgresql())
        except ImportError as missing:
            absent(f"PostgreSQL: {missing}")
        yield server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(run_valkey())
        except ImportError as missing:
            absent(f"Valkey: {missing}")
        yield server


@pytest.fixture
def valkey(valkey_server: Valkey) -> Iterator[Valkey]:
    """The session's Valkey server, empty, and reset afterwards."""
    valkey_server.reset()
    yield valkey_server
    valkey_server.reset()


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_databases(postgresql: PostgreSQL) -> PostgresqlDatabases:
    return PostgresqlDatabases(postgresql)


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Every test that touches a database runs on both; `-k sqlite` runs it on one."""
    return cast("Backend", request.param)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, backend: Backend, tmp_path: Path) -> Iterator[str]:
    """The test's own database, migrated."""
    yield from _database(request, backend, tmp_path, migrated=True)


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, backend: Backend, tmp_path: Path) -> Iterator[str]:
    """The test's own database, without tables."""
    yield from _database(request, backend, tmp_path, migrated=False)


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings for tests. Another value: `settings.model_copy(update={...})`."""
    return settings_for(database_url)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings)
    yield database
    await database.close()


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application between startup and shutdown; its live objects are `app.state.runtime`."""
    async with running_app(settings) as app:
        yield app


@pytest.fixture
def runtime(app: FastAPI) -> Runtime:
    live: Runtime = app.state.runtime
    return live


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of `app`, nobody signed in."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
def api(client: httpx.AsyncClient) -> Api:
    """The HTTP API of `app`: register people and let them act."""
    return Api(client)


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    """The application on a port, in this process and loop."""
    async with serving(settings) as live:
        yield live


@pytest.fixture
def environment(database_url: str) -> dict[str, str]:
    """The settings of server processes; a test may change them before it starts one."""
    return environment_for(database_url)


@pytest.fixture
async def server(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[Server]:
    """A server process, ready."""
    async with Server(tmp_path, environment) as server:
        yield server


def environment_for(database_url: str) -> dict[str, str]:
    return {
        "ROOMFUL_DATABASE_URL": database_url,
        "ROOMFUL_SECRET_KEY": SECRET_KEY,
        "ROOMFUL_PING_INTERVAL": "1",
        "ROOMFUL_PONG_TIMEOUT": str(PONG_TIMEOUT),
        "ROOMFUL_SHUTDOWN_GRACE": "2",
        "ROOMFUL_RATE_LIMIT_SIGN_IN": "0",
        "ROOMFUL_RATE_LIMIT_RENAMES": "0",
        "ROOMFUL_RATE_LIMIT_REGISTRATION": "0",
    }


def settings_for(database_url: str) -> Settings:
    return _settings().model_copy(update={"database_url": database_url})


@cache
def _settings() -> Settings:
    return Settings(
        _env_file=None,
        secret_key=SecretStr(SECRET_KEY),
        ping_interval=1,
        pong_timeout=PONG_TIMEOUT,
        shutdown_grace=2,
        rate_limit_sign_in=0,
        rate_limit_renames=0,
        rate_limit_registration=0,
    )


def _database(request: pytest.FixtureRequest, backend: Backend, tmp_path: Path, *, migrated: bool) -> Iterator[str]:
    if backend == "sqlite":
        files: SqliteFiles = request.getfixturevalue("sqlite_files")
        yield files.create(tmp_path / "roomful.db", migrated=migrated)
    else:
        databases: PostgresqlDatabases = request.getfixturevalue("postgresql_databases")
        with databases.create(migrated=migrated) as url:
            yield url
