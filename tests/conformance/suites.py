"""`python -m tests.conformance.suites`: the SDKs' own test suites against this engine, written to docs/conformance.md.

`make conformance` runs it. The suite of PyPI's `centrifuge-python` comes from its source distribution and is run as it
is; it wants its server at port 8000. Then come our own tests of this folder, with the SDKs in every format and the
WebSocket cases of Autobahn.
"""

import re
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import httpx

from tests.support.processes import dies_with_parent

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance.md"
PORT = 8000
SDK = "centrifuge-python"
SUITE = "tests.test_client"
WANTED = 62
"""Tests of the suite, of 0.7.0: fewer would mean that it was not run whole."""

_RAN = re.compile(r"^Ran (\d+) tests? in ([\d.]+)s$", re.MULTILINE)
_SUMMARY = re.compile(r"^=* ?((?:\d+ \w+(?:, )?)+) in [\d.]+s.*$", re.MULTILINE)

TEXT = f"""\
# Conformance

Written by `make conformance`, which fails when a suite does.

| what | how it is run | result |
| --- | --- | --- |
{{rows}}

- The suite of `{SDK}` {{sdk}} is run unmodified, from its source distribution, against
  `python -m tests.conformance.server`: Roomful's engine and sockets, with the channels, tokens and history that the
  suite expects. It covers JSON and protobuf.
- Ours drive the Python and the JavaScript SDK, in JSON and in protobuf, against a whole server: events as they happen,
  people, history, recovery after a cut network and a killed server, expired and bad tokens, lost access.
- The WebSocket cases are Autobahn's, by kosoku, on our own protocol class; tests/conformance/autobahn_baseline.json
  names those that are not strictly "OK", and may only get shorter.

{{day}}
"""


class SuiteFailed(Exception):
    """A suite did not pass; its output has been printed."""


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory(prefix="roomful-conformance-") as directory:
        suite = _fetch(Path(directory))
        with _server():
            rows.append((f"`{SDK}` {version(SDK)}, `{SUITE}`", "`python -m unittest`, unmodified", _run_suite(suite)))
    for name, files in (
        ("SDKs in Python and JavaScript, JSON and protobuf", ("test_sdks.py", "test_sdk_faults.py")),
        ("WebSocket cases 1 to 7, 10, 12 and 13", ("test_autobahn.py",)),
    ):
        rows.append((name, f"`pytest {' '.join(files)}`", _run_ours(*files)))
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    PAGE.write_text(TEXT.format(rows=table, sdk=version(SDK), day=f"{datetime.now(UTC):%d %B %Y}".lstrip("0")))
    print(f"{table}\nwritten to {PAGE.relative_to(ROOT)}")


def _fetch(directory: Path) -> Path:
    """The unpacked source distribution, of the version that is installed."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
    _call([*pip, "--no-binary", SDK, "--dest", str(directory), f"{SDK}=={version(SDK)}"], directory)
    (archive,) = directory.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(directory, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


@contextmanager
def _server() -> Iterator[None]:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) == 0:
            raise SuiteFailed(f"port {PORT} is in use, and the suite wants its server there")
    command = [sys.executable, "-m", "tests.conformance.server", "--port", str(PORT)]
    with subprocess.Popen(command, cwd=ROOT, preexec_fn=dies_with_parent()) as process:
        try:
            _wait_until_it_answers(process)
            yield
        finally:
            process.terminate()


def _wait_until_it_answers(process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SuiteFailed("the server did not start")
        try:
            httpx.get(f"http://127.0.0.1:{PORT}/", trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SuiteFailed("the server does not answer")


def _run_suite(folder: Path) -> str:
    said = _call([sys.executable, "-m", "unittest", SUITE], folder)
    ran = _RAN.search(said)
    if ran is None or int(ran[1]) < WANTED:
        raise SuiteFailed(f"{ran[0] if ran else 'nothing'} was run, where {WANTED} tests were expected")
    return f"{ran[1]} of {ran[1]} passed"


def _run_ours(*files: str) -> str:
    paths = [f"tests/conformance/{name}" for name in files]
    said = _call([sys.executable, "-m", "pytest", "-q", *paths], ROOT)
    found = _SUMMARY.findall(said)
    return found[-1] if found else "passed"


def _call(command: list[str], folder: Path) -> str:
    """What a command said, to either stream. Raises SuiteFailed when it fails."""
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False
    )
    if done.returncode:
        print(done.stdout)
        raise SuiteFailed(f"{' '.join(command[1:4])} exited with {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    try:
        main()
    except SuiteFailed as failure:
        sys.exit(str(failure))
