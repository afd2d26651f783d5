"""Documents that are opened: what they and their readers weigh, what a crowd that comes at once takes."""

import asyncio
import statistics
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from bench import grounds, watched
from bench.document_clients import Address, Client, Clients, Wire
from bench.document_servers import DocumentServer, Roomful, our_server
from bench.document_updates import edited, written
from bench.figures import TARGET_MARKS, median_and_spread
from bench.grounds import Ground
from bench.machine import SERVER_CORE, pin

CONNECTIONS = 2_000
BUSY_DOCUMENTS = 20
IDLE_DOCUMENTS = 200
CHARACTERS = 10_000
RUN = 10
MOST_CONNECTION_KIB = 16.0
MOST_DOCUMENT_KIB = 1024.0

VISITED = 10_000
FIRST_VISITED = 1_000
AT_ONCE = 50
MOST_GROWTH = 1.1

EDITS = 100_000
CROWD = 50
MOST_TIMES = 3.0

STORM_CLIENTS = 1_000
STORM_DOCUMENTS = 100
MOST_BLOCK_MS = 50.0

WIRES: tuple[Wire, ...] = ("y-websocket", "hocuspocus")
UNLOAD_DEADLINE_SECONDS = 240.0
SETTLE_SECONDS = 2.0

METHOD = f"""\
On SQLite. *Connection*: {CONNECTIONS:,} clients in {BUSY_DOCUMENTS} documents, by what the process grew when all but
one of each came. *Idle document*: {IDLE_DOCUMENTS} documents loaded from the database for one client each, of
{CHARACTERS:,} characters that were typed in runs of {RUN}, each run at a place of its own; and the worst that as many
can weigh, each character at a place of its own, for which the library's document takes 1.9 MiB by itself. *Left*:
{VISITED:,} documents are opened and left, {AT_ONCE} at a time, twice; resident memory against that after the first
{FIRST_VISITED:,}, each when all were unloaded. *Cold*: a document of {EDITS:,} edits after a restart, the CPU of the
process until {CROWD} clients that come at once have it, against one client. *Storm*: {STORM_CLIENTS:,} clients of
{STORM_DOCUMENTS} documents are cut off and come back at once; the longest time in which the loop did not come round, by
the clock and by its own work."""


async def measure(*, rounds: int) -> list[tuple[str, ...]]:
    """The rows of the targets, each on a database of its own."""
    rows: list[tuple[str, ...]] = []
    with grounds.sqlite() as ground:
        rows += await memory(ground)
    with grounds.sqlite() as ground:
        rows.append(await cold(ground, rounds=rounds))
    with grounds.sqlite() as ground:
        rows.append(await storm(ground, rounds=rounds))
    with grounds.sqlite() as ground:
        rows.append(await left(ground))
    return rows


async def memory(ground: Ground) -> list[tuple[str, ...]]:
    """What a connection weighs, and an idle document."""
    async with our_server(ground) as ours:
        rows: list[tuple[str, ...]] = []
        for wire in WIRES:
            kib = await _connection_kib(ours, wire)
            figure = f"memory of a connection, {wire}"
            row = (
                figure,
                f"≤ {MOST_CONNECTION_KIB:.0f} KiB",
                f"{kib:.1f} KiB",
                TARGET_MARKS[kib <= MOST_CONNECTION_KIB],
            )
            rows.append(row)
        figure = f"memory of an idle open document of {CHARACTERS:,} characters"
        kib = await _document_kib(ours, run=RUN)
        rows.append((figure, "≤ 1,024 KiB", f"{kib:,.0f} KiB", TARGET_MARKS[kib <= MOST_DOCUMENT_KIB]))
        kib = await _document_kib(ours, run=1)
        rows.append((f"{figure}, each typed at a place of its own", "", f"{kib:,.0f} KiB", ""))
        return rows


async def _connection_kib(ours: Roomful, wire: Wire) -> float:
    documents = await ours.documents(BUSY_DOCUMENTS)
    server, clients = ours.serving(wire), Clients()
    try:
        clients.join(map(server.address, documents))
        clients.listen(SETTLE_SECONDS)
        before = server.resident_kib
        more = CONNECTIONS - BUSY_DOCUMENTS
        clients.join(server.address(documents[number % BUSY_DOCUMENTS]) for number in range(more))
        clients.listen(SETTLE_SECONDS)
        return (server.resident_kib - before) / more
    finally:
        clients.close()


async def _document_kib(ours: Roomful, *, run: int) -> float:
    """Loaded from the database, as documents are that nobody writes in."""
    documents = await ours.documents(IDLE_DOCUMENTS + 1)
    clients = Clients()
    _fill(clients, [ours.address(each, "y-websocket") for each in documents], written(CHARACTERS, run=run))
    clients.close()
    await ours.server.restart()
    pin(ours.server.pid, SERVER_CORE)
    server, clients = ours.serving("y-websocket"), Clients()
    try:
        clients.join([server.address(documents[0])])
        clients.listen(SETTLE_SECONDS)
        before = server.resident_kib
        for each in documents[1:]:
            clients.join([server.address(each)])
        clients.listen(SETTLE_SECONDS)
        return (server.resident_kib - before) / IDLE_DOCUMENTS
    finally:
        clients.close()


