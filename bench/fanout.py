"""One event to many subscribers: Roomful against its peers, and against the least that it can cost."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field

from bench.audience import Audience, Phase, together
from bench.contenders import ALL_PEERS, EVENT_BYTES, LARGE_EVENT_BYTES, Contender, everybody, installation
from bench.figures import TARGET_MARKS, Table, median_and_spread
from bench.native import Programs

SUBSCRIBERS = 1_000
IN_FLIGHT = 16
BURST = 200
PER_SECOND = 20
WARM_UP_SECONDS = 0.3
TURNS = 4
"""Alternations of a contender and the floor in a visit."""
MESSAGES = 40_000
"""More than the fastest sends in a visit of some seconds."""

FLOOR, NAIVE = "send() alone, in C", "FastAPI, usual connection manager"
ROOMFUL = "Roomful, JSON"

PICTURE = "images/fanout.png"

TARGETS_METHOD = """\
Roomful's targets, each against the peer or the floor measured in the same rounds. The tables after this one have all
figures and say how they were measured."""

METHOD = f"""\
One channel, {SUBSCRIBERS:,} subscribers, events of {EVENT_BYTES} bytes. The load client is one C program: it opens
real connections, reads every message of every subscriber, fails when one is lost, doubled or out of order, and times
each from publishing to reading. *Roomful* is `roomful serve` with SQLite and Redis; its subscribers are signed in and
subscribed with recovery and presence by the Centrifuge protocol (*JSON*, *protobuf*) or on the plain socket. Its
events come in through Redis, sealed as another node sends them: from there to the sockets everything runs as for
users, except that the events are not in the log, which live subscribers don't read. *Floor* is a C program that makes
the upgrade and then calls `send()` for each subscriber. The others receive events on a WebSocket of their own,
`/pub`, and run as their documentation says, one process each: {
    ", ".join(peer.__name__.replace("_", " ") for peer in ALL_PEERS)
}. *{LARGE_EVENT_BYTES:,} bytes* are larger events, as they are and deflated once for all. CPU is the
server's, by the operating system, with one event in flight; then {IN_FLIGHT} events in flight; {BURST} at once, until
the last subscriber has the last; {PER_SECOND} a second, every delivery. *× floor* compares with the floor in the same
visit, where both are measured in turn."""

REMARKS = """\
Profile of the server with 1,000 subscribers and one event in flight (perf, 10,000 samples): 93% in `send()`, where
the floor has 96%; 1% in the loop around it, in C; 6% in all else: slicing, turns of the event loop, and taking the
event from Redis, checking its seal, ordering and encoding it. Without a C compiler at installation the loop is
Python's, and a delivery costs 1.2 to 1.35 times the floor (docs/decisions/0015). Once a client has sent something,
its system acknowledges every second message inside our `send()` instead of in a read of its own: that is 3 to 7%,
which the floor lacks, since its subscribers send nothing.

Opening a socket (py-spy, 10,000 of them): the session's two commands 25%, the application with its middleware and the
acceptance 20%, reading the request and the upgrade 16%, the event loop with accepting 17%, presence in Redis 5%,
database queries 3%, making the protocol objects 5%. Three writes are an eighth of it. The peer checks a token and
does none of the rest.

50,000 sockets in a process need a limit of open files that only the machine's owner can set."""


@dataclass(slots=True)
class Figures:
    """One contender's figures, a value per round."""

    cpu_us: list[float] = field(default_factory=list)
    times_floor: list[float] = field(default_factory=list)
    user_us: list[float] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)
    burst_ms: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    p99_times_floor: list[float] = field(default_factory=list)

    def add(self, one: Phase, floor: Phase, many: Phase, burst: Phase, paced: Phase, floor_paced: Phase) -> None:
        """`floor` was measured in alternation with this one."""
        self.cpu_us.append(one.cpu_microseconds)
        self.times_floor.append(one.cpu_microseconds / floor.cpu_microseconds)
        self.user_us.append(one.user_microseconds)
        self.single.append(one.per_second)
        self.many.append(many.per_second)
        self.burst_ms.append(statistics.median(burst.bursts_ms))
        self.p50_ms.append(paced.p50_ms)
        self.p99_ms.append(paced.p99_ms)
        self.p99_times_floor.append(paced.p99_ms / floor_paced.p99_ms)


Results = dict[str, Figures]


@dataclass(frozen=True, slots=True)
class Comparison:
    results: Results
    missing: Sequence[str]
    """Peers that are not installed here."""


async def compare(programs: Programs, *, rounds: int, seconds: float, subscribers: int = SUBSCRIBERS) -> Comparison:
    """Every contender in every round, one after the other."""
    results: Results = defaultdict(Figures)
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(installation())
        others, missing = stack.enter_context(everybody(programs, ours.seeded.tokens[0]))
        contenders = [
            others[0],
            Contender(ROOMFUL, ours.pids, ours.json),
            Contender("Roomful, protobuf", ours.pids, ours.protobuf),
            Contender("Roomful, plain", ours.pids, ours.plain),
            *others[1:],
            Contender(f"Roomful, JSON, {LARGE_EVENT_BYTES:,} bytes", ours.pids, ours.large),
            Contender(f"Roomful, deflate, {LARGE_EVENT_BYTES:,} bytes", ours.pids, ours.deflated),
        ]
        for _ in range(rounds):
            for contender in contenders:
                results[contender.name].add(*_visit(programs, contender, contenders[0], seconds, subscribers))
    return Comparison(results, missing)


