"""The official SDKs, each as one subscriber that a test can watch and command."""

import asyncio
import fcntl
import json
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import centrifuge

from roomful.concurrency.task_scope import TaskScope
from tests.support.api import Json, Person, Project
from tests.support.processes import dies_with_parent

JAVASCRIPT = Path(__file__).parent / "js"
Wire = Literal["json", "protobuf"]
Carrier = Literal["websocket", "http_stream", "sse"]

NOTE_SECONDS = 60.0
INSTALL_SECONDS = 120


class Sdk(Protocol):
    """A client with one subscription. `tokens`: the first one to connect with, then those for when it expires.

    What happens to it are notes, such as `{"kind": "publication", "offset": 7, "data": {…}}`.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def expect(self, kind: str) -> Json:
        """The next note of this kind. Skips others, but never a publication."""
        ...

    async def ask(self, command: str, **fields: object) -> Json:
        """Give a command: `presence`, `publish`, `history`. The answer holds `result`, or the code of the `error`."""
        ...


class MakeSdk(Protocol):
    def __call__(self, url: str, channel: str, tokens: Sequence[str], *, takes_deltas: bool = False) -> Sdk:
        """A subscriber over the socket at this address, or another transport there."""


class Connect(Protocol):
    def __call__(self, person: Person, project: Project, /, *tokens: str) -> Sdk:
        """A subscriber that is not connected yet; by default with the person's token."""


class NeedsNode(Exception):
    """Node or the SDK's packages are missing."""


class Notes:
    """The notes of one subscriber, in order.

    With protobuf an SDK hands out what others published as the bytes that came; `read` makes of them what they say.
    """

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self.read = read
        self._queue: asyncio.Queue[Json] = asyncio.Queue()

    def add(self, kind: str, **note: object) -> None:
        self._queue.put_nowait({"kind": kind, **note})

    async def expect(self, kind: str) -> Json:
        async with asyncio.timeout(NOTE_SECONDS):
            while (note := await self._queue.get())["kind"] != kind:
                assert note["kind"] not in ("publication", "failure"), f"expected {kind}, got {note}"
        return note


class PythonSdk:
    """`centrifuge-python`."""

    def __init__(
        self, url: str, channel: str, tokens: Sequence[str], *, takes_deltas: bool = False, wire: Wire = "json"
    ) -> None:
        self._notes = Notes(_from_bytes if wire == "protobuf" else _as_it_is)
        self._to_wire = _to_bytes if wire == "protobuf" else _as_it_is
        self._tokens = list(tokens)
        self._client = centrifuge.Client(
            url,
            events=_ClientNotes(self._notes),
            token=self._tokens.pop(0),
            get_token=self._next_token,
            use_protobuf=wire == "protobuf",
            min_reconnect_delay=0.05,
            max_reconnect_delay=0.2,
            proxy=None,
        )
        self._subscription = self._client.new_subscription(
            channel,
            events=_SubscriptionNotes(self._notes),
            join_leave=True,
            delta=centrifuge.DeltaType.FOSSIL if takes_deltas else None,
            min_resubscribe_delay=0.05,
            max_resubscribe_delay=0.2,
        )
        self._commands: dict[str, Callable[..., Awaitable[object]]] = {
            "presence": self._presence,
            "publish": self._publish,
            "history": self._history,
        }

    async def __aenter__(self) -> Self:
        await self._client.connect()
        await self._subscription.subscribe()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.disconnect()

    async def expect(self, kind: str) -> Json:
        return await self._notes.expect(kind)

    async def ask(self, command: str, **fields: object) -> Json:
        try:
            return {"result": await self._commands[command](**fields)}
        except centrifuge.ReplyError as refused:
            return {"error": refused.code}

    async def _next_token(self) -> str:
        self._notes.add("token")
        if not self._tokens:
            raise centrifuge.UnauthorizedError("there are no more")
        return self._tokens.pop(0)

    async def _publish(self, data: Json) -> None:
        await self._subscription.publish(self._to_wire(data))

    async def _presence(self) -> list[str]:
        present = await self._subscription.presence()
        return [info.user for info in present.clients.values()]

    async def _history(self, limit: int, since: Json | None = None) -> Json:
        position = None if since is None else centrifuge.StreamPosition(since["offset"], since["epoch"])
        found = await self._subscription.history(limit=limit, since=position)
        return {"offsets": [pub.offset for pub in found.publications], "offset": found.offset, "epoch": found.epoch}