async def left(ground: Ground) -> tuple[str, ...]:
    """Memory after ever more documents were opened and left."""
    async with _watched_server(ground) as ours:
        documents = await ours.documents(VISITED)
        resident = []
        for stretch in (documents[:FIRST_VISITED], documents[FIRST_VISITED:], documents):
            await _visit(ours, stretch)
            resident.append(ours.serving("y-websocket").resident_kib)
        growth = resident[-1] / resident[0]
        return (
            f"memory after {VISITED:,} documents were opened and left, twice",
            f"≤ {MOST_GROWTH:g} × after the first {FIRST_VISITED:,}",
            f"× {growth:.2f} ({resident[0] / 1024:.0f}, {resident[1] / 1024:.0f}, {resident[2] / 1024:.0f} MiB)",
            TARGET_MARKS[growth <= MOST_GROWTH],
        )


async def _visit(ours: Roomful, documents: Sequence[str]) -> None:
    """Open them, leave them, and wait until none is open."""
    clients = Clients()
    try:
        for start in range(0, len(documents), AT_ONCE):
            stretch = documents[start : start + AT_ONCE]
            clients.leave(clients.join(ours.address(each, "y-websocket") for each in stretch))
    finally:
        clients.close()
    async with asyncio.timeout(UNLOAD_DEADLINE_SECONDS):
        while await _open_rooms(ours):  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.5)


async def _open_rooms(ours: Roomful) -> float:
    text = (await ours.person.http.get("/metrics")).text
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith("roomful_documents_rooms ")))


async def cold(ground: Ground, *, rounds: int) -> tuple[str, ...]:
    """What many clients of a cold document take, against one."""
    update = edited(EDITS)
    one: list[float] = []
    many: list[float] = []
    async with our_server(ground) as ours:
        [document, warm] = await ours.documents(2)
        clients = Clients()
        _fill(clients, [ours.address(document, "y-websocket")], update)
        clients.close()
        for _ in range(rounds):
            for size, spent in ((1, one), (CROWD, many)):
                await ours.server.restart()
                pin(ours.server.pid, SERVER_CORE)
                spent.append(_come(ours.serving("y-websocket"), warm, document, size))
    ratios = [b / a for a, b in zip(one, many, strict=True)]
    return (
        f"{CROWD} clients at once into a cold document of {EDITS:,} edits, CPU",
        f"≤ {MOST_TIMES:g} × one client",
        f"× {median_and_spread(ratios, 2)} ({statistics.median(one):.0f} and {statistics.median(many):.0f} ms)",
        TARGET_MARKS[statistics.median(ratios) <= MOST_TIMES],
    )


def _come(server: DocumentServer, warm: str, document: str, size: int) -> float:
    """Milliseconds of the process's CPU until so many have the document. It has served another one before."""
    clients = Clients()
    try:
        clients.join([server.address(warm)] * 5)
        clients.listen(SETTLE_SECONDS)
        before = server.cpu_seconds
        clients.join([server.address(document)] * size)
        clients.listen(SETTLE_SECONDS)
        return (server.cpu_seconds - before) * 1000
    finally:
        clients.close()


async def storm(ground: Ground, *, rounds: int) -> tuple[str, ...]:
    """Everybody is cut off and comes back at once."""
    walls: list[float] = []
    cpus: list[float] = []
    async with _watched_server(ground) as ours:
        documents = await ours.documents(STORM_DOCUMENTS)
        wires = [WIRES[number % 2] for number in range(STORM_CLIENTS)]
        places = [ours.address(documents[number // 2 % STORM_DOCUMENTS], wire) for number, wire in enumerate(wires)]
        clients = Clients()
        try:
            _fill(clients, [ours.address(each, "y-websocket") for each in documents], written(1_000, run=RUN))
            crowd = clients.join(places)
            for _ in range(rounds):
                clients.listen(SETTLE_SECONDS)
                await ours.person.http.get(watched.PATH)
                clients.leave(crowd)
                crowd = clients.join(places)
                clients.listen(SETTLE_SECONDS)
                longest = (await ours.person.http.get(watched.PATH)).json()
                walls.append(longest["wall_ms"])
                cpus.append(longest["cpu_ms"])
        finally:
            clients.close()
    return (
        f"{STORM_CLIENTS:,} clients of {STORM_DOCUMENTS} documents come back at once: longest block of the loop",
        f"≤ {MOST_BLOCK_MS:.0f} ms",
        f"{median_and_spread(walls, 0)} ms, of which work {median_and_spread(cpus, 0)} ms",
        TARGET_MARKS[statistics.median(walls) <= MOST_BLOCK_MS],
    )


def _fill(clients: Clients, addresses: Sequence[Address], update: bytes) -> list[Client]:
    """Open documents and write the same into each."""
    joined = clients.join(addresses)
    for client in joined:
        client.bring(update)
        clients.poll(0)
    clients.acknowledged(joined)
    return joined


def _watched_server(ground: Ground) -> AbstractAsyncContextManager[Roomful]:
    return our_server(ground, program=(sys.executable, "-m", "bench.watched", "{port}"))
