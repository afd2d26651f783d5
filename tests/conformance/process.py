"""The conformance server as a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import dies_with_parent, listens, wait_until

ROOT = Path(__file__).parents[2]
START_SECONDS = 30


@contextmanager
def serving(port: int, *options: str) -> Iterator[None]:
    """`python -m tests.conformance.server`, listening on this port. Raises AssertionError if it does not start."""
    command = [sys.executable, "-m", "tests.conformance.server", "--port", str(port), *options]
    with subprocess.Popen(command, cwd=ROOT, preexec_fn=dies_with_parent()) as process:
        try:
            wait_until(lambda: listens(process, port), seconds=START_SECONDS, what="the conformance server")
            yield
        finally:
            process.terminate()
