"""How long a keystroke takes until it is acknowledged, which says that it is stored."""

import asyncio
import sqlite3
import statistics
import time
from contextlib import closing
from pathlib import Path

import asyncpg

from bench.document_clients import Wire
from bench.document_servers import our_server
from bench.figures import TARGET_MARKS, percentile
from bench.grounds import Ground
from bench.keystrokes import PER_SECOND, TYPISTS, WARM_UP_SECONDS, type_for, typists
from roomful.rooms.limits import RoomLimits
from roomful.service_urls import postgresql_dsn

COMMITS = 200
MOST_SPREAD = 4.0
GATHER_MS = RoomLimits().gather_seconds * 1000

METHOD = f"""\
{TYPISTS} people type {PER_SECOND:g} times a second in one document, alone with Roomful and its database. The bare
commit is one row inserted by a connection that does nothing else, before and after, on the same disk with the same
settings (SQLite: WAL, `synchronous=FULL`; PostgreSQL: `fsync` and `synchronous_commit` on). Targets: the median within
the {GATHER_MS:.0f} ms within which updates share a row plus three bare commits, the 99th percentile within
{MOST_SPREAD:.0f} times the median."""


async def measure(ground: Ground, *, seconds: float) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """On one database: the row of the table, and those of the targets."""
    commits = await _bare_commits(ground)
    wire: Wire = "hocuspocus"
    async with our_server(ground) as ours:
        [document] = await ours.documents(1)
        with typists(ours.serving(wire), document, TYPISTS) as (clients, people):
            type_for(clients, people, WARM_UP_SECONDS)
            clients.acknowledged(each.client for each in people)
            clients.heard.acknowledged_ms.clear()
            type_for(clients, people, seconds)
            clients.acknowledged(each.client for each in people)
            waits = list(clients.heard.acknowledged_ms)
    commits += await _bare_commits(ground)
    commit, median, p99 = statistics.median(commits), percentile(waits, 0.5), percentile(waits, 0.99)
    bound = GATHER_MS + 3 * commit
    row: tuple[str, ...] = (ground.name, f"{commit:.2f} ms", f"{median:.1f} ms", f"{p99:.1f} ms", f"{len(waits):,}")
    targets: list[tuple[str, ...]] = [
        (
            f"acknowledged, so stored, {ground.name}: median",
            f"≤ {bound:.1f} ms ({GATHER_MS:.0f} ms + 3 bare commits)",
            f"{median:.1f} ms",
            TARGET_MARKS[median <= bound],
        ),
        (
            f"acknowledged, so stored, {ground.name}: 99th percentile",
            f"≤ {MOST_SPREAD:.0f} × median",
            f"× {p99 / median:.2f}",
            TARGET_MARKS[p99 <= MOST_SPREAD * median],
        ),
    ]
    return row, targets


async def _bare_commits(ground: Ground) -> list[float]:
    """Milliseconds of each of some commits of one row."""
    if ground.database_url.startswith("sqlite"):
        return await asyncio.to_thread(_sqlite_commits, ground.directory / "bare.db")
    connection = await asyncpg.connect(postgresql_dsn(ground.database_url))
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS bare (id serial PRIMARY KEY, data bytea)")
        waits = []
        for _ in range(COMMITS):
            began_at = time.perf_counter()
            await connection.execute("INSERT INTO bare (data) VALUES ($1)", bytes(200))
            waits.append((time.perf_counter() - began_at) * 1000)
        return waits
    finally:
        await connection.close()


def _sqlite_commits(file: Path) -> list[float]:
    waits = []
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, data BLOB)")
        for _ in range(COMMITS):
            began_at = time.perf_counter()
            database.execute("INSERT INTO bare (data) VALUES (?)", (bytes(200),))
            waits.append((time.perf_counter() - began_at) * 1000)
    return waits
