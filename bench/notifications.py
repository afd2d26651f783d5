"""What notifications cost: rows for fifty watchers along with a write, and inboxes of a hundred thousand entries."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Table as SqlTable
from sqlalchemy import select, text

from bench.figures import TARGET_MARKS, Table, median_and_spread
from bench.grounds import Ground, roomful, signed_in
from bench.load import Load, http_request, run_load
from bench.machine import cpu_seconds
from roomful.channels import project_channel
from roomful.db.base import now
from roomful.db.engine import Database
from roomful.eventlog import cursor_rows
from roomful.eventlog.cursor_rows import LeaseLost
from roomful.ids import new_id
from roomful.inbox.telling import RULES
from roomful.projects.models import NOTIFICATION, WATCH
from roomful.settings import load_settings
from tests.support.api import Json, Person, Project
from tests.support.server import Server

WATCHERS = 50
SMALL, LARGE = 100, 100_000
WRITE_TARGET = 0.8
LIST_TARGET = 5.0
CONNECTIONS = 4
ROWS_AT_ONCE = 5_000
TELLING_SECONDS = 120.0
HELD = timedelta(minutes=10)
READ_ALL_A_ROUND = 20

METHOD = f"""\
*Write*: `PATCH …/tasks/{{id}} {{due_on}}` over {CONNECTIONS} connections, each on a task of its own: one that
{WATCHERS} members watch, against one that nobody watches. Every request changes the day, so each writes {WATCHERS}
rows of the inbox, in its transaction. *Rows alone* is without the inbox's cursor, which this benchmark keeps from the
project by holding its lease; in the other row it tells everybody beside the writes, in the same process. Target of the
rows alone: {WRITE_TARGET} of the requests a second. *CPU a write* is that of the process until the cursor has told
everybody, divided by the writes. *List* and *count*: `GET /notifications`, `?unread=true`, and a `PATCH` that marks
one entry as read or unread in turn, whose event counts the unread ones, for a person with {LARGE:,} entries, half of
them unread, against one with {SMALL}. *Read all*: `POST /notifications/read-all` after one entry has become unread,
all others being read. Target: at most {LIST_TARGET:.0f} times as long. *First read all* marks half of the entries, so
it has no target."""


REMARKS = f"""\
Moving an entry up writes no column that an index has, so PostgreSQL updates the {WATCHERS} rows in place (HOT). While
the list followed `updated_at` and a partial index held what was untold, each row was entered into five indices: 1,370
µs of the backend's CPU and 55 KB of its log, beside 400 and 1.6 for the rest of the write, and a ratio of 0.54. Tried
without those, it was 650 µs and 11 KB. Finding the people takes 11 µs. A fill factor alone (1,360 µs) and an UPDATE in
place of the upsert (1,660 beside 1,680) saved nothing. (Medians of 4 to 8 alternating rounds of 40 writes, without
waiting for the disk, on a busy machine.)"""


@dataclass(frozen=True, slots=True)
class Writes:
    """What the rounds found: requests a second, and milliseconds of the server's CPU for each."""

    per_second: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def add(self, load: Load, cpu_seconds: float) -> None:
        self.per_second.append(load.per_second)
        self.cpu_ms.append(cpu_seconds * 1000 / len(load.latencies_ms))


async def measure(grounds: Sequence[Ground], *, rounds: int, seconds: float) -> Table:
    columns = ("database", "", "with", "without", "ratio", "target")
    table = Table("Notifications", METHOD, columns, remarks=REMARKS)
    for ground in grounds:
        async with roomful(ground) as server:
            table.rows.extend(await _writes(ground, server, rounds=rounds, seconds=seconds))
            table.rows.extend(await _inboxes(ground, server, rounds=rounds, seconds=seconds))
    return table


