"""Child processes of the tests."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def dies_with_parent(deadly: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn` after which the child gets this signal when the test run is killed, however it is killed.

    It hears Ctrl-C as well, which it would not where the run itself was put into the background.
    """

    def ask_kernel() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(deadly))

    return ask_kernel


def free_port() -> int:
    """A TCP port on the loopback that stays free until a server takes it, and while that is started again.

    None that the system gives to whoever asks for any port, and none of another worker of the test run.
    """
    for port in _ports:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise RuntimeError("no port is free")


def _ports_of_worker() -> Iterator[int]:
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = [*range(11_000, 31_000)][number % 16 :: 16]
    first = random.randrange(len(ports))  # other runs on this machine
    return cycle(ports[first:] + ports[:first])


_ports = _ports_of_worker()


def wait_until(is_done: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll until the condition holds. Blocks the thread: for fixtures and process control, not for coroutines."""
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Whether a process accepts connections. Raises AssertionError if it has ended."""
    assert process.poll() is None, f"the process ended with {process.returncode} before it listened"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def ended_by(process: subprocess.Popen[bytes], ending: signal.Signals, *, seconds: float = 10) -> Iterator[None]:
    """End the process with this signal when the block is left, and by SIGKILL if it takes too long."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.send_signal(ending)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
