"""Several workers under one supervisor."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import Backend
from tests.support.api import API
from tests.support.server import Server
from tests.support.sockets import Socket
from tests.support.subscribers import Subscriber
from tests.support.valkey import Valkey

GRACE_SECONDS = 3.0


@pytest.fixture
def backend() -> Backend:
    return "postgresql"


@pytest.fixture
async def server(environment: dict[str, str], valkey: Valkey, tmp_path: Path) -> AsyncIterator[Server]:
    environment |= {
        "ROOMFUL_REDIS_URL": valkey.url,
        "ROOMFUL_SHUTDOWN_GRACE": str(GRACE_SECONDS),
        "ROOMFUL_SEND_BUFFER_BYTES": str(64 * 1024),
        "ROOMFUL_PONG_TIMEOUT": "10",
    }
    async with Server(tmp_path, environment, arguments=["--workers", "2"], start_seconds=60) as server:
        yield server


def workers_of(server: Server) -> list[psutil.Process]:
    children = psutil.Process(server.pid).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


async def test_workers_shut_down_properly_when_the_whole_group_gets_the_signal(server: Server) -> None:
    """Like Ctrl-C or a service manager: each worker gets the signal directly, and again from the supervisor."""
    ada = await server.api.register("ada")
    project = await ada.create_project()
    workers = workers_of(server)
    async with AsyncExitStack() as stack:
        frozen = [Socket(f"{server.socket_url}/ws/projects/{project.id}?since=0&token={ada.token}") for _ in range(3)]
        subscribers = [Subscriber(server.socket_url, token=ada.token) for _ in range(6)]
        for socket in frozen:
            await socket.open()
            stack.push_async_callback(socket.close)
            socket.stop_reading()
        for subscriber in subscribers:
            await stack.enter_async_context(subscriber)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=server.url, trust_env=False))
        headers = {"Authorization": f"Bearer {ada.token}", "Accept": "text/event-stream"}
        stream = await stack.enter_async_context(http.stream("GET", f"{API}{project.path}/events", headers=headers))
        lines = stream.aiter_lines()
        assert await anext(lines) == ": connected"
        for n in range(60):
            await ada.create_task(project, f"task {n}", description="x" * 5_000)

        began_at = time.monotonic()
        for worker in workers:
            worker.send_signal(signal.SIGINT)
        async with asyncio.TaskGroup() as group:
            ending = group.create_task(server.end(signal.SIGINT))
            for subscriber in subscribers:
                group.create_task(_expect_shutdown(subscriber))
            async for _ in lines:
                pass
        assert ending.result() == 0
        assert time.monotonic() - began_at < GRACE_SECONDS + 0.5
        assert not any(worker.is_running() for worker in workers)
        for socket in frozen:
            socket.read_again()


async def _expect_shutdown(subscriber: Subscriber) -> None:
    await subscriber.expect_close(3001)


async def test_a_starting_worker_does_not_delay_the_end(server: Server) -> None:
    workers_of(server)[0].kill()
    async with asyncio.timeout(20):
        while "a worker died" not in server.log:  # noqa: ASYNC110  # it is a file
            await asyncio.sleep(0.01)
    began_at = time.monotonic()
    assert await server.terminate() == 0
    assert time.monotonic() - began_at < GRACE_SECONDS + 0.5


async def test_a_second_signal_ends_all_workers_at_once(server: Server) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    workers = workers_of(server)
    frozen = Socket(f"{server.socket_url}/ws/projects/{project.id}?since=0&token={ada.token}")
    await frozen.open()
    frozen.stop_reading()
    supervisor = psutil.Process(server.pid)
    began_at = time.monotonic()
    os.kill(server.pid, signal.SIGTERM)
    await asyncio.sleep(0.2)  # two signals at one moment count as one
    os.kill(server.pid, signal.SIGTERM)
    _, there = await asyncio.to_thread(psutil.wait_procs, [supervisor, *workers], 2)
    # A worker that has ended stays in the list until the system's first process has looked at it.
    assert not [each for each in there if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
    assert time.monotonic() - began_at < GRACE_SECONDS - 0.5
    await frozen.close()


@pytest.mark.timeout(150)
async def test_workers_end_with_a_killed_supervisor_and_free_its_port(server: Server) -> None:
    workers = workers_of(server)
    assert len(workers) == 2
    await server.kill()
    _, alive = await asyncio.to_thread(psutil.wait_procs, workers, 20)
    assert not alive
    await server.start()


async def test_workers_together_admit_no_more_than_an_invitation_says(server: Server) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    made = await ada.post(f"{project.path}/invitations", {"role": "editor", "max_uses": 7})
    link = made["url"].rpartition("/")[2]
    people = [await server.api.register(f"p{number}") for number in range(20)]
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(person.request("POST", f"/invitations/{link}/accept")) for person in people]
    assert Counter(each.result().status_code for each in asked) == {200: 7, 410: 13}
    joined = {person.id for person, each in zip(people, asked, strict=True) if each.result().status_code == 200}
    assert {member["user_id"] for member in await ada.get(f"{project.path}/members")} == {ada.id, *joined}
    events = await ada.all_events(project)
    assert {event["actor_id"] for event in events if event["type"] == "member.added"} == joined
