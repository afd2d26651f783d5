"""The services of a benchmark: a database, Roomful on one core, the bare route."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine import CLIENT_CORE, SERVER_CORE, pin
from tests.support.api import Person
from tests.support.postgresql import run_postgresql
from tests.support.processes import dies_with_parent, ended_by, free_port, wait_until
from tests.support.server import ROOMFUL, Server, roomful_environment
from tests.support.valkey import run_valkey

SETTINGS = {
    "ROOMFUL_SECRET_KEY": "a-key-that-only-the-benchmarks-sign-with",
    "ROOMFUL_LOG_LEVEL": "warning",
    "ROOMFUL_RATE_LIMIT_WRITES": "0",
    "ROOMFUL_RATE_LIMIT_READS": "0",
    "ROOMFUL_RATE_LIMIT_COMMANDS": "0",
    "ROOMFUL_RATE_LIMIT_SIGN_IN": "0",
    "ROOMFUL_MAX_UNAUTHENTICATED_PER_ADDRESS": "0",
    "ROOMFUL_RATE_LIMIT_REGISTRATION": "0",
    "ROOMFUL_MAX_CONNECTIONS_PER_USER": "0",
    "ROOMFUL_MAX_PROJECTS_PER_USER": "0",
    "ROOMFUL_MAX_MEMBERSHIPS_PER_USER": "0",
    "ROOMFUL_MAX_MEMBERS_PER_PROJECT": "0",
    "ROOMFUL_MAX_TASKS_PER_PROJECT": "0",
    "ROOMFUL_MAX_DOCUMENTS_PER_PROJECT": "0",
    "ROOMFUL_ACCESS_TOKEN_TTL": "86400",
}

START_SECONDS = 600
"""A program starts with 5 s of CPU, more than two minutes by the clock where others have the machine to themselves."""

# A commit waits for the disk, as it would for an operator; the tests' PostgreSQL does not.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}


@dataclass(frozen=True, slots=True)
class Ground:
    """A database with its name for the tables, and a working directory; for several nodes, a Redis."""

    name: str
    database_url: str
    directory: Path
    redis_url: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        redis = {"ROOMFUL_REDIS_URL": self.redis_url} if self.redis_url else {}
        return {**SETTINGS, "ROOMFUL_DATABASE_URL": self.database_url, **redis}


@contextmanager
def sqlite() -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(prefix="roomful-bench-") as directory:
        yield Ground("SQLite", f"sqlite:///{directory}/roomful.db", Path(directory))


@contextmanager
def postgresql() -> Iterator[Ground]:
    """PostgreSQL shares the client's core, so that the server has its own."""
    with tempfile.TemporaryDirectory(prefix="roomful-bench-") as directory, run_postgresql(**DURABLE) as server:
        pin(server.pid, CLIENT_CORE)
        yield Ground("PostgreSQL", server.url(server.create_database()), Path(directory))


@contextmanager
def shared() -> Iterator[Ground]:
    """For several nodes. Nothing is pinned: nodes and clients share all cores."""
    with (
        tempfile.TemporaryDirectory(prefix="roomful-bench-") as directory,
        run_postgresql(**DURABLE) as server,
        run_valkey() as valkey,
    ):
        yield Ground("PostgreSQL", server.url(server.create_database()), Path(directory), valkey.url)


@asynccontextmanager
async def roomful(
    ground: Ground,
    settings: Mapping[str, str] | None = None,
    *,
    arguments: Sequence[str] = (),
    program: Sequence[str] = ROOMFUL,
) -> AsyncIterator[Server]:
    environment = {**ground.environment, **(settings or {})}
    async with Server(
        ground.directory, environment, arguments=arguments, program=program, start_seconds=START_SECONDS
    ) as server:
        pin(server.pid, SERVER_CORE)
        pin(os.getpid(), CLIENT_CORE)
        yield server


@dataclass(frozen=True, slots=True)
class Process:
    """A server under test."""

    pid: int
    port: int


@contextmanager
def bare(ground: Ground) -> Iterator[Process]:
    """The bare route on a database that Roomful has migrated."""
    with _started("bench.bare", ground) as process:
        pin(process.pid, SERVER_CORE)
        yield process


@contextmanager
def event_maker(ground: Ground) -> Iterator[Process]:
    """A Roomful node that makes events on request."""
    with _started("bench.event_maker", ground) as process:
        yield process


@contextmanager
def _started(module: str, ground: Ground) -> Iterator[Process]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", module, str(port)],
        env=roomful_environment(ground.environment),
        preexec_fn=dies_with_parent(),
    )
    with ended_by(process, signal.SIGTERM):
        wait_until(lambda: listens(port), seconds=START_SECONDS, what=f"{module} listens")
        yield Process(process.pid, port)


def listens(port: int) -> bool:
    """Whether a server on this machine listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def signed_in(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}