def _visit(
    programs: Programs, contender: Contender, floor: Contender, seconds: float, subscribers: int
) -> tuple[Phase, ...]:
    with ExitStack() as stack:
        audience = stack.enter_context(_gathered(programs, contender, subscribers))
        # The floor has one channel, so only one audience at a time.
        is_floor = contender is floor
        floor_audience = audience if is_floor else stack.enter_context(_gathered(programs, floor, subscribers))
        # In short alternation with the floor, since the machine's speed changes within seconds.
        pairs = [(audience.closed(1, seconds / TURNS), floor_audience.closed(1, seconds / TURNS)) for _ in range(TURNS)]
        ones, floors = zip(*pairs, strict=True)
        return (
            together(ones),
            together(floors),
            audience.closed(IN_FLIGHT, seconds),
            audience.burst(BURST, 3 if contender.name.startswith(("Roomful", FLOOR)) else 1),
            audience.paced(PER_SECOND, seconds),
            floor_audience.paced(PER_SECOND, seconds),
        )


@contextmanager
def _gathered(programs: Programs, contender: Contender, subscribers: int) -> Iterator[Audience]:
    opening, source = contender.plan(MESSAGES)
    with Audience(programs.audience, opening, source, subscribers=subscribers, server_pids=contender.pids) as audience:
        audience.open()
        audience.idle(WARM_UP_SECONDS)  # then the last subscriber is on the server's lists
        audience.closed(1, WARM_UP_SECONDS)
        yield audience


def table(comparison: Comparison) -> Table:
    columns = (
        "server",
        "CPU, µs a delivery",
        "× floor",
        "of it user, µs",
        "deliveries/s, 1 in flight",
        f"deliveries/s, {IN_FLIGHT} in flight",
        f"{BURST} at once, ms",
        "p50, ms",
        "p99, ms",
        "× floor",
    )
    results = comparison.results
    shown = Table(
        "One event to many",
        METHOD,
        columns,
        picture=(PICTURE, "CPU, throughput, burst and memory of Roomful and its peers"),
    )
    for name, figures in results.items():
        shown.rows.append(
            (
                name,
                median_and_spread(figures.cpu_us, 2),
                f"{statistics.median(figures.times_floor):.2f}",
                f"{statistics.median(figures.user_us):.2f}",
                median_and_spread(figures.single),
                median_and_spread(figures.many),
                median_and_spread(figures.burst_ms, 1),
                f"{statistics.median(figures.p50_ms):.1f}",
                median_and_spread(figures.p99_ms, 1),
                f"{statistics.median(figures.p99_times_floor):.2f}",
            )
        )
    shown.rows.extend((f"{name}: not installed", *("–" for _ in columns[1:])) for name in comparison.missing)
    return shown


@dataclass(frozen=True, slots=True)
class Target:
    """`reached` gives a value for each round."""

    figure: str
    target: str
    reached: Callable[[Results], list[float]]
    is_met: Callable[[float], bool]


TARGETS = (
    Target(
        "CPU per delivery, from the broker to the socket",
        "≤ 1.15 × floor",
        lambda results: results[ROOMFUL].times_floor,
        lambda ratio: ratio <= 1.15,
    ),
    Target(
        f"deliveries/s with {IN_FLIGHT} in flight",
        "≥ 30 × usual FastAPI",
        lambda results: ratios(results[ROOMFUL].many, results[NAIVE].many),
        lambda ratio: ratio >= 30,
    ),
    Target(
        f"{BURST} events at once, to the last of {SUBSCRIBERS:,}",
        "≤ 1/50 of usual FastAPI",
        lambda results: ratios(results[NAIVE].burst_ms, results[ROOMFUL].burst_ms),
        lambda ratio: ratio >= 50,
    ),
    Target(
        f"p99 at {PER_SECOND} events/s to {SUBSCRIBERS:,}",
        "≤ 1.2 × floor",
        lambda results: results[ROOMFUL].p99_times_floor,
        lambda ratio: ratio <= 1.2,
    ),
)


def target_rows(results: Results) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for target in TARGETS:
        values = target.reached(results)
        reached = median_and_spread(values, 2 if max(values) < 10 else 0)
        prefix = "1/" if target.target.startswith("≤ 1/") else "× "
        rows.append(
            (target.figure, target.target, f"{prefix}{reached}", TARGET_MARKS[target.is_met(statistics.median(values))])
        )
    return rows


def ratios(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """Round by round, since both had the same machine speed in a round."""
    return [value / other for value, other in zip(values, others, strict=True)]
