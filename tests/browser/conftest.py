"""Fixtures of the browser tests: the built client, a server, a Chromium."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import SECRET_KEY, absent
from tests.support.databases import SqliteFiles
from tests.support.server import Server

try:
    from playwright.async_api import Browser

    from tests.support import browsers
    from tests.support.browsers import Chromium
except ImportError as missing:
    absent(f"browser tests: {missing}")


TEST_SECONDS = 240
"""One or two browsers, a server and people: slow on a busy machine, but bounded."""

RECOVERY_LIMIT = 50
"""Small, so that a test needs few events to exceed it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@pytest.fixture(scope="session", autouse=True)
def _built_client() -> None:
    try:
        browsers.find_chromium()
        browsers.build_client()
    except browsers.Missing as missing:
        absent(f"browser tests: {missing}")


# The tests of a module share a browser and a server process; each test has its own people, projects and windows.


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _browser(_built_client: None) -> AsyncIterator[Browser]:
    async with browsers.run_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def chromium(_browser: Browser) -> AsyncIterator[Chromium]:
    async with Chromium(_browser) as chromium:
        yield chromium


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _process(
    _built_client: None, sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    environment = environment_for(sqlite_files.create(directory / "roomful.db"))
    async with Server(directory, environment) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def server(_process: Server) -> Server:
    """A server, ready. A test may kill it."""
    if not _process.is_running:
        await _process.start()
    return _process


def environment_for(database_url: str) -> dict[str, str]:
    """One database is enough here."""
    return {
        "ROOMFUL_DATABASE_URL": database_url,
        "ROOMFUL_SECRET_KEY": SECRET_KEY,
        "ROOMFUL_PING_INTERVAL": "2",
        "ROOMFUL_PONG_TIMEOUT": "6",
        "ROOMFUL_SHUTDOWN_GRACE": "2",
        "ROOMFUL_RATE_LIMIT_SIGN_IN": "0",
        "ROOMFUL_RATE_LIMIT_REGISTRATION": "0",
        "ROOMFUL_RECOVERY_LIMIT": str(RECOVERY_LIMIT),
    }
