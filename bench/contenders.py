"""Servers that send a message to many subscribers: Roomful, its peers, and the least that it can cost."""

import importlib.util
import itertools
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.audience import Opening, Source
from bench.grounds import Ground, listens, roomful, sqlite
from bench.machine import CLIENT_CORE, SERVER_CORE, pin, prefer
from bench.native import Programs
from bench.seed import EPOCH, KEY, Seeded, seed
from roomful.channels import project_channel
from roomful.link.redis_server import packed
from roomful.link.starts import Starts
from roomful.realtime.publication import Publication
from tests.support.brokers import ChannelFrames
from tests.support.processes import dies_with_parent, ended_by, free_port, wait_until
from tests.support.server import ROOT, roomful_environment
from tests.support.valkey import run_valkey

EVENT_BYTES = 200
LARGE_EVENT_BYTES = 2048
SERVE = (sys.executable, "-m", "bench.serve", "serve", "--port", "{port}")
PEERS = Path(__file__).parent / "peers"
DEFLATE_OFFER = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"

Plan = Callable[[int], tuple[Opening, Source]]
"""How an audience connects, and this many messages for it. Each visit has its own channel, if the server has any."""


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    pids: Sequence[int]
    plan: Plan


# Roomful


@dataclass(frozen=True, slots=True)
class Installation:
    """A Roomful server with its Redis and the content of its database."""

    pids: Sequence[int]
    port: int
    redis_port: int
    seeded: Seeded
    start: bytes
    """The server's id in `node_start`, as another node would have read it."""

    def json(self, messages: int) -> tuple[Opening, Source]:
        return self.gathering(self.seeded.take(1), messages)

    def protobuf(self, messages: int) -> tuple[Opening, Source]:
        projects = self.seeded.take(1)
        subscribe = _field(1, project_channel(projects[0]).encode())
        commands = b"".join(map(_delimited, (b"\x08\x01" + _field(4, b""), b"\x08\x02" + _field(5, subscribe))))
        line = f"/connection/websocket?format=protobuf&token={self.seeded.tokens[0]}\thex:{commands.hex()}"
        # The reply to the second command: its id, then its field `subscribe`.
        opening = Opening(port=self.port, lines=[line], ready="hex:080232", heartbeat=("hex:00", "hex:00"))
        return opening, self.source(projects, messages)

    def plain(self, messages: int) -> tuple[Opening, Source]:
        """The plain socket: events as they are in the log."""
        (project,) = self.seeded.take(1)
        lines = [f"/ws/projects/{project}?token={self.seeded.tokens[0]}"]
        return Opening(port=self.port, lines=lines), self.source([project], messages)

    def large(self, messages: int) -> tuple[Opening, Source]:
        return self.gathering(self.seeded.take(1), messages, event_bytes=LARGE_EVENT_BYTES)

    def deflated(self, messages: int) -> tuple[Opening, Source]:
        return self.gathering(self.seeded.take(1), messages, event_bytes=LARGE_EVENT_BYTES, header=DEFLATE_OFFER)

    def gathering(
        self, projects: Sequence[str], messages: int, *, event_bytes: int = EVENT_BYTES, header: str | None = None
    ) -> tuple[Opening, Source]:
        """The Centrifuge protocol: one person's subscribers, to the projects in turn."""
        lines = [centrifuge_line(self.seeded.tokens[0], project) for project in projects]
        opening = Opening(port=self.port, lines=lines, ready='"id":2', heartbeat=("{}", "{}"), header=header)
        return opening, self.source(projects, messages, event_bytes=event_bytes)

    def source(self, projects: Sequence[str], messages: int, *, event_bytes: int = EVENT_BYTES) -> Source:
        """Events through the broker, sealed as another node would send them."""
        starts = Starts(None)
        starts.newest = self.start
        # Each frame is a second younger than the one before, so that none is too old when it is sent.
        clock = itertools.count(0, 1_000_000).__next__
        frames = ChannelFrames(key=KEY.encode(), names=self.seeded.names, starts=starts, clock=clock)
        channels = [project_channel(project) for project in projects]

        def published() -> Iterator[bytes]:
            for number in range(messages):
                channel, offset = channels[number % len(channels)], number // len(channels) + 1
                event = Publication(channel, event_body(offset, event_bytes), offset, EPOCH, "task.updated")
                yield packed(b"PUBLISH", frames.name_of(channel), frames.encode(event))

        return Source(port=self.redis_port, frames=published(), channels=len(channels))


