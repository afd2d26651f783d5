"""Servers of shared documents: Roomful, and its peers from npm."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.contenders import PEERS, NotInstalled
from bench.document_clients import Address, Wire
from bench.grounds import Ground, listens, roomful
from bench.machine import SERVER_CORE, cpu_seconds, pin
from tests.support.api import Person, Project
from tests.support.processes import dies_with_parent, ended_by, free_port, wait_until
from tests.support.server import ROOMFUL, ROOT, Server

HOCUSPOCUS = "@hocuspocus/server 4.7, SQLite"
Y_WEBSOCKET_SERVER = "@y/websocket-server 0.1.5, memory only"
OURS: dict[Wire, str] = {"y-websocket": "Roomful, y-websocket", "hocuspocus": "Roomful, Hocuspocus"}
INSTALL_SECONDS = 600


@dataclass(frozen=True, slots=True)
class DocumentServer:
    """A server under test. `address(document)` is where clients find a document of that name."""

    name: str
    pid: int
    address: Callable[[str], Address]
    file: Path | None = None
    """Of a peer's database."""

    @property
    def resident_kib(self) -> float:
        return float(psutil.Process(self.pid).memory_info().rss) / 1024

    @property
    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)


@dataclass(slots=True)
class Roomful:
    """One Roomful process, and its documents."""

    server: Server
    person: Person
    project: Project

    def serving(self, wire: Wire) -> DocumentServer:
        return DocumentServer(OURS[wire], self.server.pid, lambda document: self.address(document, wire))

    def address(self, document: str, wire: Wire) -> Address:
        token = self.person.token
        if wire == "hocuspocus":
            return Address(self.server.port, "/hocuspocus", wire, document, token)
        return Address(self.server.port, f"/yjs/{document}?stored=1&token={token}", wire)

    async def documents(self, count: int) -> list[str]:
        """Make so many; their ids."""
        made = [
            await self.person.post(f"{self.project.path}/documents", {"title": f"Notes {number}"})
            for number in range(count)
        ]
        return [each["id"] for each in made]


@asynccontextmanager
async def our_server(ground: Ground, *, program: Sequence[str] = ROOMFUL) -> AsyncIterator[Roomful]:
    async with roomful(ground, program=program) as server:
        person = await server.api.register("ada")
        yield Roomful(server, person, await person.create_project("Documents"))


@contextmanager
def hocuspocus() -> Iterator[DocumentServer]:
    """Raises NotInstalled."""
    folder = _installed("hocuspocus", builds="better-sqlite3")
    with tempfile.TemporaryDirectory(prefix="roomful-bench-") as directory:
        file = Path(directory) / "documents.db"
        with _serving([str(folder / "server.mjs"), str(file)]) as (process_id, port):
            yield DocumentServer(HOCUSPOCUS, process_id, lambda name: Address(port, "/", "hocuspocus", name), file)


@contextmanager
def y_websocket_server() -> Iterator[DocumentServer]:
    """Raises NotInstalled."""
    folder = _installed("y_websocket_server")
    with _serving([str(folder / "server.mjs")]) as (process_id, port):
        yield DocumentServer(Y_WEBSOCKET_SERVER, process_id, lambda name: Address(port, f"/{name}", "y-websocket"))


def _installed(name: str, *, builds: str = "") -> Path:
    """The folder of a peer with its packages. One that has to be compiled is, once."""
    folder = PEERS / name
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalled(f"Node.js (for {name})")
    lock, stamp = (folder / "package-lock.json").read_text(), folder / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text() == lock:
        return folder
    quiet = ["--loglevel", "error", "--no-audit", "--no-fund"]
    commands = [[npm, "ci", *quiet, "--legacy-peer-deps", "--ignore-scripts"]]
    if builds:
        commands.append([npm, "rebuild", builds, *quiet])
    for command in commands:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        if done.returncode:
            raise NotInstalled(f"{name}: {done.stderr.strip().splitlines()[-1] if done.stderr else command[1]}")
    stamp.write_text(lock)
    return folder


@contextmanager
def _serving(arguments: Sequence[str]) -> Iterator[tuple[int, int]]:
    node, port = shutil.which("node"), free_port()
    assert node is not None, "npm is here"
    process = subprocess.Popen([node, *arguments, str(port)], cwd=ROOT, preexec_fn=dies_with_parent())
    with ended_by(process, signal.SIGKILL):
        wait_until(lambda: listens(port), seconds=30, what=f"{arguments[0]} listens")
        pin(process.pid, SERVER_CORE)
        yield process.pid, port
