"""A real PgBouncer before a PostgreSQL of the tests."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.postgresql import PostgreSQL
from tests.support.processes import dies_with_parent, ended_by, wait_until

PORT = 6432  # part of the socket's name: it listens on no network


class PgBouncer:
    """A pooler in transaction mode on a Unix socket in its own directory."""

    def __init__(self, program: str, directory: Path, server: PostgreSQL) -> None:
        self._program = program
        self._directory = directory
        self._server = server
        self._process = ExitStack()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._directory}&port={PORT}"

    def start(self) -> None:
        socket = self._directory / f".s.PGSQL.{PORT}"
        log = self._process.enter_context((self._directory / "log").open("ab"))
        process = subprocess.Popen(
            [self._program, str(self._directory / "pgbouncer.ini")],
            stdout=log,
            stderr=log,
            preexec_fn=dies_with_parent(),
            **self._server.account,
        )
        self._process.enter_context(ended_by(process, signal.SIGTERM))
        wait_until(lambda: socket.exists() or process.poll() is not None, seconds=10, what="PgBouncer listens")
        assert process.poll() is None, (self._directory / "log").read_text()

    def stop(self) -> None:
        self._process.close()


@contextmanager
def run_pgbouncer(server: PostgreSQL, **settings: str) -> Iterator[PgBouncer]:
    """Start a pooler in a directory of its own; both are gone afterwards. Settings: those of `pgbouncer.ini`.

    Raises ImportError where it is not installed.
    """
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        raise ImportError("pgbouncer is not installed (Debian's package of this name)")
    with tempfile.TemporaryDirectory(prefix="roomful-pgbouncer-") as name:
        directory = Path(name)
        settings = {
            "unix_socket_dir": name,
            "listen_port": str(PORT),
            "pool_mode": "transaction",
            "auth_type": "any",
            "max_client_conn": "200",
            "default_pool_size": "5",  # fewer than clients, so that their transactions change connections
            **settings,
        }
        lines = [f"{key} = {value}" for key, value in settings.items()]
        (directory / "pgbouncer.ini").write_text(
            "\n".join(["[databases]", f"* = host={server.directory} user=postgres", "[pgbouncer]", *lines, ""])
        )
        if "user" in server.account:
            shutil.chown(directory, server.account["user"], server.account["group"])
        pooler = PgBouncer(program, directory, server)
        pooler.start()
        try:
            yield pooler
        finally:
            pooler.stop()
