"""Limits over several real processes."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Backend
from tests.support.api import API, PASSWORD, Person
from tests.support.server import Server
from tests.support.sockets import Socket
from tests.support.valkey import Valkey


@pytest.fixture
def backend() -> Backend:
    return "postgresql"


@pytest.fixture
async def server(environment: dict[str, str], valkey: Valkey, tmp_path: Path) -> AsyncIterator[Server]:
    del environment["ROOMFUL_RATE_LIMIT_SIGN_IN"], environment["ROOMFUL_RATE_LIMIT_REGISTRATION"]
    # These sockets answer no pings.
    environment |= {"ROOMFUL_PING_INTERVAL": "120", "ROOMFUL_PONG_TIMEOUT": "60"}
    environment |= {"ROOMFUL_REDIS_URL": valkey.url, "ROOMFUL_RATE_LIMIT_COMMANDS": "0"}
    async with Server(tmp_path, environment, arguments=["--workers", "4"], start_seconds=150) as server:
        yield server


async def on_new_connection(server: Server, method: str, path: str, **options: object) -> int:
    """The status of a request on its own connection, on any of the workers."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20) as http:
        return (await http.request(method, API + path, **options)).status_code  # type: ignore[arg-type]  # as httpx takes them


@pytest.mark.timeout(300)
async def test_four_workers_have_the_limits_of_one(server: Server) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    await check_sign_ins(server)
    await check_registrations(server)
    await check_publications(server, ada, f"signal:{project.id}")


async def check_sign_ins(server: Server) -> None:
    began_at = time.monotonic()
    wrong = {"username": "ada@example.test", "password": "wrong password"}
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(on_new_connection(server, "POST", "/auth/token", data=wrong)) for _ in range(60)]
    statuses = Counter(each.result() for each in tries)
    refilled = int((time.monotonic() - began_at) / 6) + 1
    assert statuses[401] <= 10 + refilled, statuses
    assert statuses[401] + statuses[503] >= 10, statuses  # a busy machine checks fewer passwords in time
    assert statuses[401] + statuses[503] + statuses[429] == 60


async def check_registrations(server: Server) -> None:
    """One of them was Ada's."""
    began_at = time.monotonic()
    people = [{"email": f"p{n}@example.test", "password": PASSWORD, "name": "P"} for n in range(60)]
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(on_new_connection(server, "POST", "/auth/register", json=body)) for body in people]
    statuses = Counter(each.result() for each in tries)
    refilled = int((time.monotonic() - began_at) / 2) + 1
    assert statuses[201] <= 30 + refilled, statuses
    assert statuses[201] + statuses[503] >= 29, statuses  # a busy machine hashes fewer in time
    assert statuses[201] + statuses[503] + statuses[429] == 60


async def check_publications(server: Server, ada: Person, channel: str) -> None:
    """On short-lived sockets, at any worker."""
    began_at = time.monotonic()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(publish_until_refused(server, ada, channel)) for _ in range(4)]
    taken = sum(task.result() for task in tasks)
    refilled = (time.monotonic() - began_at) * 30
    assert 1_800 <= taken <= 1_800 * 1.3 + refilled, taken


async def publish_until_refused(server: Server, ada: Person, channel: str) -> int:
    """Publish as fast as possible, on one connection after the other. Returns how many passed before the limit."""
    publish = [json.dumps({"id": number, "publish": {"channel": channel, "data": {}}}) for number in range(2, 102)]
    connect = json.dumps({"id": 1, "connect": {"token": ada.token}})
    taken, is_refused = 0, False
    while not is_refused:
        socket = Socket(f"{server.socket_url}/connection/websocket")
        await socket.open()
        await socket.send("\n".join([connect, *publish]))
        for _ in range(1 + len(publish)):
            answer = json.loads(await socket.receive(30))
            taken += "publish" in answer
            is_refused = is_refused or answer.get("error", {}).get("code") == 111
        await socket.close()
    return taken
