"""What docs/engine.md says is so: the engine stands by itself, and its example is a chat."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.process import ROOT
from tests.conformance.sdks import PythonSdk
from tests.support.processes import dies_with_parent, ended_by, free_port, listens, wait_until

PAGE = ROOT / "docs" / "engine.md"
START_SECONDS = 30


@pytest.fixture(params=["-m uvicorn chat:app --log-level warning --port PORT", "serve.py"], ids=["uvicorn", "serve"])
def chat(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The page's example, as each of its lines starts it."""
    for name in ("chat", "serve"):
        (example,) = re.findall(rf"<!-- example: {name} -->\n\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
        (tmp_path / f"{name}.py").write_text(example)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, *request.param.replace("PORT", str(port)).split()],
        cwd=tmp_path,
        env={**os.environ, "PORT": str(port)},
        preexec_fn=dies_with_parent(),
    )
    with ended_by(process, signal.SIGTERM):
        wait_until(lambda: listens(process, port), seconds=START_SECONDS, what="the chat")
        yield f"ws://127.0.0.1:{port}/connection/websocket"


async def test_its_example_is_a_chat(chat: str) -> None:
    async with PythonSdk(chat, "room:lounge", ["ada"]) as ada, PythonSdk(chat, "room:lounge", ["bob"]) as bob:
        await ada.expect("subscribed")
        await bob.expect("subscribed")
        assert await bob.ask("publish", data={"text": "Hello"}) == {"result": None}
        said = await ada.expect("publication")
        assert (said["offset"], said["data"]) == (1, {"text": "Hello"})
        assert sorted((await ada.ask("presence"))["result"]) == ["ada", "bob"]
        assert (await ada.ask("history", limit=10))["result"]["offsets"] == [1]


async def test_its_policy_says_who_may_enter(chat: str) -> None:
    async with PythonSdk(chat, "room:attic", ["bob"]) as bob:
        assert (await bob.expect("unsubscribed"))["code"] == 103
    async with PythonSdk(chat, "project:1", ["ada"]) as ada:
        assert (await ada.expect("unsubscribed"))["code"] == 102
