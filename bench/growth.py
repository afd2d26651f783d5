"""How fan-out grows: more subscribers, more channels, more workers."""

import resource
import statistics
from collections.abc import Sequence

from bench.audience import Audience, Opening, Phase, Source
from bench.connections import SPARE_FILES
from bench.contenders import Installation, installation
from bench.fanout import IN_FLIGHT, MESSAGES, WARM_UP_SECONDS
from bench.figures import Table
from bench.native import Programs

SUBSCRIBERS = (100, 1_000, 5_000, 20_000)
CHANNELS = (1, 100, 10_000)
CHANNEL_SUBSCRIBERS = 10_000
WORKERS = (1, 2, 4)
MANY_MESSAGES = 4 * MESSAGES
"""Few subscribers receive more in a visit."""

METHOD = f"""\
As in the comparison above, in the JSON format, median of the rounds. First one channel with more and more
subscribers; then {CHANNEL_SUBSCRIBERS:,} subscribers of more and more channels, {IN_FLIGHT} events in flight over all
of them; then 1,000 subscribers of one channel on more and more worker processes, which all share the server's one
core here: this shows the cost of the division, not the gain of more cores. A process can't have more sockets than its
limit of open files."""


async def measure(programs: Programs, *, rounds: int, seconds: float) -> Table:
    columns = (
        "",
        "CPU, µs a delivery",
        "deliveries/s, 1 in flight",
        f"deliveries/s, {IN_FLIGHT} in flight",
        "p50, ms",
        "p99, ms",
    )
    table = Table("How it grows", METHOD, columns)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with installation(projects=rounds * (sum(CHANNELS) + len(SUBSCRIBERS)) + 10) as ours:
        for wanted in SUBSCRIBERS:
            size = min(wanted, hard - SPARE_FILES)
            visits = [_visit(programs, ours, 1, size, seconds) for _ in range(rounds)]
            table.rows.append((f"{size:,} subscribers", *_summary(visits)))
        for channels in CHANNELS:
            visits = [_visit(programs, ours, channels, CHANNEL_SUBSCRIBERS, seconds) for _ in range(rounds)]
            label = f"{CHANNEL_SUBSCRIBERS:,} subscribers of {channels:,} channel{'s' if channels > 1 else ''}"
            table.rows.append((label, *_summary(visits)))
    for workers in WORKERS:
        async with installation(projects=rounds + 10, workers=workers) as ours:
            visits = [_visit(programs, ours, 1, 1_000, seconds) for _ in range(rounds)]
        table.rows.append((f"1,000 subscribers on {workers} worker{'s' if workers > 1 else ''}", *_summary(visits)))
    return table


def _visit(
    programs: Programs, ours: Installation, channels: int, subscribers: int, seconds: float
) -> tuple[Phase, ...]:
    plan: tuple[Opening, Source] = ours.gathering(ours.seeded.take(channels), MANY_MESSAGES)
    with Audience(programs.audience, *plan, subscribers=subscribers, server_pids=ours.pids) as audience:
        audience.open()
        audience.idle(WARM_UP_SECONDS)
        audience.closed(1, WARM_UP_SECONDS)
        return audience.closed(1, seconds), audience.closed(IN_FLIGHT, seconds), audience.paced(5, seconds)


def _summary(visits: Sequence[tuple[Phase, ...]]) -> tuple[str, ...]:
    one, many, paced = zip(*visits, strict=True)
    return (
        f"{statistics.median(phase.cpu_microseconds for phase in one):.2f}",
        f"{statistics.median(phase.per_second for phase in one):,.0f}",
        f"{statistics.median(phase.per_second for phase in many):,.0f}",
        f"{statistics.median(phase.p50_ms for phase in paced):.1f}",
        f"{statistics.median(phase.p99_ms for phase in paced):.1f}",
    )
