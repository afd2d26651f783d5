"""A real server process."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.support.api import Api
from tests.support.processes import dies_with_parent, free_port

ROOT = Path(__file__).parents[2]
SOURCES = (str(ROOT / "server"), str(ROOT / "client_demo"), str(ROOT))
ROOMFUL = (sys.executable, "-m", "roomful", "serve", "--port", "{port}")
START_SECONDS = 120
STOP_SECONDS = 15
COMMAND_SECONDS = 120


def roomful_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of a `roomful` process: without the developer's settings, and with this checkout's code."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("ROOMFUL_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(SOURCES), "PYTHONUNBUFFERED": "1", **variables}


class Server:
    """`python -m roomful serve` on a port of its own, ready when the block is entered and gone when it is left.

    Leaving the block fails when the log has a traceback, unless `may_log_tracebacks` has been set. Everything that it
    says is in `log`. Another ASGI server is started by a `program`, in whose arguments `{port}` stands for the port.
    With `uds` it listens on a Unix socket at that path instead.
    """

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str],
        *,
        arguments: Sequence[str] = (),
        program: Sequence[str] = ROOMFUL,
        port: int | None = None,
        uds: Path | None = None,
        start_seconds: float = START_SECONDS,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket_url = f"ws://127.0.0.1:{self.port}"
        self.may_log_tracebacks = False
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._directory = directory
        self.environment = dict(environment)
        if uds is not None:
            program = (sys.executable, "-m", "roomful", "serve", "--uds", str(uds))
        self._command = [*(part.format(port=self.port) for part in program), *arguments]
        self._log_path = directory / f"server-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None
        transport = None if uds is None else httpx.AsyncHTTPTransport(uds=str(uds))
        self._http = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=10, transport=transport)
        self.api = Api(self._http)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.terminate()
        finally:
            await self._http.aclose()
        if not self.may_log_tracebacks:
            assert "Traceback" not in self.log, self.log

    @property
    def log(self) -> str:
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    @property
    def complaints(self) -> list[str]:
        """The lines of its log, except those on slow requests, which a busy machine causes."""
        return [line for line in self.log.splitlines() if "slow request" not in line]

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start the process; returns when it is ready. Raises AssertionError with its log when it gives up."""
        self._process = self._spawn()
        await self.wait_until_ready()

    async def wait_until_ready(self) -> None:
        """Wait until `/readyz` answers 200."""
        deadline = time.monotonic() + self._start_seconds
        while not await self.is_ready():
            assert self.is_running, f"the server gave up:\n{self.log}"
            assert time.monotonic() < deadline, f"not ready within {self._start_seconds} s:\n{self.log}"
            await asyncio.sleep(0.02)

    async def is_ready(self) -> bool:
        try:
            return (await self._http.get("/readyz", timeout=5)).status_code == 200
        except httpx.TransportError:
            return False

    async def kill(self) -> None:
        """End it with SIGKILL."""
        await self.end(signal.SIGKILL)

    async def terminate(self) -> int | None:
        """SIGTERM, as a service manager stops it; the exit code. None when it was not running."""
        return await self.end(signal.SIGTERM)

    async def restart(self) -> None:
        await self.terminate()
        await self.start()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        with self._log_path.open("ab") as log:
            return subprocess.Popen(
                self._command,
                cwd=self._directory,
                env=roomful_environment(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=dies_with_parent(),
            )

    async def end(self, number: signal.Signals) -> int | None:
        """Send a signal that ends the process; its exit code. None when it was not running."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return None if process is None else process.returncode
        process.send_signal(number)
        deadline = time.monotonic() + self._stop_seconds
        while process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise AssertionError(f"still running {self._stop_seconds} s after {number.name}:\n{self.log}")
            await asyncio.sleep(0.01)  # the test's clients must see their sockets close meanwhile
        return process.returncode


@dataclass(frozen=True, slots=True)
class Outcome:
    """A command's exit code and output."""

    exit_code: int
    output: str
    errors: str


async def run_command(
    arguments: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    *,
    module: str = "roomful",
    stdin: str = "",
) -> Outcome:
    """Run `python -m roomful …` in a directory to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        cwd=directory,
        env=roomful_environment(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=dies_with_parent(),
    )
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            output, errors = await process.communicate(stdin.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Outcome(process.returncode, output.decode(), errors.decode())
