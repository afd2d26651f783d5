"""The thread of a SQLite connection."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from server.db import sqlite


@pytest.mark.filterwarnings("ignore:.*was deleted before being closed:ResourceWarning")
def test_a_statement_that_outlives_the_event_loop_ends_its_thread_quietly(tmp_path: Path) -> None:
    """Cancelled requests leave such statements at a shutdown. A traceback in the thread would fail this test."""
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