async def _writes(ground: Ground, server: Server, *, rounds: int, seconds: float) -> list[tuple[str, ...]]:
    ada = await server.api.register("ada")
    project = await ada.create_project("Watched")
    people = [await server.api.register(f"w{number}") for number in range(WATCHERS)]
    for person in people:
        await ada.add_member(project, person)
    watched = [await ada.create_task(project, f"watched {number}") for number in range(CONNECTIONS)]
    alone = [await ada.create_task(project, f"alone {number}") for number in range(CONNECTIONS)]
    rows = [
        {"task_id": task["id"], "user_id": person.id, "project_id": project.id, "is_watching": True}
        for task in watched
        for person in people
    ]
    await _insert(ground, WATCH, rows)
    found = {(is_held, is_watched): Writes() for is_held in (True, False) for is_watched in (True, False)}
    for number in range(rounds + 1):
        for is_held, is_watched in found:
            days = _days(ada, project, watched if is_watched else alone)
            began = cpu_seconds(server.pid)
            async with _cursor_held(ground, project) if is_held else nullcontext():
                load = await run_load(server.port, days, connections=CONNECTIONS, seconds=seconds)
            _require(load, 200)
            await _all_told(ground)
            if number > 0:  # the first warms up
                found[is_held, is_watched].add(load, cpu_seconds(server.pid) - began)
    (rows_alone, is_reached), (beside, _), (cpu, _) = (
        _compared([getattr(found[is_held, is_watched], what) for is_watched in (True, False)], digits)
        for is_held, what, digits in ((True, "per_second", 0), (False, "per_second", 0), (False, "cpu_ms", 2))
    )
    return [
        (ground.name, f"writes/s, {WATCHERS} watchers or none: rows alone", *rows_alone, TARGET_MARKS[is_reached]),
        (ground.name, "writes/s, and the cursor beside them", *beside, ""),
        (ground.name, "CPU a write with its cursor, ms", *cpu, ""),
    ]


def _compared(figures: Sequence[Sequence[float]], digits: int) -> tuple[tuple[str, str, str], bool]:
    """With, without, and their ratio; whether that is as the target asks."""
    ratios = [a / b for a, b in zip(*figures, strict=True)]
    one, other = (median_and_spread(each, digits) for each in figures)
    return (one, other, median_and_spread(ratios, 2)), statistics.median(ratios) >= WRITE_TARGET


@asynccontextmanager
async def _cursor_held(ground: Ground, project: Project) -> AsyncIterator[None]:
    """Keep the inbox's cursor out of the project, as another process with a lease does. It has nothing to do yet."""
    database = Database(load_settings(database_url=ground.database_url))
    channel = project_channel(project.id)
    try:
        async with asyncio.timeout(TELLING_SECONDS):
            while True:
                with suppress(LeaseLost):  # it was passing over events that tell nobody
                    async with database.write() as session:
                        place = await cursor_rows.find(session, RULES.name, channel)
                        next_one = place.position + 1
                        held = await cursor_rows.claim(session, place, upto=next_one, until=now() + HELD)
                        await session.commit()
                    break
        yield
        async with database.write() as session:
            await cursor_rows.postpone(session, held, upto=next_one, until=now(), attempts=0)
            await session.commit()
    finally:
        await database.close()