class _ClientNotes(centrifuge.ClientEventHandler):  # type: ignore[misc]  # the SDK has no types
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def on_connected(self, happened: Any) -> None:
        self._notes.add("connected", client=happened.client)

    async def on_connecting(self, happened: Any) -> None:
        self._notes.add("connecting", code=happened.code)

    async def on_disconnected(self, happened: Any) -> None:
        self._notes.add("disconnected", code=happened.code, reason=happened.reason)


class _SubscriptionNotes(centrifuge.SubscriptionEventHandler):  # type: ignore[misc]  # the SDK has no types
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def on_subscribed(self, happened: Any) -> None:
        position = happened.stream_position
        self._notes.add(
            "subscribed",
            recoverable=happened.recoverable,
            was_recovering=happened.was_recovering,
            recovered=happened.recovered,
            offset=None if position is None else position.offset,
        )

    async def on_unsubscribed(self, happened: Any) -> None:
        self._notes.add("unsubscribed", code=happened.code, reason=happened.reason)

    async def on_publication(self, happened: Any) -> None:
        self._notes.add("publication", offset=happened.pub.offset, data=self._notes.read(happened.pub.data))

    async def on_join(self, happened: Any) -> None:
        self._notes.add("join", user=happened.info.user, info=self._notes.read(happened.info.conn_info))

    async def on_leave(self, happened: Any) -> None:
        self._notes.add("leave", user=happened.info.user, info=self._notes.read(happened.info.conn_info))


def _as_it_is(value: Any) -> Any:
    return value


def _from_bytes(value: bytes) -> Any:
    return json.loads(value)


def _to_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


class JavaScriptSdk:
    """npm `centrifuge`, in a Node process. Over a stream it finds that beside the socket's address."""

    def __init__(
        self,
        url: str,
        channel: str,
        tokens: Sequence[str],
        *,
        takes_deltas: bool = False,
        wire: Wire = "json",
        carrier: Carrier = "websocket",
    ) -> None:
        self._notes = Notes(_as_it_is)
        task = {"url": url, "channel": channel, "tokens": list(tokens), "wire": wire, "transport": carrier}
        self._task = json.dumps({**task, "delta": "fossil" if takes_deltas else None})
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(JAVASCRIPT / "subscriber.mjs"),
            self._task,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**22,
            preexec_fn=dies_with_parent(),
        )
        task_scope = await self._stack.enter_async_context(TaskScope("notes"))
        task_scope.spawn(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._stack.aclose()

    async def expect(self, kind: str) -> Json:
        return await self._notes.expect(kind)

    async def ask(self, command: str, **fields: object) -> Json:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, **fields}).encode() + b"\n")
        return await self.expect("answer")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self._notes.add(**json.loads(line))
        self._notes.add("failure", reason="the Node process has ended")


def install_javascript(folder: Path = JAVASCRIPT) -> None:
    """Install the packages of the folder's lock file, once. Raises NeedsNode."""
    installed = folder / "node_modules" / ".package-lock.json"
    lock = folder / "package-lock.json"
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NeedsNode("Node is not installed")
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # parallel tests install them once
        if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
            return
        command = ["npm", "ci", "--ignore-scripts", "--omit", "optional", "--loglevel", "error"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    if done.returncode != 0:
        raise NeedsNode(f"npm ci failed: {done.stderr.strip()}")
