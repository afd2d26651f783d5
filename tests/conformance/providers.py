"""Windows of stock editors: Yjs documents behind the providers from npm, many of them in one Node process."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

from roomful.concurrency.task_scope import TaskScope
from tests.support.api import Json
from tests.support.processes import dies_with_parent

DOCUMENTS = Path(__file__).parent / "documents"
SECONDS = 30.0
TRACE_SECONDS = 300.0
POLL_SECONDS = 0.02

Kind = Literal["y-websocket", "y-websocket-3.0", "y-websocket-2", "hocuspocus"]
KINDS: tuple[Kind, ...] = ("y-websocket", "y-websocket-3.0", "y-websocket-2", "hocuspocus")


class CloseEvent(msgspec.Struct, frozen=True):
    code: int
    reason: str


class Awareness(msgspec.Struct, frozen=True):
    """The state of one client, as the window has it."""

    id: int
    state: Any


class WindowState(msgspec.Struct, frozen=True):
    """What a window shows, and what went over its sockets since it was opened.

    `waiting`, `acknowledged` and `refused` count its updates by the server's word; `unsynced` is the provider's count.
    `attempts` are handshakes, `opens` those that succeeded. `stopped` is the close after which the provider gave up.
    """

    text: str
    synced: bool
    unsynced: int
    waiting: int
    acknowledged: int
    refused: int
    is_whole: bool
    client_id: int
    updates: int
    awareness: list[Awareness]
    attempts: int
    opens: int
    errors: list[str]
    sent: dict[str, int]
    received: dict[str, int]
    closes: list[CloseEvent]
    stopped: int | str | None
    denied: str | None
    scope: str | None

    @property
    def is_saved(self) -> bool:
        return self.synced and self.waiting == 0 and self.unsynced == 0

    def seen(self, client_id: int) -> Json | None:
        """What this window knows of another client."""
        return next((each.state for each in self.awareness if each.id == client_id), None)


class DriverFailed(AssertionError):
    """A command of the driver's ended with an error of JavaScript."""


class _Answer(msgspec.Struct):
    id: int
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str | None = None


class Providers:
    """The Node process, and the windows in it."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[msgspec.Raw]] = {}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(DOCUMENTS / "driver.mjs"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**26,
            preexec_fn=dies_with_parent(),
        )
        task_scope = await self._stack.enter_async_context(TaskScope("answers"))
        task_scope.spawn(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._stack.aclose()

    async def open(self, kind: Kind, url: str, document: str, token: str | None, **options: object) -> "Window":
        """A window that connects at once. `url` is the server's, `ws://…`, without a path."""
        window = Window(self, f"window {next(self._ids)}", kind)
        given = {"kind": kind, "url": url, "document": document, "token": token, **options}
        await window.do("open", **given)
        return window

    async def play_trace(self, windows: Sequence["Window"], *, seed: int, turns: int) -> Json:
        names = [each.name for each in windows]
        given = {"windows": names, "seed": seed, "turns": turns}
        played: Json = msgspec.json.decode(await self.do("trace", given, seconds=TRACE_SECONDS))
        return played

    async def do(self, command: str, given: Json, *, seconds: float = SECONDS) -> msgspec.Raw:
        """Raises DriverFailed."""
        id_ = next(self._ids)
        answer = self._answers[id_] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": id_, "do": command, **given}).encode() + b"\n")
        async with asyncio.timeout(seconds):
            result: msgspec.Raw = await answer
        return result

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            answer = msgspec.json.decode(line, type=_Answer)
            waiting = self._answers.pop(answer.id)
            if waiting.done():
                continue
            if answer.error is None:
                waiting.set_result(answer.result.copy())
            else:
                waiting.set_exception(DriverFailed(answer.error))
        for waiting in self._answers.values():
            waiting.set_exception(DriverFailed("the Node process has ended"))


@dataclass(slots=True)
class Window:
    providers: Providers = field(repr=False)
    name: str
    kind: Kind

    async def do(self, command: str, **given: object) -> msgspec.Raw:
        return await self.providers.do(command, {"window": self.name, **given})

    async def type(self, text: str, at: int | None = None) -> None:
        await self.do("type", text=text, at=at)

    async def delete(self, at: int, length: int) -> None:
        await self.do("delete", at=at, length=length)

    async def drop(self) -> None:
        """Cut its connection, without a word. The provider comes back by itself."""
        await self.do("drop")

    async def go_offline(self) -> None:
        await self.do("offline")

    async def go_online(self, *, token: str | None = None) -> None:
        await self.do("online", **({} if token is None else {"token": token}))

    async def show(self, state: Json | None) -> None:
        """Set its awareness."""
        await self.do("awareness", state=state)

    async def send(self, frame: bytes) -> None:
        """Say something that the provider would not."""
        await self.do("send", hex=frame.hex())

    async def destroy(self) -> None:
        await self.do("destroy")

    async def state(self) -> WindowState:
        return msgspec.json.decode(await self.do("state"), type=WindowState)

    async def lacks(self, of: Sequence["Window"]) -> int:
        """How many updates that the server acknowledged to those windows are not in this one."""
        return msgspec.json.decode(await self.do("lacks", of=[each.name for each in of]), type=int)

    async def until(self, is_so: Callable[[WindowState], bool], *, seconds: float = SECONDS) -> WindowState:
        """Wait for a state. Raises AssertionError with the last one."""
        ends_at = time.monotonic() + seconds
        while not is_so(state := await self.state()):
            assert time.monotonic() < ends_at, f"{self.kind}: not within {seconds} s: {state}"
            await asyncio.sleep(POLL_SECONDS)
        return state

    async def until_synced(self) -> WindowState:
        return await self.until(lambda state: state.synced)

    async def until_saved(self) -> WindowState:
        """Everything of its own has been acknowledged by the server."""
        return await self.until(lambda state: state.is_saved)


async def until_level(windows: Sequence[Window], *, seconds: float = SECONDS) -> str:
    """Wait until all show the same text, synced, with everything of their own acknowledged; the text."""
    ends_at = time.monotonic() + seconds
    while True:
        states = [await window.state() for window in windows]
        texts = {state.text for state in states}
        if len(texts) == 1 and all(state.is_saved and state.is_whole for state in states):
            return texts.pop()
        assert time.monotonic() < ends_at, f"not level within {seconds} s: {states}"
        await asyncio.sleep(POLL_SECONDS)
