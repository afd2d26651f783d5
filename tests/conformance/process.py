"""The conformance server as a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.processes import dies_with_parent, wait_until

ROOT = Path(__file__).parents[2]
START_SECONDS = 30


class DidNotStart(Exception):
    """It has ended before it answered."""


@contextmanager
def serving(port: int, *options: str) -> Iterator[None]:
    """`python -m tests.conformance.server` at this port, answering. Raises DidNotStart."""
    command = [sys.executable, "-m", "tests.conformance.server", "--port", str(port), *options]
    with subprocess.Popen(command, cwd=ROOT, preexec_fn=dies_with_parent()) as process:
        try:
            wait_until(lambda: _answers(process, port), seconds=START_SECONDS, what="the conformance server")
            yield
        finally:
            process.terminate()


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    if process.poll() is not None:
        raise DidNotStart
    try:
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
    except httpx.TransportError:
        return False
    return True
