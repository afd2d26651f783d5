"""Opening sockets: the cost of each kind, and whether it grows with the crowd."""

import asyncio
import socket
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.audience import Audience, Opening
from bench.contenders import Installation, accepting, centrifuge_line, installation, naive
from bench.figures import TARGET_MARKS, Table, median_and_spread
from bench.native import Programs
from bench.seed import KEY
from roomful.identity.tokens import Tokens
from roomful.web.dependencies import API

SIZE = 10_000
PEOPLE = 100
PROJECTS = 20
AT_ONCE = 64
SETTLE_SECONDS = 0.5
"""The work after an upgrade is done by then."""
REST_SECONDS = 3.5
"""After a visit: leaves are published after two seconds."""
TIMEOUT_SECONDS = 60.0
MOST_BESIDE_CLIENT = 1.0
LEAST_BESIDE_NAIVE = 2.5

CROWD = 1_200
GROUP = 100
MOST_GROWTH = 1.3

METHOD = f"""\
{SIZE:,} openings a visit, of {PEOPLE} people in {PROJECTS} projects, at most {AT_ONCE} at a time. One Roomful server
has three kinds of connection, visited in turn: each reader is signed in, found to be a member, entered in presence,
and live. The fourth is the usual FastAPI, which only checks the token; the last is the layer below, uvicorn, with an
application that only accepts. CPU is the server process's, all threads, until {SETTLE_SECONDS} s after the last
opening; ratios are of visits in one round."""

REMARKS = """\
Uvicorn that only accepts does not reach the target of 2.5 either; a Centrifuge socket opens about as cheaply, with its
sign-in, look-ups, two subscriptions and presence. Roomful's own protocol classes accept for less than half of what
uvicorn takes (156 µs beside 343, medians of 7 alternating visits of 1,500 openings each, on a busy machine); the
session's two commands, each a message and its answer, take the rest. FastAPI takes 500 there, to route and to check a
token.

Profile (py-spy): the two commands of the session a third, the application with its middleware and the acceptance an
eighth, presence in Redis a tenth, reading the request and the upgrade a tenth; the rest is the event loop, the kernel
and the garbage collector. No function has more than 4%. Combining the two timers of a handshake would gain nothing:
setting and cancelling one takes 0.5 µs. docs/decisions/0016 says what would help, and why it is not done: an answer
without ASGI, and tasks that begin at once, which Python 3.12 has."""

GROWTH_METHOD = f"""\
{CROWD:,} different people open one project, in groups of {GROUP}, and stay; then all leave, and the next crowd opens
another project of the same server. The first crowd warms up. CPU of the server process for one opening, minus its CPU
at rest with those already there. The ratio is taken from the straight line through the medians of all {
    CROWD // GROUP
} groups, since the noise is as large as one group. A reader that *asks for joins* (as a board does) hears of
everybody who comes later: n people get n² / 2 of these messages."""

CLIENT, PLAIN, STREAM = "Centrifuge socket", "plain socket", "server-sent events"
NAIVE = "FastAPI, usual connection manager"
ACCEPTING = "uvicorn, accepting alone"

Visit = Callable[[], float]
"""Opens, settles and closes; the CPU of one opening, in µs."""


async def measure(programs: Programs, *, rounds: int, size: int = SIZE) -> Table:
    found: dict[str, list[float]] = defaultdict(list)
    token = Tokens(KEY, access_ttl_seconds=86_400).issue("somebody", "a-sign-in")
    async with installation(people=PEOPLE, shared=PROJECTS, projects=PROJECTS) as ours:
        with naive(token) as peer, accepting() as below:
            projects = ours.seeded.take(PROJECTS)
            visits: dict[str, Visit] = {
                CLIENT: lambda: _sockets(programs, _client_opening(ours, projects), ours.pids, size),
                PLAIN: lambda: _sockets(programs, _plain_opening(ours, projects), ours.pids, size),
                STREAM: lambda: _streams(ours, projects, size),
                NAIVE: lambda: _sockets(programs, peer.plan(0)[0], peer.pids, size),
                ACCEPTING: lambda: _sockets(programs, below.plan(0)[0], below.pids, size),
            }
            for number in range(rounds + 1):
                for name in sorted(visits, reverse=number % 2 == 1):
                    cpu_us = visits[name]()
                    if number:  # the first round warms up
                        found[name].append(cpu_us)
                    await asyncio.sleep(REST_SECONDS)
    return _table(found)


def _table(found: dict[str, list[float]]) -> Table:
    columns = ("", "CPU, µs to open one", "× Centrifuge socket", "target", "× cheaper than usual FastAPI", "target")
    table = Table("Opening, by each way in", METHOD, columns, remarks=REMARKS)
    for name in (CLIENT, PLAIN, STREAM, NAIVE, ACCEPTING):
        beside_client = [one / other for one, other in zip(found[name], found[CLIENT], strict=True)]
        beside_naive = [other / one for one, other in zip(found[name], found[NAIVE], strict=True)]
        marks = (
            TARGET_MARKS[statistics.median(beside_client) <= MOST_BESIDE_CLIENT],
            TARGET_MARKS[statistics.median(beside_naive) >= LEAST_BESIDE_NAIVE],
        )
        table.rows.append(
            (
                name,
                median_and_spread(found[name]),
                median_and_spread(beside_client, 2),
                marks[0] if name in (PLAIN, STREAM) else "",
                median_and_spread(beside_naive, 2),
                marks[1] if name not in (NAIVE, ACCEPTING) else "",
            )
        )
    return table


