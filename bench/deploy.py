"""A node stops, and its thousand subscribers connect to another one."""

import asyncio
import itertools
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import msgspec

from bench.crowd import CLOSE, PING, PONG, TEXT, frame_at
from bench.figures import TARGET_MARKS, Table, milliseconds, percentile
from bench.grounds import Ground, signed_in
from bench.load import answer_bytes, http_request
from roomful.concurrency.task_scope import TaskScope
from tests.support.api import Person, Project
from tests.support.server import Server

SUBSCRIBERS = 1_000
EVENTS_PER_SECOND = 5
READS_PER_SECOND = 40
QUIET_SECONDS = 8.0
BACK_SECONDS = 60.0
BACKOFF_SECONDS = (0.05, 0.5)
"""The first pause of Centrifuge's SDKs before they reconnect."""
MOST_TIMES_SLOWER = 5.0

METHOD = f"""\
{SUBSCRIBERS:,} subscribers of one project at one node, which gets SIGTERM; each connects to the other node
{BACKOFF_SECONDS[0]:g} to {BACKOFF_SECONDS[1]:g} s after it was closed, with its last offset. Meanwhile the other node
gets {EVENTS_PER_SECOND} PATCH and {READS_PER_SECOND} GET requests a second, and ten requests a second for `/readyz`.
*Quiet* is the same while all stay at the first node. Target: everybody has every event once, `/readyz` never fails,
and the 99th percentile of the requests, each from when it was due, stays under {MOST_TIMES_SLOWER:g} times its quiet
value."""


async def measure(ground: Ground) -> Table:
    async with Server(ground.directory, ground.environment) as two, TaskScope("readers") as task_scope:
        async with Server(ground.directory, ground.environment) as one:
            ada = await two.api.register("ada")
            project = await ada.create_project()
            readers = [_Reader(f"/ws/projects/{project.id}?token={ada.token}") for _ in range(SUBSCRIBERS)]
            for reader in readers:
                await reader.open(one.port)
                task_scope.spawn(reader.move_when_closed(two.port))
            async with _asking(two.port, ada, project) as answers:
                await asyncio.sleep(QUIET_SECONDS)
                quiet = answers.take()
                stopped_at = time.monotonic()
                await one.end(signal.SIGTERM)
                async with asyncio.timeout(BACK_SECONDS):
                    for reader in readers:
                        await reader.is_back.wait()
                back_at = time.monotonic()
                storm = answers.take()
        head = (await ada.get(project.path))["offset"]
        async with asyncio.timeout(BACK_SECONDS):
            while min(reader.seen for reader in readers) < head:  # noqa: ASYNC110  # no longer measured
                await asyncio.sleep(0.1)
    broken = sum(reader.broken for reader in readers)
    closed_at = [reader.closed_at for reader in readers]
    codes = sorted({reader.code for reader in readers})
    slower = percentile(storm.milliseconds, 0.99) / percentile(quiet.milliseconds, 0.99)
    is_met = codes == [3001] and not broken and not storm.unready and slower < MOST_TIMES_SLOWER
    rows = [
        ("close codes", ", ".join(map(str, codes))),
        ("closes, from the first to the last", f"{max(closed_at) - min(closed_at):.1f} s"),
        ("from SIGTERM until all are back", f"{back_at - stopped_at:.1f} s"),
        ("events lost, doubled or out of order", f"{broken:,}"),
        ("handshakes refused, and tried again", f"{sum(reader.refused for reader in readers):,}"),
        ("`/readyz` asked, failed", f"{storm.asked:,}, {storm.unready:,}"),
        ("requests when quiet, 99th percentile", milliseconds(percentile(quiet.milliseconds, 0.99))),
        ("requests meanwhile, 99th percentile", milliseconds(percentile(storm.milliseconds, 0.99))),
        ("times slower", f"{slower:.1f}"),
        ("target", TARGET_MARKS[is_met]),
    ]
    return Table(f"A deploy with {SUBSCRIBERS:,} subscribers", METHOD, ("", ""), [*rows])


