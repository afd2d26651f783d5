"""What the browser tests stand on: the built client, a server, a Chromium."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import SECRET_KEY, absent
from tests.support.databases import SqliteFiles
from tests.support.server import Server

try:
    from tests.support import browsers
    from tests.support.browsers import Chromium
except ImportError as missing:
    absent(f"browser tests: {missing}")


TEST_SECONDS = 240
"""A browser or two, a server and people: slow where the machine is busy, but never for ever."""


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


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with browsers.run_chromium() as chromium:
        yield chromium


@pytest.fixture
def environment(sqlite_files: SqliteFiles, tmp_path: Path) -> dict[str, str]:
    """One database is enough here: that both do the same is tested where the database is what is tested."""
    return {
        "ROOMFUL_DATABASE_URL": sqlite_files.create(tmp_path / "roomful.db", migrated=True),
        "ROOMFUL_SECRET_KEY": SECRET_KEY,
        "ROOMFUL_PING_INTERVAL": "2",
        "ROOMFUL_PONG_TIMEOUT": "2",
        "ROOMFUL_SHUTDOWN_GRACE": "2",
        "ROOMFUL_RATE_LIMIT_SIGN_IN": "0",
    }


@pytest.fixture
async def server(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[Server]:
    async with Server(tmp_path, environment) as server:
        yield server
