"""The load client: many subscribers and one publisher, in a process that costs far less than the servers."""

import subprocess
import tempfile
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from bench.machine import CLIENT_CORE, pin


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """The result of one command. CPU seconds are the server's, as the operating system counts them."""

    seconds: float
    messages: int
    deliveries: int
    user_seconds: float
    system_seconds: float
    client_seconds: float
    p50_ms: float
    p99_ms: float
    slowest_ms: float
    bursts_ms: tuple[float, ...]

    @property
    def cpu_microseconds(self) -> float:
        """The server's, for one delivery."""
        return (self.user_seconds + self.system_seconds) * 1e6 / self.deliveries

    @property
    def user_microseconds(self) -> float:
        return self.user_seconds * 1e6 / self.deliveries

    @property
    def per_second(self) -> float:
        return self.deliveries / self.seconds


def together(phases: Sequence[Phase]) -> Phase:
    """The sum of several phases of one kind, with the latencies of the last."""
    last = phases[-1]
    return replace(
        last,
        seconds=sum(phase.seconds for phase in phases),
        messages=sum(phase.messages for phase in phases),
        deliveries=sum(phase.deliveries for phase in phases),
        user_seconds=sum(phase.user_seconds for phase in phases),
        system_seconds=sum(phase.system_seconds for phase in phases),
        client_seconds=sum(phase.client_seconds for phase in phases),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The messages to publish, written one after the other to a connection to this port.

    With a `path`, it is a WebSocket there. The first message of each channel has the offset `first`.
    """

    port: int
    frames: Iterable[bytes]
    path: str | None = None
    first: int = 1
    channels: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How subscribers connect, by these lines in turn: path, tab, first message.

    A subscriber is ready when it has received a message that contains `ready`. `heartbeat` is a message and its answer.
    """

    port: int
    lines: Sequence[str]
    ready: str | None = None
    heartbeat: tuple[str, str] | None = None
    header: str | None = None


class Failed(Exception):
    """A message was lost, doubled or out of order, or the server refused something."""


class Audience:
    """A running load client (native/audience.c has the commands). Blocks its caller."""

    def __init__(
        self,
        program: Path,
        opening: Opening,
        source: Source | None,
        *,
        subscribers: int,
        server_pids: Sequence[int],
        niceness: int = 0,
    ) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="roomful-bench-audience-")
        options = ["--port", str(opening.port), "--subscribers", str(subscribers)]
        options += ["--openings", self._write("openings", "".join(f"{line}\n" for line in opening.lines).encode())]
        if opening.ready is not None:
            options += ["--ready", opening.ready]
        if opening.heartbeat is not None:
            options += ["--heartbeat", opening.heartbeat[0], "--heartbeat-answer", opening.heartbeat[1]]
        if opening.header is not None:
            options += ["--header", opening.header]
        if source is not None:
            options += self._publishing(source)
        for process_id in server_pids:
            options += ["--server", str(process_id)]
        command = [str(program), *options]
        if niceness:
            command = ["nice", "-n", str(niceness), *command]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        pin(self._process.pid, CLIENT_CORE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._directory.cleanup()

    def open(self) -> Phase:
        return self._do("open")

    def closed(self, in_flight: int, seconds: float) -> Phase:
        """Publish the next message when one has reached all subscribers."""
        return self._do(f"closed {in_flight} {seconds}")

    def paced(self, per_second: float, seconds: float) -> Phase:
        self.begin_paced(per_second, seconds)
        return self.finish()

    def begin_paced(self, per_second: float, seconds: float) -> None:
        self._say(f"paced {per_second} {seconds}")

    def finish(self) -> Phase:
        """Wait for the phase that was begun. Raises Failed."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line or b'"error"' in line:
            raise Failed(line.decode(errors="replace").strip() or "the load client ended without a word")
        return msgspec.json.decode(line, type=Phase)

    def burst(self, count: int, rounds: int) -> Phase:
        return self._do(f"burst {count} {rounds}")

    def idle(self, seconds: float) -> Phase:
        return self._do(f"idle {seconds}")

    def _do(self, command: str) -> Phase:
        self._say(command)
        return self.finish()

    def _say(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")
        self._process.stdin.flush()

    def _publishing(self, source: Source) -> list[str]:
        sizes = array("I")
        path = Path(self._directory.name) / "messages"
        with path.open("wb") as file:
            for frame in source.frames:
                sizes.append(len(frame))
                file.write(frame)
        options = ["--publish-port", str(source.port), "--first", str(source.first), "--channels", str(source.channels)]
        if source.path is not None:
            head = f"GET {source.path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            head += "Sec-WebSocket-Key: cm9vbWZ1bC1iZW5jaC1rZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            options += ["--greeting", self._write("greeting", head.encode())]
        return [*options, "--message-sizes", self._write("sizes", sizes.tobytes()), "--messages", str(path)]

    def _write(self, name: str, content: bytes) -> str:
        path = Path(self._directory.name) / name
        path.write_bytes(content)
        return str(path)
