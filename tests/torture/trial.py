"""A run: people write and read while things break; then all is undone and the record is judged."""

import asyncio
import logging
import random
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
from msgspec import Raw

from roomful.concurrency.task_scope import TaskScope
from tests.support.api import API, Person, Project
from tests.torture.cluster import Cluster, Form, Node, running_cluster
from tests.torture.desk import open_desk
from tests.torture.faults import Scene, torment
from tests.torture.history import History
from tests.torture.inbox import INBOX_KINDS, Inbox, InboxReader
from tests.torture.judge import Verdict, judge
from tests.torture.readers import KINDS, Kind, Reader
from tests.torture.rows import read_rows
from tests.torture.writers import Board, Writer

logger = logging.getLogger(__name__)

WRITERS = 3
GUEST_KINDS = (Kind("centrifuge", "steady"), Kind("plain", "steady"), Kind("event-source", "steady"))
"""The connections of the person who is removed at times."""
QUIESCE_SECONDS = 30.0
GAUGES = (
    "roomful_sockets",
    "roomful_subscriptions",
    "roomful_documents_connections",
    "roomful_documents_gathered_bytes",
)
"""All 0 when everybody has gone."""


@dataclass(frozen=True, slots=True)
class Trial:
    form: Form
    seconds: float
    seed: int
    history: History
    verdict: Verdict
    tracebacks: list[str] = field(default_factory=list)


async def run_trial(form: Form, *, seconds: float, seed: int, directory: Path) -> Trial:
    """The seed decides who does what and which faults come; the machine decides how they meet in time."""
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
    ida = await api.register("ida")
    await owner.add_member(project, ida)
    levelled = await ida.request("PUT", f"{project.path}/notifications", json={"level": "all"})
    assert levelled.status_code == 200, levelled.text
    board = Board(ida.id)
    writers = []
    for number in range(WRITERS):
        person = await api.register(f"writer{number}")
        await owner.add_member(project, person)
        writers.append(Writer(person, project, board, cluster, history.operations, rng(person.name)))
    readers = [Reader(kind, watcher, project, cluster, rng(f"reader {n}")) for n, kind in enumerate(KINDS)]
    readers += [Reader(kind, guest, project, cluster, rng(f"guest {n}")) for n, kind in enumerate(GUEST_KINDS)]
    history.trails = [reader.trail for reader in readers]
    followers = [InboxReader(kind, ida, project, cluster, rng(f"inbox {n}")) for n, kind in enumerate(INBOX_KINDS)]
    inbox = Inbox(cluster, ida.id, ida.email, cluster.mailbox, followers)
    editor = await api.register("tina")
    await owner.add_member(project, editor)
    desk = await open_desk(cluster, project, owner, editor=editor, guest=guest, viewer=watcher, rng=rng)
    history.manuscripts = [typist.manuscript for typist in desk.typists]
    scene = Scene(cluster, history, owner, guest, project, rng("faults"))

    async with TaskScope("readers") as task_scope:
        for reader in (*readers, *followers):
            task_scope.spawn(reader.run(late_seconds=seconds * 0.4))
        for typist in desk.typists:
            task_scope.spawn(typist.run())
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for writer in writers:
                group.create_task(writer.run(stop))
            for typist in desk.typists:
                group.create_task(typist.type(stop))
            logger.info("people write and read")
            await torment(scene, seconds)
            await cluster.heal()
            stop.set()
        logger.info("all faults undone")
        for reader in readers:
            reader.is_tired = False
        await _quiesce(cluster, history, readers, owner, project)
        history.late += await desk.settle(QUIESCE_SECONDS)
        history.late += await inbox.settle(QUIESCE_SECONDS)
        # Again, for the digests of what the typists brought meanwhile.
        history.level = await _quiesce(cluster, history, readers, owner, project)
    logger.info("everybody has left")
    for reader in readers:
        reader.trail.final = await reader.take_snapshot()
    history.log = await _read_log(cluster, owner, project)
    history.inbox = await inbox.record()
    rows = await read_rows(cluster.database_url, desk.document_id)
    history.rows, history.rows_are_whole = rows.folded(), rows.are_whole
    history.gauges = await _gauges(cluster)


async def _quiesce(cluster: Cluster, history: History, readers: list[Reader], owner: Person, project: Project) -> int:
    """Wait until every reader has caught up with the log, and return its head; records those that have not in time."""
    ends_at = time.monotonic() + QUIESCE_SECONDS
    head = -1
    while time.monotonic() < ends_at:
        # A write without an answer may be committed after its writer has given up.
        before, head = head, await _head(cluster, owner, project)
        if head == before and all(reader.offset >= head for reader in readers):
            return head
        await asyncio.sleep(0.5)
    history.late += [
        f"{reader.trail.name} is at {reader.offset} of {head}" for reader in readers if reader.offset < head
    ]
    return head


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
    try:
        response = await node.http.get(f"{API}{path}", headers=headers, timeout=20)
    except httpx.RemoteProtocolError:  # a connection that was kept from before the node's restart
        response = await node.http.get(f"{API}{path}", headers=headers, timeout=20)
    response.raise_for_status()
    return response


async def _gauges(cluster: Cluster, seconds: float = 5.0) -> dict[str, float]:
    """What every worker counts of its clients, once it is 0 or the time is over."""
    left: defaultdict[str, float] = defaultdict(float)
    for number, node in enumerate(cluster.nodes, start=1):
        workers: dict[float, tuple[float, ...]] = {}
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at and (
            len(workers) < node.workers or any(any(gauges) for gauges in workers.values())
        ):
            # A new connection each time: the system chooses the worker.
            async with httpx.AsyncClient(base_url=node.server.url, trust_env=False, timeout=10) as http:
                text = (await http.get("/metrics")).text
            workers[_gauge(text, "process_start_time_seconds")] = tuple(_gauge(text, name) for name in GAUGES)
        for gauges in workers.values():
            for name, value in zip(GAUGES, gauges, strict=True):
                left[f"{name} of node {number}"] += value
    return dict(left)


def _gauge(text: str, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    assert found is not None, f"/metrics does not have {name}"
    return float(found.group(1))
