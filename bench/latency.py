"""The time from a change to its event at the subscribers."""

import time

from bench.crowd import Crowd
from bench.figures import Table, milliseconds, percentile
from bench.grounds import Ground, roomful, signed_in
from bench.load import http_request

SUBSCRIBERS = (1, 1_000)
PAUSE_SECONDS = 0.02
WARM_UP = 20

METHOD = """\
One `PATCH …/tasks/{id}` at a time, from sending it (so request, transaction and commit are included) until a
subscriber of `/ws/projects/{id}` has read the event; every delivery counts. The reader is one Python loop: with 1,000
subscribers its own work is a good part of the time, as the last of them waits until the others are read."""


async def measure(grounds: list[Ground], *, events: int) -> Table:
    columns = ("database", "subscribers", "median", "99th percentile", "slowest", "deliveries")
    table = Table("From a change to its event", METHOD, columns)
    for ground in grounds:
        async with roomful(ground) as server:
            ada = await server.api.register("ada")
            for size in SUBSCRIBERS:
                project = await ada.create_project()
                task = await ada.create_task(project)
                task_offset = (await ada.get(project.path))["offset"]
                path = f"/api/v1/projects/{project.id}/tasks/{task['id']}"
                requests = [
                    http_request("PATCH", path, {"title": f"Draft {number}"}, signed_in(ada))
                    for number in range(WARM_UP + events)
                ]
                address = f"/ws/projects/{project.id}?since={task_offset}&token={ada.token}"
                with Crowd(server.port, address, size=size) as crowd:
                    waits = _waits_ms(crowd, requests)[WARM_UP * size :]
                table.rows.append((ground.name, f"{size:,}", *_summary(waits)))
    return table


def _waits_ms(crowd: Crowd, requests: list[bytes]) -> list[float]:
    waits: list[float] = []
    for request in requests:
        waits += [seconds * 1000 for seconds in crowd.deliver(request)]
        time.sleep(PAUSE_SECONDS)  # let the server rest: this is latency, not throughput
    return waits


def _summary(waits_ms: list[float]) -> tuple[str, ...]:
    times = (percentile(waits_ms, 0.5), percentile(waits_ms, 0.99), max(waits_ms))
    return (*map(milliseconds, times), f"{len(waits_ms):,}")
