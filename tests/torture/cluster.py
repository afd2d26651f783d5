"""The servers under test: two nodes of two workers on PostgreSQL and Valkey, or one process on SQLite."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx
import psutil

from tests.support.databases import PostgresqlDatabases, SqliteFiles
from tests.support.mail import Mailbox, running_mailbox
from tests.support.postgresql import PostgreSQL, run_postgresql
from tests.support.proxy import Network
from tests.support.server import Server
from tests.support.valkey import Valkey, run_valkey
from tests.torture.clock import Clock

Form = Literal["nodes", "sqlite"]

TIMEOUT_SECONDS = 120.0
"""For a node to start or stop: up to six processes do so at once, while the readers keep the machine busy."""

_SETTINGS = {
    "ROOMFUL_SECRET_KEY": "a-key-that-only-the-torture-signs-with",
    "ROOMFUL_ACCESS_TOKEN_TTL": "86400",
    "ROOMFUL_PING_INTERVAL": "2",
    "ROOMFUL_PONG_TIMEOUT": "6",
    "ROOMFUL_SHUTDOWN_GRACE": "2",
    # Small, so that slow readers overflow and long absences exceed one recovery.
    "ROOMFUL_SEND_BUFFER_BYTES": "16384",
    "ROOMFUL_RECOVERY_LIMIT": "60",
    "ROOMFUL_RATE_LIMIT_SIGN_IN": "0",
    "ROOMFUL_RATE_LIMIT_REGISTRATION": "0",
    "ROOMFUL_RATE_LIMIT_WRITES": "0",
    "ROOMFUL_RATE_LIMIT_READS": "0",
    "ROOMFUL_MAX_TASKS_PER_PROJECT": "0",
    "ROOMFUL_RATE_LIMIT_COMMANDS": "0",
    "ROOMFUL_MAIL_FROM": "Board <board@example.test>",
    "ROOMFUL_PUBLIC_URL": "https://board.example.test",
    "ROOMFUL_MAIL_DELAY": "1",
    "ROOMFUL_MAIL_TO_UNVERIFIED": "true",
}


class Node:
    """One `roomful serve` behind its own network, which all but the slow readers use."""

    def __init__(self, server: Server, network: Network, clock: Clock, *, workers: int) -> None:
        self.server = server
        self.network = network
        self.clock = clock
        self.workers = workers
        self.url = f"http://127.0.0.1:{network.port}"
        self.socket_url = f"ws://127.0.0.1:{network.port}"
        self.http = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=6)

    async def kill(self) -> None:
        """SIGKILL to the whole node, like a lost machine."""
        processes = psutil.Process(self.server.pid).children(recursive=True)
        await self.server.kill()
        for process in processes:
            _end(process)
        await asyncio.to_thread(psutil.wait_procs, processes, 5)

    def worker_pids(self) -> list[int]:
        """The serving processes: the workers, or the server itself."""
        if self.workers == 1:
            return [self.server.pid]
        children = psutil.Process(self.server.pid).children()
        return [child.pid for child in children if "spawn_main" in " ".join(child.cmdline())]

    async def heal(self) -> None:
        self.network.restore()
        self.clock.step(0)
        if not self.server.is_running:
            await self.server.start()
        await self.server.wait_until_ready()


@dataclass(frozen=True, slots=True)
class Cluster:
    form: Form
    nodes: list[Node]
    database_url: str
    postgresql: PostgreSQL | None = None
    valkey: Valkey | None = None
    mailbox: Mailbox = field(default_factory=Mailbox)

    async def heal(self) -> None:
        """Undo every fault; returns when all nodes are ready."""
        if self.valkey is not None:
            if self.valkey.is_running:
                self.valkey.resume()
            await asyncio.to_thread(self.valkey.start)
        for node in self.nodes:
            await node.heal()

    def tracebacks(self) -> list[str]:
        """The last line of each traceback in the nodes' logs, and the lines of our code that led there."""
        found = []
        for node in self.nodes:
            for part in node.server.log.split("Traceback (most recent call last)")[1:]:
                lines = part.splitlines()
                last = next((line for line in lines[1:] if line and not line.startswith(" ")), "cut off")
                ours = re.findall(r'/(roomful/\S+\.py)", line (\d+)', part.partition(last)[0])
                found.append(f"{last} ({' '.join(':'.join(place) for place in ours[-3:])})")
        return found


@asynccontextmanager
async def running_cluster(form: Form, directory: Path) -> AsyncIterator[Cluster]:
    """Start everything, and end it afterwards."""
    with ExitStack() as ground:
        mailbox = ground.enter_context(running_mailbox())
        settings = {**_SETTINGS, "ROOMFUL_SMTP_URL": mailbox.url}
        match form:
            case "sqlite":
                url = SqliteFiles(directory).create(directory / "roomful.db")
                cluster = Cluster("sqlite", [], url, mailbox=mailbox)
                environment = {**settings, "ROOMFUL_DATABASE_URL": url}
            case "nodes":
                postgresql = ground.enter_context(run_postgresql())
                valkey = ground.enter_context(run_valkey())
                url = ground.enter_context(PostgresqlDatabases(postgresql).create())
                cluster = Cluster("nodes", [], url, postgresql, valkey, mailbox)
                environment = {**settings, "ROOMFUL_DATABASE_URL": url, "ROOMFUL_REDIS_URL": valkey.url}
        async with AsyncExitStack() as stack:
            count, workers = (2, 2) if form == "nodes" else (1, 1)
            for number in range(count):
                arguments = ["--workers", str(workers)]
                clock = Clock(directory / f"clock-{number}")
                server = Server(
                    directory,
                    {**environment, **clock.environment},
                    arguments=arguments,
                    start_seconds=TIMEOUT_SECONDS,
                    stop_seconds=TIMEOUT_SECONDS,
                )
                server.may_log_tracebacks = True  # they are counted instead
                await stack.enter_async_context(_reaped(server))
                network = await stack.enter_async_context(Network(server.port))
                node = Node(server, network, clock, workers=workers)
                stack.push_async_callback(node.http.aclose)
                cluster.nodes.append(node)
            yield cluster


@asynccontextmanager
async def _reaped(server: Server) -> AsyncIterator[None]:
    """A running server that leaves no worker behind, however the test ends."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(server)
        try:
            yield
        finally:
            with _children_ended(server):
                await stack.aclose()


@contextmanager
def _children_ended(server: Server) -> Iterator[None]:
    processes = psutil.Process(server.pid).children(recursive=True) if server.is_running else []
    try:
        yield
    finally:
        for process in processes:
            _end(process)


def _end(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):  # it has ended by itself
        process.kill()
