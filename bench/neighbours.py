"""The effect of a crowd on others: a channel beside a large one, a change with many subscribers."""

import statistics

from bench.audience import Audience, Opening, Phase, Source
from bench.contenders import installation
from bench.figures import TARGET_MARKS, Table, median_and_spread
from bench.grounds import roomful, signed_in, sqlite
from bench.load import http_request
from bench.native import Programs

CROWD = 5_000
CROWD_PER_SECOND = 10
FEW = 10
FEW_PER_SECOND = 50
MOST_MORE_MS = 5.0
SUBSCRIBERS = 1_000
CHANGES_PER_SECOND = 20
SLACK_MS = 2.0

METHOD = f"""\
One process serves a channel with {FEW} subscribers and {FEW_PER_SECOND} events a second, and another with {CROWD:,}
subscribers: first silent, then with {CROWD_PER_SECOND} events a second, which keeps the server's core busy for a good
part of the time. The few have their own load client, which the scheduler prefers to that of the crowd."""

CHANGES_METHOD = f"""\
`PATCH …/tasks/{{id}}`, {CHANGES_PER_SECOND} a second over one connection, to a process with the in-process broker on
SQLite: from writing the request (so sign-in, transaction, event and commit are included) until a subscriber of the
Centrifuge protocol has read the event, every delivery."""


async def measure(programs: Programs, *, rounds: int, seconds: float) -> tuple[Table, tuple[str, ...]]:
    """The table, and the row of the target."""
    alone: list[Phase] = []
    beside: list[Phase] = []
    crowd_phases: list[Phase] = []
    async with installation() as ours:
        for _ in range(rounds):
            large = ours.gathering(ours.seeded.take(1), int(CROWD_PER_SECOND * seconds) + 10)
            small = ours.gathering(ours.seeded.take(1), int(2 * FEW_PER_SECOND * seconds) + 10)
            with (
                Audience(programs.audience, *large, subscribers=CROWD, server_pids=ours.pids) as crowd,
                Audience(programs.audience, *small, subscribers=FEW, server_pids=ours.pids, niceness=-10) as few,
            ):
                crowd.open()
                few.open()
                few.paced(FEW_PER_SECOND, 0.2)
                alone.append(few.paced(FEW_PER_SECOND, seconds * 0.9))
                crowd.begin_paced(CROWD_PER_SECOND, seconds)
                beside.append(few.paced(FEW_PER_SECOND, seconds * 0.9))
                crowd_phases.append(crowd.finish())
    table = Table("A small channel beside a large one", METHOD, ("channel", "p50, ms", "p99, ms", "slowest, ms"))
    for name, phases in (
        (f"{FEW} subscribers, the large one silent", alone),
        (f"{FEW} subscribers, the large one with events", beside),
        (f"{CROWD:,} subscribers", crowd_phases),
    ):
        table.rows.append(
            (
                name,
                median_and_spread([phase.p50_ms for phase in phases], 1),
                median_and_spread([phase.p99_ms for phase in phases], 1),
                f"{max(phase.slowest_ms for phase in phases):.1f}",
            )
        )
    more = [with_it.p99_ms - without.p99_ms for with_it, without in zip(beside, alone, strict=True)]
    reached = f"{median_and_spread(more, 1)} ms more"
    figure = f"p99 of another channel beside broadcasts to {CROWD:,} sockets"
    mark = TARGET_MARKS[statistics.median(more) <= MOST_MORE_MS]
    return table, (figure, f"≤ {MOST_MORE_MS:.0f} ms more than without", reached, mark)


async def changes(
    programs: Programs, *, rounds: int, seconds: float, floor_p50_ms: float
) -> tuple[Table, tuple[str, ...]]:
    """From a PATCH to its event; `floor_p50_ms` is the median delivery of the floor's broadcast to as many sockets."""
    found: dict[int, list[Phase]] = {1: [], SUBSCRIBERS: []}
    with sqlite() as ground:
        async with roomful(ground) as server:
            ada = await server.api.register("ada")
            for _ in range(rounds):
                for size, phases in found.items():
                    project = await ada.create_project()
                    task = await ada.create_task(project)
                    path = f"/api/v1/projects/{project.id}/tasks/{task['id']}"
                    count = int(CHANGES_PER_SECOND * (seconds + 1)) + 1
                    requests = [
                        http_request("PATCH", path, {"title": f"Draft {n}"}, signed_in(ada)) for n in range(count)
                    ]
                    first = (await ada.get(project.path))["offset"] + 1
                    source = Source(port=server.port, frames=requests, first=first)
                    line = f'/connection/websocket\t{{"id":1,"connect":{{"token":"{ada.token}"}}}}\x1e'
                    line += f'{{"id":2,"subscribe":{{"channel":"{project.channel}"}}}}'
                    opening = Opening(port=server.port, lines=[line], ready='"id":2', heartbeat=("{}", "{}"))
                    with Audience(
                        programs.audience, opening, source, subscribers=size, server_pids=[server.pid]
                    ) as audience:
                        audience.open()
                        audience.paced(CHANGES_PER_SECOND, 1)
                        phases.append(audience.paced(CHANGES_PER_SECOND, seconds))
    table = Table("From a change to its event, by a client that costs little", CHANGES_METHOD, _CHANGES_COLUMNS)
    for size, phases in found.items():
        p50s, p99s = [phase.p50_ms for phase in phases], [phase.p99_ms for phase in phases]
        table.rows.append((f"{size:,}", median_and_spread(p50s, 1), median_and_spread(p99s, 1)))
    one, many = (statistics.median(phase.p50_ms for phase in phases) for phases in found.values())
    most = one + floor_p50_ms + SLACK_MS
    figure = f"PATCH to event at {SUBSCRIBERS:,} subscribers, median"
    target = f"≤ {most:.1f} ms: at 1 subscriber, the floor's broadcast, and {SLACK_MS:.0f} ms"
    return table, (figure, target, f"{many:.1f} ms", TARGET_MARKS[many <= most])


_CHANGES_COLUMNS = ("subscribers", "p50, ms", "p99, ms")
