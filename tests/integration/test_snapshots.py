"""Snapshots of any size: their content, their builds, and the cost of their readers."""

import asyncio
import gc
import http.client
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from roomful.db.engine import Database
from roomful.runtime import Runtime
from roomful.serve import spare_long_lived_objects
from roomful.settings import Settings
from roomful.snapshots import builds, snapshots
from roomful.transport import slow_answers
from tests.conftest import environment_for
from tests.support.api import API, Api, Person, Project
from tests.support.app import serving
from tests.support.fold import fold, in_order
from tests.support.large import fill
from tests.support.raw_socket import RawSocket
from tests.support.server import Server

MIB = 1024 * 1024


async def test_compressed_or_not_it_is_the_same(ada: Person, project: Project, runtime: Runtime) -> None:
    async with runtime.transaction() as session:
        await fill(session, project, ada, tasks=250, characters=3_000)
    plain = await ada.request("GET", f"{project.path}/snapshot", Accept_Encoding="identity")
    packed = await ada.request("GET", f"{project.path}/snapshot", Accept_Encoding="br;q=1.0, gzip")
    assert plain.json() == packed.json() == in_order(plain.json())
    assert len(plain.json()["tasks"]) == plain.json()["project"]["task_count"] == 250
    assert "content-encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert all("Accept-Encoding" in answer.headers["Vary"] for answer in (plain, packed))
    assert int(plain.headers["Content-Length"]) == len(plain.content)
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 1.5


async def test_it_is_consistent_while_others_write(
    ada: Person, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "PAGE_TASKS", 2)
    tasks = [await ada.create_task(project, f"Task {number}") for number in range(9)]

    async def write() -> None:
        for turn in range(12):
            await ada.change_task(project, tasks[turn % 9], status="done" if turn % 2 else "in_progress")
            await ada.create_task(project, f"New {turn}")

    async with asyncio.TaskGroup() as group:
        writing = group.create_task(write())
        taken = []
        while not writing.done():
            taken.append(await ada.snapshot(project))
    final, events = await ada.snapshot(project), await ada.all_events(project)
    for state in taken:
        for event in events:
            state = fold(state, event)
        assert in_order(state) == final


async def test_a_request_after_a_change_sees_it(ada: Person, project: Project) -> None:
    for number in range(5):
        task = await ada.create_task(project)
        snapshot = await ada.snapshot(project)
        assert task in snapshot["tasks"]
        assert snapshot["stream"]["offset"] == number + 2


async def test_each_reader_gets_only_their_own(api: Api, ada: Person, project: Project) -> None:
    bob, cleo = await api.register("bob"), await api.register("cleo")
    await ada.add_member(project, bob, "viewer")
    assert (await ada.snapshot(project))["project"]["role"] == "owner"
    assert (await bob.snapshot(project))["project"]["role"] == "viewer"
    await cleo.get(f"{project.path}/snapshot", expect=404)
    await ada.remove_member(project, bob)
    await bob.get(f"{project.path}/snapshot", expect=404)
    await ada.delete(project.path)
    await ada.get(f"{project.path}/snapshot", expect=404)


