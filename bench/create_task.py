"""Creating tasks: Roomful's route with its event, against the bare insert."""

import statistics
from dataclasses import dataclass, field

import psutil

from bench.figures import TARGET_MARKS, Table, median_and_spread
from bench.grounds import Ground, Process, bare, roomful, signed_in
from bench.load import Load, http_request, run_load
from tests.support.server import Server

CONNECTIONS = 16
TARGET_RATIO = 0.7
TASK = {"title": "Write the report", "description": "By Friday, with the figures of the quarter.", "labels": ["urgent"]}

METHOD = f"""\
`POST …/tasks` over {CONNECTIONS} keep-alive connections, each with one request in flight. *Roomful* is the whole
route: sign-in, membership, position, counter, the row and its event in one transaction. *Bare* is a FastAPI route
that adds the same row by SQLAlchemy's ORM and commits: no sign-in, no checks, no event. *Usual* is the same route as
it is usually written: the token, the person, the membership, the project's row for its counter, the place in the
column; no event, no idempotency, no revocable sign-ins. All run under the same uvicorn settings with the same
connection pool on the same database, one after the other in every round. Target: at least {TARGET_RATIO} of the bare
route's requests a second. The usual route has no target; it shows how much of the difference the event causes. In one
project every write waits for the one before it, whose lock on the project lasts from its first statement to its
commit (so that offsets are in the order of commits); bare inserts don't wait. CPU is the server process's own,
without the database's, for the three in that order."""


@dataclass(slots=True)
class _Rounds:
    per_second: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def add(self, load: Load, cpu_seconds: float) -> None:
        self.per_second.append(load.per_second)
        self.cpu_ms.append(cpu_seconds * 1000 / len(load.latencies_ms))


async def measure(grounds: list[Ground], *, rounds: int, seconds: float) -> Table:
    columns = (
        "database",
        "projects",
        "Roomful, requests/s",
        "bare, requests/s",
        "ratio",
        "target",
        "usual, requests/s",
        "ratio",
        "CPU, ms a request",
    )
    table = Table("Creating a task", METHOD, columns)
    for ground in grounds:
        async with roomful(ground) as server:
            with bare(ground) as plain:
                for projects in (1, CONNECTIONS):
                    table.rows.append(await _compare(ground, server, plain, projects, rounds=rounds, seconds=seconds))
    return table


async def _compare(
    ground: Ground, server: Server, plain: Process, projects: int, *, rounds: int, seconds: float
) -> tuple[str, ...]:
    ada = await server.api.register("ada")
    ids = [(await ada.create_project(f"Bench {number}")).id for number in range(projects)]
    ours = [http_request("POST", f"/api/v1/projects/{id_}/tasks", TASK, signed_in(ada)) for id_ in ids]
    # Its own projects, since its positions are not Roomful's.
    ids = [(await ada.create_project(f"Bare {number}")).id for number in range(projects)]
    given = {**TASK, "created_by": ada.id}
    theirs = [http_request("POST", f"/projects/{id_}/tasks", given) for id_ in ids]
    signed = [http_request("POST", f"/signed-in/projects/{id_}/tasks", given, signed_in(ada)) for id_ in ids]

    roomfuls, bares, usuals = _Rounds(), _Rounds(), _Rounds()
    for number in range(rounds + 1):
        for rounds_of, process_id, port, requests in (
            (roomfuls, server.pid, server.port, ours),
            (bares, plain.pid, plain.port, theirs),
            (usuals, plain.pid, plain.port, signed),
        ):
            load, cpu_seconds = await _run(process_id, port, requests, seconds=seconds)
            if number > 0:  # the first warms up
                rounds_of.add(load, cpu_seconds)
    to_bare, to_usual = _ratios(roomfuls, bares), _ratios(roomfuls, usuals)
    return (
        ground.name,
        str(projects),
        median_and_spread(roomfuls.per_second),
        median_and_spread(bares.per_second),
        median_and_spread(to_bare, 2),
        TARGET_MARKS[statistics.median(to_bare) >= TARGET_RATIO],
        median_and_spread(usuals.per_second),
        median_and_spread(to_usual, 2),
        " / ".join(f"{statistics.median(each.cpu_ms):.2f}" for each in (roomfuls, bares, usuals)),
    )


def _ratios(ours: _Rounds, theirs: _Rounds) -> list[float]:
    return [a / b for a, b in zip(ours.per_second, theirs.per_second, strict=True)]


async def _run(process_id: int, port: int, requests: list[bytes], *, seconds: float) -> tuple[Load, float]:
    process = psutil.Process(process_id)
    before = process.cpu_times()
    load = await run_load(port, requests, connections=CONNECTIONS, seconds=seconds)
    after = process.cpu_times()
    if set(load.statuses) != {201}:
        raise RuntimeError(f"not every task was created: {dict(load.statuses)}")
    return load, after.user + after.system - before.user - before.system
