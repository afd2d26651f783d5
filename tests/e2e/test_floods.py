"""A person signs in while one address floods the server."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from tests.conftest import Backend
from tests.support.api import PASSWORD, Person
from tests.support.server import Server

FLOODING = 100
"""Connections at a time; three times as many register, which is the most expensive request."""
ANSWER_SECONDS = 3.0


@pytest.fixture
def backend() -> Backend:
    """The database in which writers wait for each other."""
    return "sqlite"


@pytest.fixture
async def server(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[Server]:
    for name in ("ROOMFUL_RATE_LIMIT_SIGN_IN", "ROOMFUL_RATE_LIMIT_REGISTRATION"):
        environment.pop(name, None)
    async with Server(tmp_path, environment, start_seconds=60) as server:
        yield server


def post(path: str, body: str, kind: str = "application/json") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
    )
    return f"{head}\r\n\r\n{body}".encode()


def handshake(path: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
    return f"{head}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()


def registration(number: int) -> bytes:
    body = {"email": f"p{time.monotonic_ns()}.{number}@example.test", "name": "P", "password": PASSWORD}
    return post("/api/v1/auth/register", json.dumps(body))


def wrong_sign_in(number: int) -> bytes:
    form = urlencode({"username": f"p{time.monotonic_ns()}.{number}@example.test", "password": "wrong password"})
    return post("/api/v1/auth/token", form, "application/x-www-form-urlencoded")


FLOODS: dict[str, Callable[[int], bytes]] = {
    "registrations": registration,
    "wrong sign-ins": wrong_sign_in,
    "refreshes": lambda _: post("/api/v1/auth/refresh", json.dumps({"refresh_token": "A" * 70})),
    "tickets": lambda number: handshake(f"/connection/websocket?ticket={number:043d}"),
    "tickets of readers": lambda number: handshake(f"/ws/projects/x?ticket={number:043d}"),
    "tokens": lambda number: handshake(f"/ws/projects/x?token=eyJ{number}"),
    "commands": lambda _: post("/emulation", json.dumps({"session": "x", "node": "0" * 16, "data": "{}"})),
}


async def flood(server: Server, requests: Callable[[int], bytes], answered: Counter[str]) -> None:
    """One connection after the other, for ever."""
    number = 0
    while True:
        number += 1
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        except OSError:
            answered["refused"] += 1
            continue
        try:
            writer.write(requests(number))
            answered[(await reader.readline())[9:12].decode()] += 1
        except OSError:
            answered["reset"] += 1
        finally:
            writer.transport.abort()


async def sign_in(http: httpx.AsyncClient, person: Person) -> float:
    """The seconds it takes."""
    began_at = time.monotonic()
    answer = await http.post("/api/v1/auth/token", data={"username": person.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return time.monotonic() - began_at


@pytest.mark.timeout(300)
async def test_a_person_signs_in_within_three_seconds_whatever_one_address_does(server: Server) -> None:
    ada = await server.api.register("ada")
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    seconds: dict[str, float] = {}
    async with httpx.AsyncClient(transport=transport, base_url=server.url, timeout=30) as http:
        # A machine that is busy with other things can't promise three seconds.
        most = max(ANSWER_SECONDS, 15 * min([await sign_in(http, ada) for _ in range(3)]))
        for name, requests in FLOODS.items():
            answered: Counter[str] = Counter()
            count = FLOODING * 3 if requests is registration else FLOODING
            async with asyncio.TaskGroup() as group:
                flooding = [group.create_task(flood(server, requests, answered)) for _ in range(count)]
                while answered.total() < count:  # noqa: ASYNC110  # the flood has risen
                    await asyncio.sleep(0.01)
                seconds[name] = max([await sign_in(http, ada) for _ in range(3)])
                for task in flooding:
                    task.cancel()
            await asyncio.sleep(0)  # for the transports to close
    assert max(seconds.values()) < most, seconds
