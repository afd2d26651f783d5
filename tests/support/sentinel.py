"""A master, its replica and a Sentinel that promotes it."""

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.support.processes import dies_with_parent, ended_by, free_port, wait_until
from tests.support.valkey import Valkey, installed_program, run_valkey

SERVICE = "roomful"

_CONFIGURATION = """
port {port}
bind 127.0.0.1
dir {directory}
loglevel warning
sentinel monitor {service} 127.0.0.1 {master_port} 1
sentinel down-after-milliseconds {service} 500
sentinel failover-timeout {service} 3000
"""


@dataclass(frozen=True, slots=True)
class Watched:
    master: Valkey
    replica: Valkey
    url: str


@contextmanager
def run_watched_pair() -> Iterator[Watched]:
    """Raises ImportError as `run_valkey`."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="roomful-sentinel-")))
        master, replica = stack.enter_context(run_valkey()), stack.enter_context(run_valkey())
        with master.client() as client:
            client.config_set("repl-diskless-sync-delay", 0)
        with replica.client() as client:
            client.replicaof("127.0.0.1", str(master.port))
        wait_until(lambda: _has_replica(master), seconds=10, what="the replica is level")
        port = free_port()
        stack.enter_context(_run_sentinel(directory, port, master.port))
        yield Watched(master, replica, f"redis+sentinel://127.0.0.1:{port}/{SERVICE}")


@contextmanager
def _run_sentinel(directory: Path, port: int, master_port: int) -> Iterator[None]:
    configuration = directory / "sentinel.conf"
    configuration.write_text(
        _CONFIGURATION.format(port=port, directory=directory, service=SERVICE, master_port=master_port)
    )
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(
            [installed_program(), configuration, "--sentinel"], stdout=log, stderr=log, preexec_fn=dies_with_parent()
        )
    with ended_by(process, signal.SIGTERM):
        wait_until(lambda: _knows_replica(port), seconds=20, what="Sentinel knows the replica")
        yield


def _has_replica(master: Valkey) -> bool:
    with master.client() as client:
        return "online" in str(client.info("replication").get("slave0"))


def _knows_replica(port: int) -> bool:
    client = redis.Redis(port=port, socket_timeout=5)
    try:
        return bool(client.execute_command("SENTINEL", "REPLICAS", SERVICE))  # type: ignore[no-untyped-call,unused-ignore]
    except redis.ConnectionError:
        return False
    finally:
        client.close()
