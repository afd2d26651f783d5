"""Subscribers of the event sockets, in the words of a test: `expect_push`, `expect_silence`, `drop`, `reconnect`."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from websockets.exceptions import ConnectionClosed

from roomful.concurrency.task_scope import TaskScope
from tests.support.api import Json
from tests.support.sockets import DEADLINE_SECONDS, Closed, Socket
from tests.support.streams import StreamSocket

SILENCE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class CommandError(Exception):
    """The server's error reply to a command."""

    code: int
    message: str
    is_temporary: bool


class PlainSubscriber:
    """A reader of `/ws/projects/{id}`: each text frame is an event.

    `seen` is the newest offset it has had; `reconnect` goes on after it.
    """

    def __init__(self, socket_url: str, project_id: str, *, token: str, since: int | None = None) -> None:
        self._address = f"{socket_url}/ws/projects/{project_id}"
        self._token = token
        self.seen = since
        self.socket = self._new_socket()

    async def __aenter__(self) -> Self:
        await self.socket.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close()

    async def expect_event(self, type_: str, seconds: float = DEADLINE_SECONDS) -> Json:
        """The next frame is an event of this type."""
        event = await self.next_event(seconds)
        assert event.get("type") == type_, f"expected {type_}, got {event}"
        return event

    async def next_event(self, seconds: float = DEADLINE_SECONDS) -> Json:
        event: Json = json.loads(await self.socket.receive(seconds))
        if "type" in event:
            self.seen = event["offset"]
        return event

    async def expect_silence(self, seconds: float = SILENCE_SECONDS) -> None:
        try:
            frame = await self.socket.receive(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"expected silence, got {frame!r}")

    async def expect_close(self, code: int, seconds: float = DEADLINE_SECONDS) -> Closed:
        return await self.socket.expect_close(code, seconds)

    async def drop(self) -> None:
        await self.socket.drop()

    async def reconnect(self) -> None:
        """Reconnect and recover."""
        await self.socket.close()
        self.socket = self._new_socket()
        await self.socket.open()

    def _new_socket(self) -> Socket:
        address = self._address if self.seen is None else f"{self._address}?since={self.seen}"
        return Socket(address, headers={"Authorization": f"Bearer {self._token}"})


@dataclass(slots=True)
class _Place:
    """A subscriber's position in a channel."""

    offset: int = 0
    epoch: str = ""
    is_recoverable: bool = False


@dataclass(frozen=True, slots=True)
class Push:
    """Something the server said by itself. `kind` is `pub`, `join`, `leave`, `unsubscribe`, …; `body` what it holds."""

    channel: str
    kind: str
    body: Json

    @property
    def type(self) -> str:
        """The type of the event that a publication carries; of any other push, its kind."""
        data = self.body.get("data")
        return str(data["type"]) if self.kind == "pub" and isinstance(data, dict) and "type" in data else self.kind

    @property
    def event(self) -> Json:
        event: Json = self.body["data"]
        return event


def _is_own(channel: str) -> bool:
    return channel.startswith("user:")


class _Pushes:
    """The pushes on one connection, and its end."""

    def __init__(self) -> None:
        self.own: asyncio.Queue[Push | Exception] = asyncio.Queue()
        self.others: asyncio.Queue[Push | Exception] = asyncio.Queue()

    def put(self, push: Push) -> None:
        (self.own if _is_own(push.channel) else self.others).put_nowait(push)

    def end(self, failure: Exception) -> None:
        for queue in (self.own, self.others):
            queue.put_nowait(failure)