def centrifuge_line(token: str, project: str, *, join_leave: bool = False) -> str:
    """Connect and subscribe in one message, as SDKs do; 0x1E stands for the line break between the commands."""
    connect = f'{{"id":1,"connect":{{"token":"{token}"}}}}'
    joins = ',"join_leave":true' if join_leave else ""
    return (
        f'/connection/websocket\t{connect}\x1e{{"id":2,"subscribe":{{"channel":"{project_channel(project)}"{joins}}}}}'
    )


def _field(number: int, content: bytes) -> bytes:
    """A field of a protobuf message, of fewer than 128 bytes."""
    return bytes((number << 3 | 2,)) + _delimited(content)


def _delimited(content: bytes) -> bytes:
    return len(content).to_bytes(1) + content


@asynccontextmanager
async def installation(
    *, people: int = 1, shared: int = 0, projects: int = 2_000, workers: int = 1
) -> AsyncIterator[Installation]:
    """A Roomful server on its core, as `roomful serve` starts it, on SQLite; Redis shares the client's."""
    async with AsyncExitStack() as stack:
        ground = stack.enter_context(sqlite())
        broker = stack.enter_context(run_valkey())
        with broker.client() as client:
            broker_pid = int(client.info()["process_id"])
        pin(broker_pid, CLIENT_CORE)
        prefer(broker_pid)  # otherwise it waits while the load client reads
        seeded = await seed(ground, people=people, shared=shared, projects=projects)
        settings = {"ROOMFUL_REDIS_URL": broker.url, "ROOMFUL_DEFLATE": "true"}
        arguments = [] if workers == 1 else ["--workers", str(workers)]
        server = await stack.enter_async_context(roomful(ground, settings, arguments=arguments, program=SERVE))
        pids = [server.pid]
        if workers > 1:
            pids = [process.pid for process in psutil.Process(server.pid).children(recursive=True)]
            for process_id in pids:
                pin(process_id, SERVER_CORE)
        yield Installation(pids, server.port, broker.port, seeded, _newest_start(ground))


def _newest_start(ground: Ground) -> bytes:
    with closing(sqlite3.connect(ground.directory / "roomful.db")) as database:
        [(start,)] = database.execute("SELECT id FROM node_start ORDER BY number DESC LIMIT 1")
    assert isinstance(start, bytes)
    return start


# The others


def _peer_plan(port: int, line: str, *, ready: str | None = None, heartbeat: tuple[str, str] | None = None) -> Plan:
    def plan(messages: int) -> tuple[Opening, Source]:
        frames = (_client_frame(event_body(number + 1, EVENT_BYTES)) for number in range(messages))
        opening = Opening(port=port, lines=[line], ready=ready, heartbeat=heartbeat)
        return opening, Source(port=port, frames=frames, path="/pub")

    return plan


@contextmanager
def floor(programs: Programs) -> Iterator[Contender]:
    with _serving([str(programs.floor)]) as (process_id, port):
        yield Contender("send() alone, in C", [process_id], _peer_plan(port, "/ws"))


@contextmanager
def naive(token: str) -> Iterator[Contender]:
    """Checks `token`, with the key of the suite."""
    with _serving([sys.executable, "-m", "bench.peers.naive"]) as (process_id, port):
        yield Contender("FastAPI, usual connection manager", [process_id], _peer_plan(port, f"/ws?token={token}"))


@contextmanager
def accepting() -> Iterator[Contender]:
    """Not a peer: it sends nothing."""
    with _serving([sys.executable, "-m", "bench.peers.accepting"]) as (process_id, port):
        yield Contender("uvicorn, accepting alone", [process_id], _peer_plan(port, "/ws"))


@contextmanager
def broadcast(_token: str) -> Iterator[Contender]:
    with _serving([sys.executable, "-m", "bench.peers.broadcast"]) as (process_id, port):
        yield Contender("websockets, broadcast()", [process_id], _peer_plan(port, "/ws"))


@contextmanager
def python_socketio(_token: str) -> Iterator[Contender]:
    if importlib.util.find_spec("socketio") is None:
        raise NotInstalled("python-socketio")
    with _serving([sys.executable, "-m", "bench.peers.python_socketio"]) as (process_id, port):
        yield Contender("python-socketio", [process_id], _socketio_plan(port))