class _Reader(asyncio.Protocol):
    """A plain subscriber that counts mistakes in the order of its events."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._received = b""
        self._is_open = False
        self._is_answered = asyncio.Event()
        self._is_closed = asyncio.Event()
        self.is_back = asyncio.Event()
        self.seen = 0
        self.broken = 0
        self.refused = 0
        self.code = 0
        self.closed_at = 0.0

    async def open(self, port: int) -> None:
        """Try until the socket is open, as a client does."""
        while not self._is_open:
            self._received = b""
            self._is_answered.clear()
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)
            await self._is_answered.wait()
            if not self._is_open:
                self.refused += 1
                await asyncio.sleep(random.uniform(*BACKOFF_SECONDS))

    async def move_when_closed(self, port: int) -> None:
        await self._is_closed.wait()
        self.closed_at = time.monotonic()
        self._is_open = False
        await asyncio.sleep(random.uniform(*BACKOFF_SECONDS))
        await self.open(port)
        self.is_back.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass
        head = f"GET {self._path}&since={self.seen} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
        key = "Sec-WebSocket-Key: cm9vbWZ1bC1iZW5jaC1rZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        self._transport.write(f"{head}Connection: Upgrade\r\n{key}".encode())

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_open:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._transport.close()
                return
            self._received = rest
            self._is_open = True
            self._is_answered.set()
        position = 0
        while (frame := frame_at(self._received, position)) is not None:
            opcode, begin, position = frame
            self._take(opcode, self._received[begin:position])
        self._received = self._received[position:]

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_answered.set()
        if self._is_open:
            self._is_closed.set()

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            offset = msgspec.json.decode(payload, type=_Offset).offset
            self.broken += offset != self.seen + 1
            self.seen = offset
        elif opcode == PING:
            self._transport.write(bytes((0x80 | PONG, 0x80 | len(payload))) + bytes(4) + payload)
        elif opcode == CLOSE:
            self.code = int.from_bytes(payload[:2])
            self._transport.close()


@dataclass(slots=True)
class _Answers:
    """The answers since the last `take`."""

    milliseconds: list[float] = field(default_factory=list)
    asked: int = 0
    unready: int = 0

    def take(self) -> "_Answers":
        taken = _Answers(self.milliseconds, self.asked, self.unready)
        self.milliseconds, self.asked, self.unready = [], 0, 0
        return taken


@asynccontextmanager
async def _asking(port: int, person: Person, project: Project) -> AsyncIterator[_Answers]:
    """Requests at an even pace while the block lasts."""
    task = await person.create_task(project)
    path = f"/api/v1{project.path}"
    answers = _Answers()
    read = http_request("GET", path, None, signed_in(person))
    change = [
        http_request("PATCH", f"{path}/tasks/{task['id']}", {"title": f"Draft {n}"}, signed_in(person)) for n in (0, 1)
    ]
    async with TaskScope("requests") as task_scope:
        # One a second per connection, so that a late answer does not delay the next request.
        for _ in range(READS_PER_SECOND):
            task_scope.spawn(_ask(port, [read], answers))
        for _ in range(EVENTS_PER_SECOND):
            task_scope.spawn(_ask(port, change, answers))
        task_scope.spawn(_look(port, answers))
        yield answers


async def _ask(port: int, requests: list[bytes], answers: _Answers) -> None:
    """Once a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began_at = time.monotonic() + random.random()
    for number in itertools.count():
        due_at = began_at + number
        await asyncio.sleep(due_at - time.monotonic())
        writer.write(requests[number % len(requests)])
        if await _status(reader) != 200:
            raise RuntimeError("a request failed")
        # From when it was due: waiting for the answer before it counts, too.
        answers.milliseconds.append((time.monotonic() - due_at) * 1000)


async def _look(port: int, answers: _Answers) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        writer.write(http_request("GET", "/readyz", None))
        answers.unready += await _status(reader) != 200
        answers.asked += 1
        await asyncio.sleep(0.1)


async def _status(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    size = answer_bytes(head)
    assert size is not None
    await reader.readexactly(size - len(head))
    return int(head[9:12])


class _Offset(msgspec.Struct):
    offset: int
