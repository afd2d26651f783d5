"""Many open sockets: their cost, how fast they open, how many a process can have."""

import resource
import statistics
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field

import psutil

from bench.audience import Audience, Opening, Phase
from bench.contenders import ALL_PEERS, Contender, Installation, NotInstalled, centrifuge_line, floor, installation
from bench.fanout import NAIVE, ROOMFUL, ratios
from bench.figures import TARGET_MARKS, Table, median_and_spread
from bench.native import Programs
from bench.seed import KEY
from roomful.identity.tokens import Tokens

SIZE = 10_000
PEOPLE = 100
PROJECTS = 20
SETTLE_SECONDS = 3.0
SPARE_FILES = 100
MOST_WANTED = 50_000
IDLE_SECONDS = 10.0
MOST_KIB = 5.0
LEAST_RATE = 2.0

METHOD = f"""\
{SIZE:,} sockets to a process that has just started, at most 64 handshakes at a time; then {SETTLE_SECONDS:.0f} s of
rest. Roomful's are {PEOPLE} people with {SIZE // PEOPLE} sockets each in {PROJECTS} projects: their tokens are
checked, person and membership looked up, and they subscribe to the project (recovery, presence) and to their own
notifications. *FastAPI* only checks the token; the others sign nobody in. Memory is the growth of the process,
without the kernel's, which is the same for all."""

CROWD_METHOD = f"""\
One `roomful serve` process and one project with as many signed-in subscribers with presence as this machine allows:
each is an open file, and only the machine's owner can raise the limit shown. The aim is {MOST_WANTED:,}. Then one
event to all of them. CPU at rest is measured over {IDLE_SECONDS:.0f} s, pings and pongs included."""


@dataclass(slots=True)
class _Figures:
    kib: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)


Results = dict[str, _Figures]


async def measure(programs: Programs, *, rounds: int, size: int = SIZE) -> tuple[Table, Results]:
    results: Results = defaultdict(_Figures)
    missing = set()
    for _ in range(rounds):
        async with installation(people=PEOPLE, shared=PROJECTS, projects=PROJECTS) as ours:
            _measure(programs, ROOMFUL, ours.pids, _crowd_opening(ours), size, results)
        token = Tokens(KEY, access_ttl_seconds=86_400).issue("somebody", "a-sign-in")
        for contender in (lambda: floor(programs), *(_with(peer, token) for peer in ALL_PEERS)):
            try:
                with contender() as running:
                    _measure(programs, running.name, running.pids, running.plan(0)[0], size, results)
            except NotInstalled as absent:
                missing.add(str(absent))
    columns = ("server", "KiB a socket", "sockets opened a second", "× usual FastAPI", "CPU, µs to open one")
    table = Table("Open sockets", METHOD, columns)
    for name, figures in results.items():
        rate = statistics.median(ratios(figures.per_second, results[NAIVE].per_second))
        row = (median_and_spread(figures.kib, 1), median_and_spread(figures.per_second), f"{rate:.2f}")
        table.rows.append((name, *row, median_and_spread(figures.cpu_us)))
    table.rows.extend((f"{name}: not installed", *("–" for _ in columns[1:])) for name in sorted(missing))
    return table, results


def target_rows(results: Results) -> list[tuple[str, ...]]:
    kib = results[ROOMFUL].kib
    rates = ratios(results[ROOMFUL].per_second, results[NAIVE].per_second)
    return [
        (
            f"memory of an idle socket, {SIZE:,} signed in, subscribed, present",
            f"≤ {MOST_KIB:.0f} KiB",
            f"{median_and_spread(kib, 1)} KiB",
            TARGET_MARKS[statistics.median(kib) <= MOST_KIB],
        ),
        (
            "connect, sign in and subscribe, a second",
            f"≥ {LEAST_RATE:.0f} × usual FastAPI that checks a token",
            f"× {median_and_spread(rates, 2)}",
            TARGET_MARKS[statistics.median(rates) >= LEAST_RATE],
        ),
    ]


def _with(
    peer: Callable[[str], AbstractContextManager[Contender]], token: str
) -> Callable[[], AbstractContextManager[Contender]]:
    return lambda: peer(token)


def _measure(programs: Programs, name: str, pids: Sequence[int], opening: Opening, size: int, results: Results) -> None:
    before = _memory_kib(pids)
    with Audience(programs.audience, opening, None, subscribers=size, server_pids=pids) as audience:
        opened = audience.open()
        audience.idle(SETTLE_SECONDS)
        figures = results[name]
        figures.kib.append((_memory_kib(pids) - before) / size)
        figures.per_second.append(size / opened.seconds)
        figures.cpu_us.append((opened.user_seconds + opened.system_seconds) * 1e6 / size)


def _crowd_opening(ours: Installation) -> Opening:
    """Each person in each project, in turn."""
    projects = ours.seeded.take(PROJECTS)
    lines = [centrifuge_line(token, project) for project in projects for token in ours.seeded.tokens]
    return Opening(port=ours.port, lines=lines, ready='"id":2', heartbeat=("{}", "{}"))


def _memory_kib(pids: Sequence[int]) -> float:
    return float(sum(psutil.Process(process_id).memory_info().rss for process_id in pids)) / 1024


@asynccontextmanager
async def _largest(programs: Programs, size: int) -> AsyncIterator[tuple[Audience, Installation]]:
    async with installation(projects=1) as ours:
        opening, source = ours.gathering(ours.seeded.take(1), 20)
        with Audience(programs.audience, opening, source, subscribers=size, server_pids=ours.pids) as audience:
            yield audience, ours


async def largest_crowd(programs: Programs, *, most: int = MOST_WANTED) -> tuple[Table, tuple[str, ...]]:
    """As many sockets as possible, then one event. Returns the table, and the row of the target."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    size = min(most, hard - SPARE_FILES)
    async with _largest(programs, size) as (audience, ours):
        before = _memory_kib(ours.pids)
        opened = audience.open()
        audience.idle(SETTLE_SECONDS)
        grown = (_memory_kib(ours.pids) - before) / size
        rest = audience.idle(IDLE_SECONDS)
        event = audience.burst(1, 1)
        peak = _memory_kib(ours.pids) / 1024
    rows = [
        ("open sockets", f"{size:,} (limit of open files: {hard:,})"),
        ("opened in", f"{opened.seconds:.1f} s, {size / opened.seconds:,.0f} a second"),
        ("memory of the process", f"{peak:,.0f} MiB, {grown:.1f} KiB a socket"),
        ("CPU at rest", f"{_cpu_share(rest):.1%} of a core"),
        ("one event to all: median, last", f"{event.p50_ms:,.0f} ms, {event.slowest_ms:,.0f} ms"),
    ]
    reached = f"{size:,}: {event.slowest_ms:,.0f} ms"
    is_met = size >= MOST_WANTED and event.slowest_ms <= 1000
    target = (f"{MOST_WANTED:,} idle sockets, one event to all", "≤ 1,000 ms to the last", reached)
    return Table("As many sockets as there can be", CROWD_METHOD, ("", ""), [*rows]), (*target, TARGET_MARKS[is_met])


def _cpu_share(phase: Phase) -> float:
    return (phase.user_seconds + phase.system_seconds) / phase.seconds
