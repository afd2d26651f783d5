"""The examples of docs/engine.md run as they stand, on an installed wheel."""

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.conformance.process import ROOT
from tests.conformance.sdks import PythonSdk
from tests.support.processes import dies_with_parent, ended_by, free_port, listens, wait_until
from tests.support.valkey import Valkey
from tests.support.wheel import Installation

PAGE = ROOT / "docs" / "engine.md"
START_SECONDS = 30


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """The folder with the page's example files."""
    for name, example in re.findall(r"<!-- example: (\w+) -->\n\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        (tmp_path / f"{name}.py").write_text(example)
    return tmp_path


@contextmanager
def started(installation: Installation, examples: Path, command: str, **environment: str) -> Iterator[str]:
    """Run a program of the page, and yield its address. PORT in the command becomes a free port."""
    port = free_port()
    process = subprocess.Popen(
        [installation.bin / "python", *command.replace("PORT", str(port)).split()],
        cwd=examples,
        env={**installation.environment, "PORT": str(port), **environment},
        preexec_fn=dies_with_parent(),
    )
    with ended_by(process, signal.SIGTERM):
        wait_until(lambda: listens(process, port), seconds=START_SECONDS, what="the example")
        yield f"127.0.0.1:{port}"


@pytest.fixture(params=["-m uvicorn chat:app --log-level warning --port PORT", "serve.py"], ids=["uvicorn", "serve"])
def chat(request: pytest.FixtureRequest, installation: Installation, examples: Path) -> Iterator[str]:
    """The address of the page's chat, started in each of the ways that it shows."""
    with started(installation, examples, request.param) as address:
        yield address


def socket_of(address: str) -> str:
    return f"ws://{address}/connection/websocket"


async def test_its_example_is_a_chat(chat: str) -> None:
    url = socket_of(chat)
    async with PythonSdk(url, "room:lounge", ["ada"]) as ada, PythonSdk(url, "room:lounge", ["bob"]) as bob:
        await ada.expect("subscribed")
        await bob.expect("subscribed")
        assert await bob.ask("publish", data={"text": "Hello"}) == {"result": None}
        said = await ada.expect("publication")
        assert (said["offset"], said["data"]) == (1, {"text": "Hello"})
        assert sorted((await ada.ask("presence"))["result"]) == ["ada", "bob"]
        assert (await ada.ask("history", limit=10))["result"]["offsets"] == [1]


async def test_its_policy_decides_about_access(chat: str) -> None:
    async with PythonSdk(socket_of(chat), "room:attic", ["bob"]) as bob:
        assert (await bob.expect("unsubscribed"))["code"] == 103
    async with PythonSdk(socket_of(chat), "project:1", ["ada"]) as ada:
        assert (await ada.expect("unsubscribed"))["code"] == 102


async def test_its_program_publishes_from_outside(chat: str) -> None:
    async with PythonSdk(socket_of(chat), "room:lounge", ["ada"]) as ada, httpx.AsyncClient() as client:
        await ada.expect("subscribed")
        assert (await client.post(f"http://{chat}/rooms/lounge", content=b'{"text": "Hello"}')).status_code == 204
        assert (await ada.expect("publication"))["data"] == {"text": "Hello"}
        assert (await client.post(f"http://{chat}/rooms/lounge", content=b"Hello")).status_code == 422


async def test_its_streams_carry_the_same_session(chat: str) -> None:
    connect = {"id": 1, "connect": {"token": "ada"}}
    async with (
        httpx.AsyncClient(base_url=f"http://{chat}") as client,
        client.stream("POST", "/connection/http_stream", json=connect) as stream,
    ):
        lines = stream.aiter_lines()
        session = json.loads(await anext(lines))["connect"]
        data = json.dumps({"id": 2, "subscribe": {"channel": "room:lounge"}})
        said = {"session": session["session"], "node": session["node"], "data": data}
        assert (await client.post("/emulation", json=said)).status_code == 204
        assert json.loads(await anext(lines))["id"] == 2
        assert (await client.post("/connection/http_stream", content=b"no command")).status_code == 400


async def test_its_rooms_span_processes(installation: Installation, examples: Path, valkey: Valkey) -> None:
    command = "-m uvicorn nodes:app --log-level warning --port PORT"
    environment = {"CHAT_KEY": "a key of the chat", "CHAT_REDIS": valkey.url}
    with ExitStack() as stack:
        one, two = (
            socket_of(stack.enter_context(started(installation, examples, command, **environment))) for _ in range(2)
        )
        async with PythonSdk(one, "room:lounge", ["ada"]) as ada, PythonSdk(two, "room:lounge", ["bob"]) as bob:
            await ada.expect("subscribed")
            await bob.expect("subscribed")
            # Nothing is recorded there: a message before Ada's subscription in Redis is lost.
            while True:
                await bob.ask("publish", data={"text": "Hello"})
                with suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        assert (await ada.expect("publication"))["data"] == {"text": "Hello"}
                        break
            async with asyncio.timeout(30):
                while sorted((await ada.ask("presence"))["result"]) != ["ada", "bob"]:  # noqa: ASYNC110  # told late
                    await asyncio.sleep(0.05)
