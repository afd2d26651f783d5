"""The thread of a SQLite connection."""

import asyncio
import gc
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from roomful.db import sqlite


@pytest.mark.filterwarnings("ignore:.*was deleted before being closed:ResourceWarning")
def test_a_statement_that_outlives_the_event_loop_ends_its_thread_quietly(tmp_path: Path) -> None:
    """Cancelled requests leave such statements behind at a shutdown. A traceback in the thread would fail this test."""
    has_begun, may_end = threading.Event(), threading.Event()
    others = set(threading.enumerate())

    def slow(_cursor: sqlite3.Cursor) -> None:
        has_begun.set()
        may_end.wait(10)

    async def leave_it_running() -> None:
        connection = await sqlite.connect(str(tmp_path / "roomful.db"), busy_seconds=1)
        async with asyncio.TaskGroup() as tasks:
            statement = tasks.create_task(connection.run(slow))
            await asyncio.to_thread(has_begun.wait, 10)
            statement.cancel()

    asyncio.run(leave_it_running())
    (thread,) = set(threading.enumerate()) - others
    may_end.set()
    thread.join(10)
    assert not thread.is_alive()


async def test_new_file_with_its_log_and_index_is_private(tmp_path: Path) -> None:
    path = tmp_path / "roomful.db"
    before = os.umask(0)
    try:
        connection = await sqlite.connect(str(path), busy_seconds=1)
        await connection.fetch("CREATE TABLE note (text TEXT)")
        modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
        await connection.close()
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(["roomful.db", "roomful.db-wal", "roomful.db-shm"], 0o600)


async def test_mode_of_an_existing_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "roomful.db"
    path.touch()
    for mode, is_open in ((0o640, False), (0o644, True)):
        path.chmod(mode)
        connection = await sqlite.connect(str(path), busy_seconds=1)
        await connection.close()
        assert path.stat().st_mode & 0o777 == mode
        assert await asyncio.to_thread(sqlite.is_open_to_others, str(path)) is is_open
    assert not await asyncio.to_thread(sqlite.is_open_to_others, str(tmp_path / "none"))


async def test_a_connection_that_nobody_closed_ends_with_its_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    connection = await sqlite.connect(str(tmp_path / "roomful.db"), busy_seconds=1)
    [thread] = set(threading.enumerate()) - before
    del connection
    gc.collect()
    await asyncio.to_thread(thread.join, 20)
    assert not thread.is_alive()
