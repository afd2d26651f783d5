"""`python -m tests.conformance.suites`: the SDKs' own test suites against this engine, written to docs/conformance.md.

`make conformance` runs it. The suite of PyPI's `centrifuge-python` comes from its source distribution and is run as it
is; it wants its server at port 8000. Then come our own tests of this folder, with the SDKs in every format and the
providers of Yjs, the WebSocket cases of Autobahn, and our checks of the JavaScript SDK where Node is here.
"""

import json
import re
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.conformance.javascript import GROUPS, SETTINGS, run_checks
from tests.conformance.process import ROOT, serving
from tests.conformance.providers import DOCUMENTS
from tests.conformance.sdks import JAVASCRIPT, NeedsNode, install_javascript

PAGE = ROOT / "docs" / "conformance.md"
PORT = 8000
SDK = "centrifuge-python"
SUITE = "tests.test_client"
WANTED = 62
"""Tests in the suite of 0.7.0: fewer would mean that part of it did not run."""
DOCUMENT_TESTS = tuple(sorted(each.name for each in Path(__file__).parent.glob("test_documents*.py")))

_RAN = re.compile(r"^Ran (\d+) tests? in ([\d.]+)s$", re.MULTILINE)
_SUMMARY = re.compile(r"^=* ?((?:\d+ \w+(?:, )?)+) in [\d.]+s.*$", re.MULTILINE)

TEXT = f"""\
# Conformance

Written by `make conformance`, which fails when a suite does.

{{rows}}

- The suite of `{SDK}` {{sdk}} is run unmodified, from its source distribution, against
  `python -m tests.conformance.server`: Roomful's engine and sockets, with the channels, tokens and history that the
  suite expects. It covers JSON and protobuf.
- Our own tests drive the Python and the JavaScript SDK in JSON and protobuf, the latter over HTTP streaming and
  server-sent events too, against a whole server: events, deltas, presence, history, recovery after a cut network and a
  killed server, expired and bad tokens, lost access. Behind a load balancer without sticky sessions, a stream's
  commands reach the other of two nodes.
- The tests of documents drive the stock providers of Yjs, unmodified, against whole servers: npm `y-websocket`
  {{y_websocket}} and `@hocuspocus/provider` {{hocuspocus}}, many windows in one Node process,
  each with BroadcastChannel off, which would carry the text past the server.
- The WebSocket cases are Autobahn's, by kosoku, on our own protocol class; tests/conformance/autobahn_baseline.json
  lists those that are not strictly "OK", and may only get shorter.

## The JavaScript SDK

npm `centrifuge` {{npm}} under Node against the same server, by the checks in tests/conformance/js/checks:

{{javascript}}

- commands: publish, history, presence, joins and leaves, procedures, batches, the server's own subscriptions;
- recovery: after drops, with too little history, in another epoch, by `getState`, of a lost history;
- tokens: bad, missing, expired, refreshed in time or not, of the connection and of a subscription;
- closing: every close code of the server and the limits of each range, with the SDK's reaction;
- subscribing: every error of a subscribe, and every way in which the server ends a subscription;
- stream: 5,000 publications in order.

## Suites run by hand

The suites of centrifuge-js, centrifuge-go and centrifuge-java are only in their repositories, so `make conformance`
does not run them. The server supports them: `python -m tests.conformance.server --insecure` (for Go with
`--no-presence`), then `npx jest` in a checkout of centrifuge-js. Run by hand on 29 November 2026, release 5.7.1 of
centrifuge-js: of its 102 tests outside map subscriptions and shared polling, 93 pass and the suite skips 2. Of the
other 7, six test map subscriptions, which Roomful lacks, and one is disturbed by these (a timer runs out in the test
after it). Of centrifuge-go's 59 tests 58 pass; the other publishes bytes that are not JSON, which Roomful refuses,
since protobuf and JSON clients share its channels. The suite of centrifuge-java was not run.

{{day}}
"""


class SuiteFailed(Exception):
    """A suite did not pass; its output has been printed."""


def main() -> None:
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory(prefix="roomful-conformance-") as directory:
        suite = _fetch(Path(directory))
        with _server():
            rows.append((f"`{SDK}` {version(SDK)}, `{SUITE}`", "`python -m unittest`, unmodified", _run_suite(suite)))
    for name, files in (
        ("SDKs in Python and JavaScript, JSON and protobuf", ("test_sdks.py", "test_sdk_faults.py")),
        ("JavaScript over streams between two nodes; deltas", ("test_two_nodes.py", "test_deltas.py")),
        ("what other SDKs' suites need of the server", ("test_server_api.py",)),
        ("examples of docs/clients.md and docs/engine.md", ("test_clients_page.py", "test_engine_page.py")),
        ("documents: y-websocket and Hocuspocus providers", DOCUMENT_TESTS),
        ("WebSocket cases 1 to 7, 10, 12 and 13", ("test_autobahn.py",)),
    ):
        rows.append((name, f"`pytest {' '.join(files)}`", _run_ours(*files)))
    table = _table(["what", "how it is run", "result"], rows)
    javascript = _run_javascript()
    day = f"{datetime.now(UTC):%d %B %Y}".lstrip("0")
    providers = _packages(DOCUMENTS)
    y_websocket = ", ".join(
        found.removeprefix("npm:y-websocket@") for name, found in providers.items() if name.startswith("y-websocket")
    )
    text = TEXT.format(
        rows=table,
        sdk=version(SDK),
        javascript=javascript,
        npm=_packages(JAVASCRIPT)["centrifuge"],
        y_websocket=y_websocket,
        hocuspocus=providers["@hocuspocus/provider"],
        day=day,
    )
    PAGE.write_text(text)
    print(f"{table}\n\n{javascript}\nwritten to {PAGE.relative_to(ROOT)}")


def _packages(folder: Path) -> dict[str, str]:
    """The npm packages that a folder names, and their versions."""
    found: dict[str, str] = json.loads((folder / "package.json").read_text())["dependencies"]
    return found


def _fetch(directory: Path) -> Path:
    """The unpacked source distribution of the installed version."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
    _call([*pip, "--no-binary", SDK, "--dest", str(directory), f"{SDK}=={version(SDK)}"], directory)
    (archive,) = directory.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(directory, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


@contextmanager
def _server(*options: str) -> Iterator[None]:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) == 0:
            raise SuiteFailed(f"port {PORT} is in use, and the suites want their server there")
    try:
        with serving(PORT, *options):
            yield
    except (AssertionError, TimeoutError) as failure:
        raise SuiteFailed(f"the server did not start: {failure}") from failure


def _run_javascript() -> str:
    """The table of passed checks per group."""
    try:
        install_javascript()
    except NeedsNode as missing:
        return f"Not run: {missing}."
    counts: dict[str, list[str]] = {group: [] for group in GROUPS}
    with _server("--short-timeouts"):
        for setting in SETTINGS:
            checks = run_checks(PORT, setting)
            if failed := [check for check in checks if check.failure is not None]:
                raise SuiteFailed("\n".join(f"{' '.join(setting)}: {check.name}: {check.failure}" for check in failed))
            for group, cells in counts.items():
                number = sum(check.group == group for check in checks)
                cells.append(f"{number} of {number}" if number else "")
    heads = ["checks", *(" ".join(setting) for setting in SETTINGS)]
    return _table(heads, [[group, *cells] for group, cells in counts.items()])


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows))


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
    """A command's output on both streams. Raises SuiteFailed if it fails."""
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
