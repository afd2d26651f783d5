"""A trial: people write and read while things break, then all is mended, and what happened is judged."""

import asyncio
import logging
import random
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
from msgspec import Raw

from roomful.concurrency.task_scope import TaskScope
from tests.support.api import API, Person, Project
from tests.torture.cluster import Cluster, Form, Node, running_cluster
from tests.torture.faults import Scene, torment
from tests.torture.history import History
from tests.torture.judge import Verdict, judge
from tests.torture.readers import KINDS, Kind, Reader
from tests.torture.writers import Board, Writer

logger = logging.getLogger(__name__)

WRITERS = 3
GUEST_KINDS = (Kind("centrifuge", "steady"), Kind("plain", "steady"), Kind("event-source", "steady"))
"""How the person follows who is shut out at times."""
QUIESCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Trial:
    form: Form
    seconds: float
    seed: int
    history: History
    verdict: Verdict
    tracebacks: list[str] = field(default_factory=list)


async def run_trial(form: Form, *, seconds: float, seed: int, directory: Path) -> Trial:
    """The seed decides who does what and which faults come; how they meet in time is the machine's."""
    async with running_cluster(form, directory) as cluster:
        history = History()
        await _play(cluster, history, seconds, seed)
        return Trial(form, seconds, seed, history, judge(history), cluster.tracebacks())


async def _play(cluster: Cluster, history: History, seconds: float, seed: int) -> None:
    def rng(name: str) -> random.Random:
        return random.Random(f"{seed} {name}")

    api = cluster.nodes[0].server.api
    owner, guest, watcher = [await api.register(name) for name in ("olga", "gus", "wanda")]
    project = await owner.create_project("Torture")
    await owner.add_member(project, guest)
    await owner.add_member(project, watcher, "viewer")
    board = Board()
    writers = []
    for number in range(WRITERS):
        person = await api.register(f"writer{number}")
        await owner.add_member(project, person)
        writers.append(Writer(person, project, board, cluster, history.operations, rng(person.name)))
    readers = [Reader(kind, watcher, project, cluster, rng(f"reader {n}")) for n, kind in enumerate(KINDS)]
    readers += [Reader(kind, guest, project, cluster, rng(f"guest {n}")) for n, kind in enumerate(GUEST_KINDS)]
    history.trails = [reader.trail for reader in readers]
    scene = Scene(cluster, history, owner, guest, project, rng("faults"))

    async with TaskScope("readers") as task_scope:
        for reader in readers:
            task_scope.spawn(reader.run(late_seconds=seconds * 0.4))
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for writer in writers:
                group.create_task(writer.run(stop))
            logger.info("people write and read")
            await torment(scene, seconds)
            await cluster.heal()
            stop.set()
        logger.info("all is mended")
        for reader in readers:
            reader.is_tired = False
        await _quiesce(cluster, history, readers, owner, project)
    logger.info("everybody has left")
    history.log = await _read_log(cluster, owner, project)
    for reader in readers:
        reader.trail.final = await reader.take_snapshot()
    history.gauges = await _gauges(cluster)


async def _quiesce(cluster: Cluster, history: History, readers: list[Reader], owner: Person, project: Project) -> None:
    """Wait until every reader is level with the log; who is not in time is noted."""
    ends_at = time.monotonic() + QUIESCE_SECONDS
    head = -1
    while time.monotonic() < ends_at:
        # A write without an answer may be committed after its writer has given up.
        before, head = head, await _head(cluster, owner, project)
        if head == before and all(reader.offset >= head for reader in readers):
            return
        await asyncio.sleep(0.5)
    history.late += [
        f"{reader.trail.name} stands at {reader.offset} of {head}" for reader in readers if reader.offset < head
    ]


async def _head(cluster: Cluster, owner: Person, project: Project) -> int:
    answer = await _get(cluster.nodes[0], owner, project.path)
    head: int = answer.json()["offset"]
    return head


async def _read_log(cluster: Cluster, owner: Person, project: Project) -> list[bytes]:
    bodies: list[bytes] = []
    while True:
        answer = await _get(cluster.nodes[0], owner, f"{project.path}/events?after={len(bodies)}&limit=200")
        page = msgspec.json.decode(answer.content, type=list[Raw])
        if not page:
            return bodies
        bodies += map(bytes, page)


async def _get(node: Node, person: Person, path: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {person.token}"}
    response = await node.http.get(f"{API}{path}", headers=headers, timeout=20)
    response.raise_for_status()
    return response


async def _gauges(cluster: Cluster, seconds: float = 5.0) -> dict[str, float]:
    """Sockets and subscriptions of every worker, once they are 0, or as they are when the time is over."""
    left: dict[str, float] = {}
    for number, node in enumerate(cluster.nodes, start=1):
        workers: dict[float, tuple[float, float]] = {}
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at and (
            len(workers) < node.workers or any(any(gauges) for gauges in workers.values())
        ):
            # A connection of its own each time: which worker takes it is up to the system.
            async with httpx.AsyncClient(base_url=node.server.url, trust_env=False, timeout=10) as http:
                text = (await http.get("/metrics")).text
            worker = _gauge(text, "process_start_time_seconds")
            workers[worker] = (_gauge(text, "roomful_sockets"), _gauge(text, "roomful_subscriptions"))
        for sockets, subscriptions in workers.values():
            left[f"roomful_sockets of node {number}"] = left.get(f"roomful_sockets of node {number}", 0) + sockets
            name = f"roomful_subscriptions of node {number}"
            left[name] = left.get(name, 0) + subscriptions
    return left


def _gauge(text: str, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    assert found is not None, f"/metrics does not have {name}"
    return float(found.group(1))
