"""The end of a server process."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import SECRET_KEY
from tests.support.api import API, Person, Project
from tests.support.server import Server
from tests.support.sockets import Socket
from tests.support.streams import StreamSocket
from tests.support.subscribers import PlainSubscriber, Subscriber

GRACE_SECONDS = 3.0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    environment = {
        "ROOMFUL_DATABASE_URL": f"sqlite:///{tmp_path}/roomful.db",
        "ROOMFUL_SECRET_KEY": SECRET_KEY,
        "ROOMFUL_SHUTDOWN_GRACE": str(GRACE_SECONDS),
        "ROOMFUL_SEND_BUFFER_BYTES": str(64 * 1024),
    }
    async with Server(tmp_path, environment) as server:
        yield server


async def owner_of_a_project(server: Server) -> tuple[Person, Project]:
    ada = await server.api.register("ada")
    return ada, await ada.create_project()


async def test_sockets_are_closed_with_3001_and_everything_ends_in_time(server: Server) -> None:
    ada, project = await owner_of_a_project(server)
    frozen = Socket(f"{server.socket_url}/ws/projects/{project.id}?since=0&token={ada.token}")
    await frozen.open()
    frozen.stop_reading()
    async with (
        Subscriber(server.socket_url, token=ada.token) as subscriber,
        Subscriber("", token=ada.token, socket=StreamSocket(server.url, "http_stream")) as streaming,
        PlainSubscriber(server.socket_url, project.id, token=ada.token) as plain,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
        http.stream(
            "GET",
            f"{API}{project.path}/events?after=0",
            headers={"Authorization": f"Bearer {ada.token}", "Accept": "text/event-stream"},
        ) as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == ": connected"
        for n in range(60):
            await ada.create_task(project, f"task {n}", description="x" * 5_000)
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            ending = group.create_task(server.terminate())
            group.create_task(_expect_shutdown(subscriber))
            group.create_task(_expect_shutdown(streaming))
            group.create_task(_expect_shutdown_plain(plain))
            async for _ in lines:
                pass
        assert ending.result() == 0
        assert time.monotonic() - began < GRACE_SECONDS + 0.5
    frozen.read_again()
    await frozen.close()


async def _expect_shutdown(subscriber: Subscriber) -> None:
    await subscriber.expect_close(3001)


async def _expect_shutdown_plain(plain: PlainSubscriber) -> None:
    while "type" in (await plain.next_event()) and plain.seen != 61:
        pass
    await plain.expect_close(3001)


async def test_a_second_signal_ends_the_process_at_once(server: Server) -> None:
    ada, project = await owner_of_a_project(server)
    frozen = Socket(f"{server.socket_url}/ws/projects/{project.id}?since=0&token={ada.token}")
    await frozen.open()
    frozen.stop_reading()
    process = server._process
    assert process is not None
    began = time.monotonic()
    os.kill(server.pid, signal.SIGTERM)
    async with asyncio.timeout(2):
        while await server.is_ready():  # two signals at one moment count as one
            pass
    os.kill(server.pid, signal.SIGTERM)
    await asyncio.to_thread(process.wait, 2)
    assert time.monotonic() - began < 1.5
    await frozen.close()


async def test_a_write_that_waits_for_the_database_is_refused_at_the_end(server: Server, tmp_path: Path) -> None:
    """It is told so, in the shape of every error, and no traceback is logged."""
    ada, project = await owner_of_a_project(server)
    with sqlite3.connect(tmp_path / "roomful.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")  # as another program that holds the database
        async with asyncio.timeout(30), asyncio.TaskGroup() as requests:
            writing = requests.create_task(ada.request("POST", f"{project.path}/tasks", json={"title": "Fly"}))
            for _ in range(5):  # when these are answered, the write has begun
                await ada.get(project.path)
            os.kill(server.pid, signal.SIGTERM)
        answer = writing.result()
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) >= 1
        process = server._process
        assert process is not None
        await asyncio.to_thread(process.wait, 20)
        other.execute("ROLLBACK")
    assert "a request did not end before the server had to stop" in server.log


async def test_slow_reader_is_cut_off_and_disturbs_nobody(server: Server) -> None:
    ada, project = await owner_of_a_project(server)
    slow = Socket(f"{server.socket_url}/ws/projects/{project.id}?since=0&token={ada.token}")
    await slow.open()
    slow.stop_reading()
    async with PlainSubscriber(server.socket_url, project.id, token=ada.token, since=0) as healthy:
        # More than the kernel's two buffers and ours hold.
        for n in range(100):
            await ada.create_task(project, f"task {n}", description="\N{ROCKET}" * 10_000)
        assert [(await healthy.next_event())["offset"] for _ in range(101)] == list(range(1, 102))
    slow.read_again()
    await slow.expect_close(3008, seconds=10)
    await slow.close()
