"""Twenty concurrent writers on SQLite, which allows one at a time."""

import asyncio

from bench.figures import TARGET_MARKS, Table, median_and_spread, milliseconds, percentile
from bench.grounds import Ground, roomful, signed_in
from bench.load import http_request, run_load
from tests.support.api import Person, Project

WRITERS = 20

METHOD = f"""\
{WRITERS} people in one project on SQLite, each creating tasks over their own connection, one request after the other.
Target: no error, no "database is locked", and offsets without a gap or a repeat."""


async def measure(ground: Ground, *, rounds: int, seconds: float) -> Table:
    async with roomful(ground) as server:
        ada = await server.api.register("ada")
        project = await ada.create_project()
        requests = []
        for number in range(WRITERS):
            writer = await server.api.register(f"writer{number}")
            await ada.add_member(project, writer)
            path = f"/api/v1/projects/{project.id}/tasks"
            requests.append(http_request("POST", path, {"title": f"From {number}"}, signed_in(writer)))
        loads = [await run_load(server.port, requests, connections=WRITERS, seconds=seconds) for _ in range(rounds)]
        created = sum(load.statuses[201] for load in loads)
        failed = sum(load.statuses.total() for load in loads) - created
        is_whole = await _is_whole(ada, project)
    latencies = [latency for load in loads for latency in load.latencies_ms]
    rows = [
        ("tasks created a second", median_and_spread([load.per_second for load in loads])),
        ("time of a request, median", milliseconds(percentile(latencies, 0.5))),
        ("time of a request, 99th percentile", milliseconds(percentile(latencies, 0.99))),
        ("requests", f"{created + failed:,}"),
        ("errors", f"{failed:,}"),
        ("target", TARGET_MARKS[failed == 0 and is_whole]),
    ]
    return Table(f"{WRITERS} concurrent writers on SQLite", METHOD, ("", ""), [*rows])


async def _is_whole(person: Person, project: Project) -> bool:
    """Whether the project's offsets are 1, 2, 3 … and each task has its event."""
    async with asyncio.timeout(120):
        events = await person.all_events(project)
    tasks = [event["data"]["task"]["id"] for event in events if event["type"] == "task.created"]
    count = (await person.get(project.path))["task_count"]
    return [event["offset"] for event in events] == list(range(1, len(events) + 1)) and len(set(tasks)) == count