class Subscriber:
    """A client that speaks the Centrifuge protocol in JSON, by `/connection/websocket` or over another `socket`.

    Pushes, those of a recovery included, wait in order for `expect_push`. Those of the person's own channel (`user:…`)
    wait apart, for whoever names it: they come some time after the events they tell of. Pings are answered while
    nobody looks, unless `answers_pings` is False.
    """

    def __init__(
        self,
        socket_url: str,
        *,
        token: str | None,
        headers: Mapping[str, str] | None = None,
        query: str = "",
        answers_pings: bool = True,
        socket: Socket | StreamSocket | None = None,
    ) -> None:
        self.socket = socket or Socket(f"{socket_url}/connection/websocket{query}", headers=headers)
        self.token = token
        self.answers_pings = answers_pings
        self.connected: Json = {}
        self._places: dict[str, _Place] = {}
        self._pushes = _Pushes()
        self._replies: dict[int, asyncio.Future[Json]] = {}
        self._subscribing: dict[int, str] = {}
        self._last_id = 0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self, **fields: object) -> Json:
        """Open the socket and sign in; the server's answer. Raises CommandError."""
        await self.open()
        if self.token is not None:
            fields = {"token": self.token, **fields}
        self.connected = await self.command("connect", **fields)
        return self.connected

    async def open(self) -> None:
        """Open the socket and send nothing."""
        await self.socket.open()
        self._pushes = _Pushes()
        task_scope = await self._stack.enter_async_context(TaskScope("test subscriber"))
        task_scope.spawn(self._read(self._pushes))

    async def subscribe(self, channel: str, **fields: object) -> Json:
        """Raises CommandError."""
        return await self.command("subscribe", channel=channel, **fields)

    async def unsubscribe(self, channel: str) -> None:
        await self.command("unsubscribe", channel=channel)
        self._places.pop(channel, None)

    async def reconnect(self) -> dict[str, Json]:
        """Reconnect like an SDK: connect, then subscribe to every channel again from its position."""
        await self.close()
        places, self._places = self._places, {}
        await self.connect()
        answers = {}
        for channel, place in places.items():
            if channel not in self._places:
                position = {"recover": True, "offset": place.offset, "epoch": place.epoch}
                answers[channel] = await self.subscribe(channel, **(position if place.is_recoverable else {}))
        return answers

    async def drop(self) -> None:
        """Cut the connection without a close frame, as a lost network does."""
        await self.socket.drop()
        await self._stack.aclose()

    async def close(self) -> None:
        await self.socket.close()
        await self._stack.aclose()

    def position(self, channel: str) -> tuple[str, int]:
        """The newest position seen in a channel."""
        place = self._places[channel]
        return place.epoch, place.offset

    async def command(self, name: str, /, **fields: object) -> Json:
        """Send one command; its result. Raises CommandError, or Closed when the server closes instead."""
        command_id = await self.send_command(name, **fields)
        return await self.reply(command_id)

    async def send_command(self, name: str, /, **fields: object) -> int:
        """Send a command without waiting. Returns its id, for `reply`."""
        self._last_id += 1
        self._replies[self._last_id] = asyncio.get_running_loop().create_future()
        if name == "subscribe":
            self._subscribing[self._last_id] = str(fields["channel"])
        await self.socket.send(json.dumps({"id": self._last_id, name: fields}))
        return self._last_id

    async def reply(self, command_id: int) -> Json:
        async with asyncio.timeout(DEADLINE_SECONDS):
            reply = await self._replies[command_id]
        del self._replies[command_id]
        if error := reply.get("error"):
            raise CommandError(error["code"], error["message"], error.get("temporary", False))
        results = [value for name, value in reply.items() if name != "id"]
        assert len(results) == 1, f"a reply without a result: {reply}"
        result: Json = results[0]
        return result

    async def next_push(self, seconds: float = DEADLINE_SECONDS, *, own: bool = False) -> Push:
        """The next push of any channel but the person's own, or the next of that one."""
        pushes = self._pushes.own if own else self._pushes.others
        async with asyncio.timeout(seconds):
            push = await pushes.get()
        if isinstance(push, Exception):
            pushes.put_nowait(push)
            raise push
        return push

    async def expect_push(self, type_: str, channel: str | None = None, *, seconds: float = DEADLINE_SECONDS) -> Push:
        """The next push is an event of this type, or of this kind (`join`, `leave`, `unsubscribe`, …)."""
        push = await self.next_push(seconds, own=_is_own(channel or ""))
        assert push.type == type_, f"expected {type_}, got {push}"
        assert channel is None or push.channel == channel, f"expected {channel}, got {push}"
        return push

    async def expect_silence(self, seconds: float = SILENCE_SECONDS) -> None:
        """Expect no push, neither now nor for a moment."""
        try:
            push = await self.next_push(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"expected silence, got {push}")

    async def expect_close(self, code: int, seconds: float = DEADLINE_SECONDS) -> Closed:
        """Expect the server to close with this code. Skips pushes before that."""
        async with asyncio.timeout(seconds):
            while not isinstance(push := await self._pushes.others.get(), Exception):
                pass
        if not isinstance(push, Closed):
            raise push
        assert push.code == code, f"closed with {push.code} {push.reason!r}, not {code}"
        return push

    async def _read(self, pushes: "_Pushes") -> None:
        try:
            while True:
                frame = await self.socket.receive(seconds=3600)
                assert isinstance(frame, str)
                for line in frame.split("\n"):  # `splitlines` ends lines at U+2028 too
                    message: Json = json.loads(line)
                    if message:
                        self._take(message, pushes)
                    elif self.answers_pings:
                        # A close that has come since is read next.
                        with suppress(ConnectionClosed):
                            await self.socket.send("{}")
        except Exception as failure:  # closed, or a violation of the protocol: waiting calls are told
            pushes.end(failure)
            for reply in self._replies.values():
                if not reply.done():
                    reply.set_exception(failure)
                    reply.exception()  # the test may have stopped waiting

    def _take(self, message: Json, pushes: "_Pushes") -> None:
        if "id" not in message:
            self._take_push(message["push"], pushes)
            return
        # Here, not where the reply is awaited: recovered events come before later pushes.
        channel = self._subscribing.pop(message["id"], None)
        if channel is not None and "subscribe" in message:
            self._arrive(channel, message["subscribe"], pushes)
        for name, subscribed in message.get("connect", {}).get("subs", {}).items():
            self._arrive(name, subscribed, pushes)
        self._replies[message["id"]].set_result(message)

    def _arrive(self, channel: str, subscribed: Json, pushes: "_Pushes") -> None:
        self._places[channel] = _Place(
            subscribed.get("offset", 0), subscribed.get("epoch", ""), subscribed.get("recoverable", False)
        )
        for publication in subscribed.get("publications", []):
            self._take_push({"channel": channel, "pub": publication}, pushes)

    def _take_push(self, message: Json, pushes: "_Pushes") -> None:
        channel = message.get("channel", "")
        [(kind, body)] = [(name, value) for name, value in message.items() if name != "channel"]
        if kind == "pub" and "offset" in body and channel in self._places:
            self._places[channel].offset = body["offset"]
        pushes.put(Push(channel, kind, body))
