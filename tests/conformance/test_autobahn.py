"""Autobahn's cases for WebSocket servers, run by kosoku against echoes on our protocol class.

The baseline has the results of the cases that are not "OK, close OK". 6.4.3 and 6.4.4 want text refused within a frame;
we refuse it at the end of the frame. An ordinary application gets a message only after everything that came with it, so
its echo of a message before a violation is too late (3.2 and similar), unless it was read before the violation came.
The rest has no right answer. Nothing is added to the baseline.
"""

import json
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from roomful.transport.websocket.options import SocketOptions
from tests.conftest import absent
from tests.support.asgi_server import AsgiServer
from tests.support.websockets import Detached, echo

BASELINE = Path(__file__).with_name("autobahn_baseline.json")

FRAMING = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"]
# Each sends a thousand messages of 1 KiB, or of 8 KiB in fragments; the others differ in size only. An answer that is
# not deflated, as it would get no smaller, is beyond kosoku (it takes it for a str): 12.5 and messages under 1 KiB.
DEFLATE = [*(f"12.{data}.{size}" for data in range(1, 5) for size in (4, 11)), "13.*.4"]

OPTIONS = SocketOptions(deflate=True, max_frames_per_second=1_000_000)


async def run(server: AsgiServer, cases: list[str]) -> dict[str, str]:
    """The results of the cases that are not strictly OK."""
    try:
        import kosoku
    except ImportError as missing:
        absent(f"kosoku: {missing}")
    try:
        results = await kosoku.run_fuzzingclient(server.url, cases=cases, concurrency=4)
    except kosoku.FailureError as failure:
        results = failure.results
    assert len(results) >= len(cases)
    verdicts = {one.case_id: f"{one.behavior.value}, close {one.behavior_close.value}" for one in results}
    return {case: verdict for case, verdict in verdicts.items() if verdict != "OK, close OK"}


def detached() -> Detached:
    return Detached(max_message_bytes=1 << 24, send_bound=1 << 26)


@pytest.mark.parametrize("kind", ["ordinary", "detached"])
async def test_frames_and_endings(kind: str) -> None:
    app: ASGIApp = echo if kind == "ordinary" else detached()
    async with AsgiServer(app, options=OPTIONS) as server:
        results = await run(server, FRAMING)
    baseline = json.loads(BASELINE.read_text())[kind]
    assert results.items() <= baseline.items()


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore:.*kosoku:pytest.PytestUnraisableExceptionWarning")  # it leaves its files open
async def test_deflate() -> None:
    async with AsgiServer(detached(), options=OPTIONS) as server:
        assert await run(server, DEFLATE) == {}