@contextmanager
def node_ws(_token: str) -> Iterator[Contender]:
    with _node("ws.mjs") as (process_id, port):
        yield Contender("Node.js, ws", [process_id], _peer_plan(port, "/ws"))


@contextmanager
def node_socketio(_token: str) -> Iterator[Contender]:
    with _node("socketio.mjs") as (process_id, port):
        yield Contender("Node.js, Socket.IO", [process_id], _socketio_plan(port))


@contextmanager
def nchan(_token: str) -> Iterator[Contender]:
    """nginx with one worker process."""
    nginx, module = shutil.which("nginx"), Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
    if nginx is None or not module.exists():
        raise NotInstalled("nginx with the module nchan")
    with tempfile.TemporaryDirectory(prefix="roomful-bench-nchan-") as directory:
        port = free_port()
        config = Path(directory) / "nginx.conf"
        config.write_text(_NGINX.format(module=module, directory=directory, port=port))
        with _process([nginx, "-c", str(config), "-p", directory], port) as process_id:
            workers = [process.pid for process in psutil.Process(process_id).children()]
            for worker in workers:
                pin(worker, SERVER_CORE)
            yield Contender("nginx, nchan", [process_id, *workers], _peer_plan(port, "/ws"))


ALL_PEERS = (nchan, node_ws, node_socketio, broadcast, naive, python_socketio)


class NotInstalled(Exception):
    """A peer that is not installed here; the message is its name."""


def _socketio_plan(port: int) -> Plan:
    line = "/socket.io/?EIO=4&transport=websocket\t40"
    return _peer_plan(port, line, ready="40{", heartbeat=("2", "3"))


@contextmanager
def _node(script: str) -> Iterator[tuple[int, int]]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NotInstalled(f"Node.js (for {script})")
    with tempfile.TemporaryDirectory(prefix="roomful-bench-node-") as name:
        directory = Path(name)
        for file in ("package.json", "package-lock.json", script):
            shutil.copy(PEERS / file, directory)
        install = [npm, "ci", "--loglevel", "error", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(install, cwd=directory, check=True, stdout=subprocess.DEVNULL)
        with _serving([node, str(directory / script)]) as serving:
            yield serving


@contextmanager
def _serving(command: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Run a program that takes its port as the last argument."""
    port = free_port()
    with _process([*command, str(port)], port) as process_id:
        yield process_id, port


@contextmanager
def _process(command: Sequence[str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command, cwd=ROOT, env=roomful_environment({}), preexec_fn=dies_with_parent())
    with ended_by(process, signal.SIGKILL):
        wait_until(lambda: listens(port), seconds=30, what=f"{command[0]} listens")
        pin(process.pid, SERVER_CORE)
        yield process.pid


def event_body(offset: int, size_bytes: int) -> bytes:
    """An event as it is in the log, of exactly this size."""
    body = (
        b'{"id":"019a2b7e-5d1c-7c3e-9f00-0123456789ab","type":"task.updated",'
        b'"project_id":"019a2b7e-0000-7c3e-9f00-ba9876543210","offset":%d,"data":{"title":"' % offset
    )
    return body.ljust(size_bytes - 3, b"x") + b'"}}'


def _client_frame(payload: bytes) -> bytes:
    """A text frame from a client: masked (RFC 6455, 5.3), and with zeros a mask changes nothing."""
    return b"\x81" + (0x80 | 126).to_bytes(1) + len(payload).to_bytes(2) + bytes(4) + payload


_NGINX = """\
load_module {module};
daemon off; worker_processes 1; worker_rlimit_nofile 20000;
pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 19000; }}
http {{
  access_log off;
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location = /ws {{ nchan_subscriber websocket; nchan_channel_id all; nchan_subscriber_first_message newest; }}
    location = /pub {{ nchan_publisher websocket; nchan_channel_id all; nchan_message_buffer_length 512; }}
  }}
}}
"""


@contextmanager
def everybody(programs: Programs, token: str) -> Iterator[tuple[list[Contender], list[str]]]:
    """The floor and all installed peers, running, and the names of the missing ones."""
    with ExitStack() as stack:
        found, missing = [stack.enter_context(floor(programs))], []
        for peer in ALL_PEERS:
            try:
                found.append(stack.enter_context(peer(token)))
            except NotInstalled as absent:
                missing.append(str(absent))
        yield found, missing
