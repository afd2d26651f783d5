"""One transaction per request, however the request ends."""

import asyncio

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import QueuePool

from roomful.db import engine
from roomful.db.engine import Database
from roomful.errors import Unavailable
from roomful.eventlog import log
from roomful.eventlog.models import Channel
from roomful.eventlog.relay import Relay
from roomful.realtime.publication import Publication
from roomful.runtime import Runtime
from tests.integration.web.conftest import Served


async def every_connection_is_back(runtime: Runtime) -> None:
    """The server's own loops borrow some at times, so ask until all are back."""
    pool = runtime.database.engine.pool
    assert isinstance(pool, QueuePool)
    async with asyncio.timeout(20):
        while pool.checkedout() > 0:  # noqa: ASYNC110 - plain state
            await asyncio.sleep(0.01)


async def channels(runtime: Runtime) -> int:
    async with runtime.database.read() as session:
        return (
            await session.execute(select(func.count()).select_from(Channel).where(Channel.name == "c"))
        ).scalar_one()


async def record(session: AsyncSession) -> None:
    await log.open_channel(session, "c")
    await log.append(session, "c", log.EventData(type="x", actor_id=None, data={}))


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Publication]:
    """The events that the relay was woken with."""
    events: list[Publication] = []
    monkeypatch.setattr(Relay, "wake", lambda _relay, committed: events.extend(committed))
    return events


async def test_a_cancelled_request_rolls_back_and_gives_its_connection_back(
    served: Served, woken: list[Publication]
) -> None:
    written = asyncio.Event()

    async def write() -> None:
        async with served.runtime.transaction() as session:
            await record(session)
            written.set()
            await asyncio.sleep(60)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(write())
        await written.wait()
        task.cancel()
    await every_connection_is_back(served.runtime)
    assert (await channels(served.runtime), woken) == (0, [])


@pytest.mark.parametrize("turns", [0, 1, 3])
async def test_a_write_cancelled_during_its_commit_is_whole(
    served: Served, woken: list[Publication], turns: int
) -> None:
    committing = asyncio.Event()

    async def write() -> None:
        async with served.runtime.transaction() as session:
            await record(session)
            committing.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(write())
        await committing.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
    await every_connection_is_back(served.runtime)
    assert await channels(served.runtime) == len(woken)


async def test_a_client_that_left_does_not_stop_the_relay(served: Served, woken: list[Publication]) -> None:
    """The server continues a request whose client has left; the answer goes nowhere."""
    headers = await served.sign_in()
    body = b'{"name": "a"}'
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, object]:
        return next(messages, {"type": "http.disconnect"})

    async def send(_message: object) -> None:
        return None

    raw = [(b"content-type", b"application/json"), (b"authorization", headers["Authorization"].encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/notes",
        "raw_path": b"/notes",
        "query_string": b"",
        "root_path": "",
        "headers": raw,
        "client": ("192.0.2.1", 1),
        "server": ("roomful.test", 80),
    }
    await served.app(scope, receive, send)
    assert [event.type for event in woken] == ["note.created"]


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_error(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/notes",
        "raw_path": b"/notes",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json")],
        "client": None,
    }
    await served.app(scope, receive, send)
    assert caplog.records == []


async def test_the_next_request_sees_nothing_of_an_aborted_one(served: Served) -> None:
    async def abort() -> None:
        async with served.runtime.transaction() as session:
            await record(session)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        await abort()
    async with served.runtime.transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM channel WHERE name = 'c'"))).scalar_one() == 0
    assert await channels(served.runtime) == 0


@pytest.mark.parametrize("backend", ["sqlite"])  # PostgreSQL has no single writer
async def test_a_writer_waits_for_sqlite_only_so_long(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SQLITE_BUSY_SECONDS", 0.05)
    async with database.write() as first:
        await first.execute(text("SELECT 1"))
        with pytest.raises(Unavailable):
            async with database.write():
                pass
    async with database.write() as third:
        await third.execute(text("SELECT 1"))
