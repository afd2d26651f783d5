"""A large snapshot: its effect on others, and the cost of its readers."""

import asyncio
import socket
import time
from dataclasses import dataclass

import psutil

from bench import grounds
from bench.figures import Table, milliseconds
from bench.grounds import Ground, Process, signed_in
from bench.load import http_request
from roomful.db.engine import Database
from roomful.settings import load_settings
from tests.support.api import Person
from tests.support.large import fill

TASKS = 2_200
CHARACTERS = 9_000
CROWD = 10
MIB = 1024 * 1024

METHOD = f"""\
One reader, then {CROWD} at once, request a project of {TASKS:,} tasks with descriptions of {CHARACTERS:,} letters, 20
MB of JSON, after a change each time, so that nothing is cached. Meanwhile a connection requests `/healthz` over and
over: the longest wait for an answer is the longest time that the loop served nobody. Memory is the largest growth of
the process. The usual route selects the tasks and returns a response model."""


@dataclass(frozen=True, slots=True)
class Visit:
    seconds: float
    longest_wait_ms: float
    grown_bytes: int
    answer_bytes: int


async def measure(ground: Ground) -> Table:
    columns = ("", "longest wait of others", "until the last has all", "bytes an answer", "memory grown by")
    table = Table("A snapshot of 20 MB", METHOD, columns)
    async with grounds.roomful(ground) as server:
        ada = await server.api.register("ada")
        project = await ada.create_project()
        database = Database(load_settings(database_url=ground.database_url))
        async with database.write() as session:
            await fill(session, project, ada, tasks=TASKS, characters=CHARACTERS)
            await session.commit()
        await database.close()
        ours = Process(server.pid, server.port)
        for readers in (1, CROWD):
            for coding in ("gzip", "identity"):
                await ada.create_task(project)
                visit = await _visit(ours, _request(f"/api/v1{project.path}/snapshot", ada, coding), readers)
                table.rows.append((f"Roomful, {coding}, {_readers(readers)}", *_figures(visit)))
    with grounds.bare(ground) as usual:
        for readers in (1, CROWD):
            visit = await _visit(usual, _request(f"/projects/{project.id}/snapshot", ada, "identity"), readers)
            table.rows.append((f"the usual route, {_readers(readers)}", *_figures(visit)))
    return table


async def _visit(server: Process, request: bytes, readers: int) -> Visit:
    memory = psutil.Process(server.pid).memory_info
    before = most = memory().rss
    longest = 0.0
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    probe = http_request("GET", "/healthz", None)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        reading = [group.create_task(asyncio.to_thread(_read_all, server.port, request)) for _ in range(readers)]
        while not all(each.done() for each in reading):
            asked = time.perf_counter()
            writer.write(probe)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            longest = max(longest, time.perf_counter() - asked)
            most = max(most, memory().rss)
            await asyncio.sleep(0.001)
    writer.close()
    return Visit(time.perf_counter() - began, longest * 1000, most - before, reading[0].result())


def _read_all(port: int, request: bytes) -> int:
    """Send the request and read the answer until the connection ends. Returns its size."""
    received, buffer = 0, bytearray(256 * 1024)
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(request)
        while count := connection.recv_into(buffer):
            if not received and not buffer.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(bytes(buffer[:200]))
            received += count
    return received


def _request(path: str, person: Person, coding: str) -> bytes:
    headers = {**signed_in(person), "Accept-Encoding": coding, "Connection": "close"}
    return http_request("GET", path, None, headers)


def _readers(count: int) -> str:
    return "one reader" if count == 1 else f"{count} at once"


def _figures(visit: Visit) -> tuple[str, ...]:
    return (
        milliseconds(visit.longest_wait_ms),
        f"{visit.seconds:.2f} s",
        f"{visit.answer_bytes / MIB:.1f} MiB",
        f"{visit.grown_bytes / MIB:.0f} MiB",
    )
