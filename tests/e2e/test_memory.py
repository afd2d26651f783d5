"""The cost of readers that never read."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from tests.conftest import SECRET_KEY
from tests.support.api import API, Json, Person, Project
from tests.support.server import Server
from tests.support.sockets import Socket

READERS = 60
BUDGET_BYTES = 100 * 1024 * 1024
LOOK_SECONDS = 4.0
"""In which the server answers them, if at all."""
EVENTS = 200
HEAVY = "\N{MATHEMATICAL DOUBLE-STRUCK CAPITAL X}" * 10_000
"""The longest description, of 40 KB."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    environment = {
        "ROOMFUL_DATABASE_URL": f"sqlite:///{tmp_path}/roomful.db",
        "ROOMFUL_SECRET_KEY": SECRET_KEY,
        "ROOMFUL_RATE_LIMIT_COMMANDS": "0",
        "ROOMFUL_RATE_LIMIT_WRITES": "0",
    }
    async with Server(tmp_path, environment) as server:
        yield server


Open = Callable[["Reader"], Awaitable[None]]


class Reader:
    """A reader that leaves the answer in the network, with small buffers."""

    def __init__(self, server: Server, viewer: Person, project: Project, stack: AsyncExitStack) -> None:
        self.server = server
        self.viewer = viewer
        self.project = project
        self._stack = stack

    async def say(self, *commands: Json) -> None:
        """On the Centrifuge socket, all in one frame, again and again."""
        reader = await self.open_socket("/connection/websocket")
        connect: Json = {"connect": {"token": self.viewer.token}}
        numbered = [{"id": number + 1, **command} for number, command in enumerate([connect, *commands])]
        await reader.send("\n".join(map(json.dumps, numbered)))

    async def open_socket(self, path: str) -> Socket:
        reader = Socket(f"{self.server.socket_url}{path}", receive_buffer=8_192)
        await reader.open()
        reader.stop_reading()
        self._stack.push_async_callback(reader.drop)
        return reader

    async def get(self, path: str, *headers: str) -> None:
        own = socket.socket()
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        own.setblocking(False)
        self._stack.callback(own.close)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(own, ("127.0.0.1", self.server.port))
        lines = [f"GET {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {self.viewer.token}", *headers, "", ""]
        await loop.sock_sendall(own, "\r\n".join(lines).encode())


async def history(reader: Reader) -> None:
    await reader.say(*[{"history": {"channel": reader.project.channel, "limit": -1}}] * 20)


async def recovery(reader: Reader) -> None:
    subscribe = {"channel": reader.project.channel, "recover": True, "offset": 2, "epoch": ""}
    again: list[Json] = [{"subscribe": subscribe}, {"unsubscribe": {"channel": reader.project.channel}}]
    await reader.say(*again * 20)


async def presence(reader: Reader) -> None:
    channel = {"channel": reader.project.channel}
    await reader.say({"subscribe": channel}, *[{"presence": channel}] * 500)


async def plain_socket(reader: Reader) -> None:
    await reader.open_socket(f"/ws/projects/{reader.project.id}?since=0&token={reader.viewer.token}")


async def unidirectional_socket(reader: Reader) -> None:
    subs = {reader.project.channel: {"recover": True, "offset": 2}}
    opened = await reader.open_socket("/connection/uni_websocket")
    await opened.send(json.dumps({"token": reader.viewer.token, "subs": subs}))


async def event_source(reader: Reader) -> None:
    await reader.get(f"{API}{reader.project.path}/events?after=0", "Accept: text/event-stream")


async def events(reader: Reader) -> None:
    await reader.get(f"{API}{reader.project.path}/events?after=0&limit=200")


async def snapshot(reader: Reader) -> None:
    await reader.get(f"{API}{reader.project.path}/snapshot")


async def test_readers_that_never_read_cost_little_whatever_they_request(server: Server) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob, "viewer")
    for number in range(EVENTS):
        await ada.create_task(project, f"Task {number}", description=HEAVY)
    process = psutil.Process(server.pid)
    await ada.snapshot(project)
    before = process.memory_info().rss
    ways: list[Open] = [
        history,
        recovery,
        presence,
        plain_socket,
        unidirectional_socket,
        event_source,
        events,
        snapshot,
    ]
    grown: dict[str, int] = {}
    for way in ways:
        async with AsyncExitStack() as stack:
            for _ in range(READERS):
                await way(Reader(server, bob, project, stack))
            until = time.monotonic() + LOOK_SECONDS
            while time.monotonic() < until:
                grown[way.__name__] = max(grown.get(way.__name__, 0), process.memory_info().rss - before)
                await asyncio.sleep(0.05)
            assert (await ada.create_task(project))["title"]  # others are served meanwhile
    print({name: f"{size / 1e6:.0f} MB" for name, size in grown.items()})
    assert max(grown.values()) < BUDGET_BYTES, grown
