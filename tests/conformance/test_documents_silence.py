"""Windows in which nobody does anything for a while. In a file of its own, since it takes a while."""

import asyncio
from pathlib import Path

import pytest

from tests.conformance.desk import open_desk
from tests.conformance.providers import KINDS, Providers
from tests.conftest import environment_for
from tests.support.databases import SqliteFiles
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

IDLE_SECONDS = 90.0
"""Providers look every 3 s whether a message has come within 30 s; their clock can't be hurried."""


@pytest.mark.timeout(240)
async def test_a_silent_window_stays_connected(sqlite_files: SqliteFiles, tmp_path: Path, providers: Providers) -> None:
    """Without awareness a window says nothing, and the pings of the socket are no messages."""
    environment = environment_for(sqlite_files.create(tmp_path / "roomful.db"))
    async with Server(tmp_path, environment) as server, open_desk(server, providers) as desk:
        windows = [await desk.synced(kind, awareness=None) for kind in KINDS]
        await asyncio.sleep(IDLE_SECONDS)
        for window in windows:
            state = await window.state()
            assert (state.opens, state.closes) == (1, []), window.kind
