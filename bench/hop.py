"""The delay that Redis adds between two nodes."""

import re
import select
import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import httpx

from bench import event_maker, grounds
from bench.crowd import Member
from bench.figures import TARGET_MARKS, Table, median_and_spread, percentile
from bench.grounds import Ground, Process, signed_in
from bench.load import http_request
from tests.support.api import Api, Person

SUBSCRIBERS = 1_000
PROJECTS = 20
EVENTS_PER_SECOND = 200
MAX_ADDED_MS = 3.0
SETTLE_SECONDS = 1.0

METHOD = f"""\
Two nodes on one PostgreSQL and one Valkey, each with {SUBSCRIBERS:,} subscribers of `/ws/projects/{{id}}` over
{PROJECTS} projects. Each node makes half of {EVENTS_PER_SECOND} events a second, each in its own transaction (without
requests: as many PATCH requests would take more than this machine has). The time runs from before the transaction
until the event has been read, by the system's monotonic clock. *Near* are subscribers at the node that made the
event, *far* those at the other one, which receives it through Redis; both in the same run, read by the same loop.
Target: the median of far less than {MAX_ADDED_MS:g} ms above that of near. Nothing is pinned to a core."""

_MADE_AT = re.compile(rb'"made_at":([0-9.]+)')
_PROJECT = re.compile(rb'"project_id":"([^"]+)"')


async def measure(ground: Ground, *, rounds: int, seconds: float) -> Table:
    with grounds.event_maker(ground) as one, grounds.event_maker(ground) as two:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{one.port}", trust_env=False) as http:
            ada = await Api(http).register("ada")
            projects = [(await ada.create_project(f"Bench {number}")).id for number in range(PROJECTS)]
        # Each node makes the events of half of the projects, so the project tells where an event was made.
        nodes = {one.port: projects[::2], two.port: projects[1::2]}
        with _audience([one, two], projects, ada) as audience:
            audience.listen(nodes, ada, 1.0)
            runs = [audience.listen(nodes, ada, seconds) for _ in range(rounds)]
    near, far = ([_ms(run[place]) for run in runs] for place in (0, 1))
    added = [statistics.median(b) - statistics.median(a) for a, b in zip(near, far, strict=True)]
    rows = [
        ("near, median", _rounds(near, 0.5)),
        ("far, median", _rounds(far, 0.5)),
        ("near, 99th percentile", _rounds(near, 0.99)),
        ("far, 99th percentile", _rounds(far, 0.99)),
        ("added by the hop, median", f"{median_and_spread(added, 2)} ms"),
        ("deliveries", f"{sum(len(run[0]) + len(run[1]) for run in runs):,}"),
        ("target", TARGET_MARKS[statistics.median(added) < MAX_ADDED_MS]),
    ]
    return Table("The way through Redis", METHOD, ("", ""), [*rows])


def _ms(waits: Sequence[float]) -> list[float]:
    return [seconds * 1000 for seconds in waits]


def _rounds(rounds: Sequence[Sequence[float]], share: float) -> str:
    return f"{median_and_spread([percentile(waits, share) for waits in rounds], 1)} ms"


class Audience:
    """Subscribers at several nodes, read by one loop. Blocks its thread."""

    def __init__(self, ports: Sequence[int], projects: Sequence[str], person: Person) -> None:
        self._poll = select.epoll()
        self._members: dict[int, tuple[int, Member]] = {}
        for port in ports:
            for number in range(SUBSCRIBERS):
                member = Member(port, f"/ws/projects/{projects[number % len(projects)]}?token={person.token}")
                self._members[member.socket.fileno()] = (port, member)
                self._poll.register(member.socket, select.EPOLLIN)

    def close(self) -> None:
        for _, member in self._members.values():
            member.socket.close()
        self._poll.close()

    def listen(self, nodes: dict[int, list[str]], person: Person, seconds: float) -> tuple[list[float], list[float]]:
        """Have the nodes make events; the delays of near and of far subscribers. Raises TimeoutError."""
        with ExitStack() as stack:
            for port, projects in nodes.items():
                wanted = {
                    "project_ids": projects,
                    "per_second": EVENTS_PER_SECOND / len(nodes),
                    "seconds": seconds,
                }
                caller = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                caller.sendall(http_request("POST", event_maker.PATH, wanted, signed_in(person)))
            return self._listen({id_.encode(): port for port, ids in nodes.items() for id_ in ids}, seconds)

    def _listen(self, home: dict[bytes, int], seconds: float) -> tuple[list[float], list[float]]:
        near: list[float] = []
        far: list[float] = []
        expected = int(EVENTS_PER_SECOND * seconds) * SUBSCRIBERS // PROJECTS * 2
        ends_at = time.monotonic() + seconds * 3 + SETTLE_SECONDS * 10
        while len(near) + len(far) < expected:
            for descriptor, _ in self._poll.poll(0.1):
                port, member = self._members[descriptor]
                for event in member.receive():
                    wait = time.monotonic() - _made_at(event)
                    (near if home[_project(event)] == port else far).append(wait)
            if time.monotonic() > ends_at:
                raise TimeoutError(f"{len(near) + len(far):,} of {expected:,} deliveries")
        return near, far


@contextmanager
def _audience(nodes: Sequence[Process], projects: Sequence[str], person: Person) -> Iterator[Audience]:
    audience = Audience([node.port for node in nodes], projects, person)
    try:
        yield audience
    finally:
        audience.close()


def _made_at(event: bytes) -> float:
    found = _MADE_AT.search(event)
    assert found is not None, event
    return float(found.group(1))


def _project(event: bytes) -> bytes:
    found = _PROJECT.search(event)
    assert found is not None, event
    return found.group(1)