def _days(person: Person, project: Project, tasks: list[Json]) -> list[bytes]:
    """Requests that each give a task another day than the one before."""
    return [
        http_request("PATCH", f"/api/v1{project.path}/tasks/{task['id']}", {"due_on": day}, signed_in(person))
        for day in (f"2026-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29))
        for task in tasks
    ]


async def _inboxes(ground: Ground, server: Server, *, rounds: int, seconds: float) -> list[tuple[str, ...]]:
    ada = await server.api.register("ada")
    project = await ada.create_project("Full")
    full, other = await server.api.register("full"), await server.api.register("other")
    for person, count in ((full, LARGE), (other, SMALL)):
        await ada.add_member(project, person)
        await _insert(ground, NOTIFICATION, _entries(person, project, count))
    await _look_at_the_rows(ground)
    rows: list[tuple[str, ...]] = []
    for name in ("list", "unread list", "count"):
        times: dict[str, list[float]] = {full.id: [], other.id: []}
        for number in range(rounds + 1):
            for person in (full, other):
                load = await run_load(server.port, await _requests(name, person), connections=1, seconds=seconds)
                _require(load, 200)
                if number > 0:
                    times[person.id].append(statistics.median(load.latencies_ms))
        rows.append(_inbox_row(ground, name, times[full.id], times[other.id]))
    first, later = await _read_all(server, (full, other), times=rounds * READ_ALL_A_ROUND)
    rows.append((*_inbox_row(ground, "first read all", first[full.id], first[other.id])[:-1], ""))
    rows.append(_inbox_row(ground, "read all", later[full.id], later[other.id]))
    return rows


def _inbox_row(ground: Ground, name: str, large: list[float], small: list[float]) -> tuple[str, ...]:
    ratio = statistics.median(large) / statistics.median(small)
    return (
        ground.name,
        f"{name}, ms, {LARGE:,} entries or {SMALL}",
        median_and_spread(large, 2),
        median_and_spread(small, 2),
        f"{ratio:.2f}",
        TARGET_MARKS[ratio <= LIST_TARGET],
    )


async def _read_all(
    server: Server, people: Sequence[Person], *, times: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds of the first time for each person, then of so many after one entry has become unread."""
    first: dict[str, list[float]] = {}
    later: dict[str, list[float]] = {person.id: [] for person in people}
    for person in people:
        first[person.id] = [await _read_all_once(server, person)]
    for _ in range(times):
        for person in people:
            (entry,) = await person.get("/notifications?limit=1")
            await person.patch(f"/notifications/{entry['id']}", {"read": False})
            later[person.id].append(await _read_all_once(server, person))
    return first, later


async def _read_all_once(server: Server, person: Person) -> float:
    listed = await person.request("GET", "/notifications?limit=1")
    body = {"up_to": int(listed.headers["X-Stream-Offset"])}
    request = http_request("POST", "/api/v1/notifications/read-all", body, signed_in(person))
    load = await run_load(server.port, [request], connections=1, seconds=0)
    _require(load, 200)
    return load.latencies_ms[0]


async def _requests(name: str, person: Person) -> list[bytes]:
    if name == "count":
        (entry,) = await person.get("/notifications?limit=1")
        path = f"/api/v1/notifications/{entry['id']}"
        return [http_request("PATCH", path, {"read": is_read}, signed_in(person)) for is_read in (True, False)]
    query = "?unread=true" if name == "unread list" else ""
    return [http_request("GET", f"/api/v1/notifications{query}", None, signed_in(person))]


def _entries(person: Person, project: Project, count: int) -> list[dict[str, object]]:
    at = now()
    return [
        {
            "id": new_id(),
            "user_id": person.id,
            "project_id": project.id,
            "subject_type": "task",
            "subject_id": new_id(),
            "reason": "watching",
            "actor_id": None,
            "count": 1,
            "is_untold": False,
            "told_offset": 1,
            "created_at": at,
            "updated_at": at - timedelta(seconds=number),
            "listed_at": at - timedelta(seconds=number),
            "read_at": at if number % 2 else None,
        }
        for number in range(count)
    ]


async def _insert(ground: Ground, table: SqlTable, rows: list[dict[str, object]]) -> None:
    database = Database(load_settings(database_url=ground.database_url))
    try:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            async with database.write() as session:
                await session.execute(table.insert(), rows[start : start + ROWS_AT_ONCE])
                await session.commit()
    finally:
        await database.close()


async def _look_at_the_rows(ground: Ground) -> None:
    """As PostgreSQL does by itself within a minute or two of so many insertions: until then it plans for few rows."""
    database = Database(load_settings(database_url=ground.database_url))
    try:
        async with database.write() as session:
            await session.execute(text("ANALYZE notification"))
            await session.commit()
    finally:
        await database.close()


async def _all_told(ground: Ground) -> None:
    """Wait until the inbox's cursor has nothing left to do, so that no round does the work of the one before."""
    database = Database(load_settings(database_url=ground.database_url))
    untold = select(NOTIFICATION.c.id).where(NOTIFICATION.c.is_untold).limit(1)
    try:
        async with asyncio.timeout(TELLING_SECONDS):
            while True:
                async with database.read() as session:
                    if await session.scalar(untold) is None:
                        return
                await asyncio.sleep(0.05)
    finally:
        await database.close()


def _require(load: Load, status: int) -> None:
    if set(load.statuses) != {status}:
        raise RuntimeError(f"not every request was answered {status}: {dict(load.statuses)}")