async def growth(programs: Programs, *, rounds: int, crowd: int = CROWD) -> Table:
    columns = ("", f"first {GROUP}, µs an opening", f"last {GROUP}", "ratio", "target")
    table = Table(f"Opening {crowd:,} different people in one project", GROWTH_METHOD, columns)
    for name, joins in (("without joins", False), ("all ask for joins", True)):
        async with installation(people=crowd, shared=rounds + 1, projects=rounds + 1) as ours:
            crowds = []
            for project in ours.seeded.take(rounds + 1):
                crowds.append(_crowd(programs, ours, project, join_leave=joins))
                await asyncio.sleep(REST_SECONDS)
        groups = list(zip(*crowds[1:], strict=True))
        grown = _growth([statistics.median(group) for group in groups])
        mark = "" if joins else TARGET_MARKS[grown <= MOST_GROWTH]
        table.rows.append((name, median_and_spread(groups[0]), median_and_spread(groups[-1]), f"{grown:.2f}", mark))
    return table


def _growth(costs: Sequence[float]) -> float:
    """The last divided by the first, on the regression line."""
    slope, first = statistics.linear_regression(range(len(costs)), costs)
    return (first + slope * (len(costs) - 1)) / first


def _crowd(programs: Programs, ours: Installation, project: str, *, join_leave: bool) -> list[float]:
    """The cost of an opening in each group, in µs."""
    costs = []
    with ExitStack() as stack:
        for start in range(0, len(ours.seeded.tokens), GROUP):
            tokens = ours.seeded.tokens[start : start + GROUP]
            lines = [centrifuge_line(token, project, join_leave=join_leave) for token in tokens]
            opening = Opening(port=ours.port, lines=lines, ready='"id":2', heartbeat=("{}", "{}"))
            audience = Audience(programs.audience, opening, None, subscribers=len(lines), server_pids=ours.pids)
            stack.enter_context(audience)
            with _cpu(ours.pids) as rest:
                time.sleep(SETTLE_SECONDS)
            with _cpu(ours.pids) as took:
                seconds = audience.open().seconds
                audience.idle(SETTLE_SECONDS)
            at_rest = rest.seconds * (seconds + SETTLE_SECONDS) / SETTLE_SECONDS
            costs.append((took.seconds - at_rest) * 1e6 / len(lines))
    return costs


def _client_opening(ours: Installation, projects: Sequence[str]) -> Opening:
    """Each person in each project, in turn."""
    lines = [centrifuge_line(token, project) for project in projects for token in ours.seeded.tokens]
    return Opening(port=ours.port, lines=lines, ready='"id":2', heartbeat=("{}", "{}"))


def _plain_opening(ours: Installation, projects: Sequence[str]) -> Opening:
    lines = [f"/ws/projects/{project}?token={token}" for project in projects for token in ours.seeded.tokens]
    return Opening(port=ours.port, lines=lines)


def _sockets(programs: Programs, opening: Opening, pids: Sequence[int], size: int) -> float:
    with Audience(programs.audience, opening, None, subscribers=size, server_pids=pids) as audience, _cpu(pids) as took:
        audience.open()
        audience.idle(SETTLE_SECONDS)
        return took.so_far() * 1e6 / size


def _streams(ours: Installation, projects: Sequence[str], size: int) -> float:
    requests = [
        f"GET {API}/projects/{project}/events HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
        for project in projects
        for token in ours.seeded.tokens
    ]
    with ExitStack() as stack, _cpu(ours.pids) as took:
        for start in range(0, size, AT_ONCE):
            opened = []
            for number in range(start, min(start + AT_ONCE, size)):
                stream = stack.enter_context(socket.create_connection(("127.0.0.1", ours.port), TIMEOUT_SECONDS))
                stream.sendall(requests[number % len(requests)])
                opened.append(stream)
            for stream in opened:
                _expect_stream(stream)
        time.sleep(SETTLE_SECONDS)
        return took.so_far() * 1e6 / size


def _expect_stream(stream: socket.socket) -> None:
    received = b""
    while b": connected" not in received:
        if not (more := stream.recv(4096)):
            raise RuntimeError(received.decode(errors="replace"))
        received += more


class _Cpu:
    """The CPU that processes use from here on: in `seconds` once the block has ended."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._began = _cpu_seconds(pids)
        self.seconds = 0.0

    def so_far(self) -> float:
        return _cpu_seconds(self._pids) - self._began


@contextmanager
def _cpu(pids: Sequence[int]) -> Iterator[_Cpu]:
    measured = _Cpu(pids)
    yield measured
    measured.seconds = measured.so_far()


def _cpu_seconds(pids: Sequence[int]) -> float:
    """Of all running threads, from the scheduler, which counts nanoseconds (process times only count hundredths)."""
    threads = [thread for process_id in pids for thread in Path(f"/proc/{process_id}/task").iterdir()]
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