async def test_a_crowd_shares_one_build(ada: Person, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0
    pack = snapshots._pack

    async def counting(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        return await pack(*arguments)

    monkeypatch.setattr(snapshots, "_pack", counting)
    async with asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(ada.snapshot(project))
    await ada.snapshot(project)
    assert count == 1
    await ada.create_task(project)
    await ada.snapshot(project)
    assert count == 2


@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_no_step_of_the_loop_takes_long(settings: Settings, monkeypatch: pytest.MonkeyPatch, coding: str) -> None:
    """At 20 MB and three readers, in CPU time, so independent of the machine's load."""
    longest = 0.0
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        nonlocal longest
        began = time.thread_time()
        run(handle)
        longest = max(longest, time.thread_time() - began)

    async with serving(settings) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        async with live.runtime.transaction() as session:
            await fill(session, project, ada, tasks=2_200, characters=9_000)
        with monkeypatch.context() as patch, as_served():
            patch.setattr(asyncio.Handle, "_run", timed)
            async with asyncio.timeout(50), asyncio.TaskGroup() as group:
                readers = [
                    group.create_task(asyncio.to_thread(read_all, live.port, ada, project, coding)) for _ in range(3)
                ]
    sizes = {reader.result() for reader in readers}
    assert len(sizes) == 1
    assert (sizes.pop() > 20_000_000) == (coding == "identity")
    assert longest < 0.05


@contextmanager
def as_served() -> Iterator[None]:
    """Collect garbage as a server does: not that of all the tests before."""
    before = gc.get_threshold()
    spare_long_lived_objects()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def test_no_reader_holds_a_connection_and_readers_per_person_are_limited(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen readers that never read, with two connections in the pool: requests work, and the next is refused."""
    monkeypatch.setattr(slow_answers, "GRACE_SECONDS", 3600.0)  # or the first is dropped before a slow test has all
    small = settings.model_copy(update={"database_pool_size": 2, "database_pool_overflow": 0})
    async with serving(small) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        async with live.runtime.transaction() as session:
            await fill(session, project, ada, tasks=1_000, characters=9_000)
        async with unread_snapshots(live.port, [ada], project, each=builds.MAX_READERS_PER_PERSON):
            assert (await ada.create_task(project))["title"] == "Fly"
            refused = await ada.request("GET", f"{project.path}/snapshot")
            assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
            assert refused.headers["Retry-After"] == "1"
        async with asyncio.timeout(30):
            while (await ada.request("GET", f"{project.path}/snapshot")).status_code == 429:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_readers_that_never_read_cost_little(tmp_path: Path, settings: Settings) -> None:
    """Sixty readers of a 9 MB snapshot, in its own process. It used to be their sum."""
    async with Server(tmp_path, environment_for(settings.database_url)) as server:
        people = [await server.api.register(f"p{number}") for number in range(4)]
        project = await people[0].create_project()
        for person in people[1:]:
            await people[0].add_member(project, person, "viewer")
        database = Database(settings)
        async with database.write() as session:
            await fill(session, project, people[0], tasks=1_000, characters=9_000)
            await session.commit()
        await database.close()
        memory = psutil.Process(server.pid).memory_info
        await people[0].snapshot(project)
        before = memory().rss
        async with unread_snapshots(server.port, people, project, each=15):
            assert memory().rss - before < 60 * MIB


def read_all(port: int, reader: Person, project: Project, coding: str) -> int:
    """Request a snapshot and read it. Returns its size."""
    headers = {"Authorization": f"Bearer {reader.token}", "Accept-Encoding": coding}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=40)) as connection:
        connection.request("GET", f"{API}{project.path}/snapshot", headers=headers)
        response = connection.getresponse()
        assert response.status == 200
        return len(response.read())


@asynccontextmanager
async def unread_snapshots(port: int, people: list[Person], project: Project, *, each: int) -> AsyncIterator[None]:
    """This many for each person, reading only the head of the answers."""
    async with AsyncExitStack() as stack:
        readers = []
        for person in people:
            for _ in range(each):
                reader = await stack.enter_async_context(RawSocket(port, receive_buffer=4_096))
                lines = (
                    f"GET {API}{project.path}/snapshot HTTP/1.1",
                    f"Host: 127.0.0.1:{port}",
                    f"Authorization: Bearer {person.token}",
                    "",
                    "",
                )
                reader.writer.write("\r\n".join(lines).encode())
                readers.append(reader)
        # All at once, or a slow server builds the snapshot anew for the last of them.
        async with asyncio.timeout(60):
            for reader in readers:
                head = await reader.reader.readuntil(b"\r\n\r\n")
                assert b" 200 " in head.split(b"\r\n")[0], head
        yield
