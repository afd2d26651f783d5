"""A reader's connection, over each transport for a project's events."""

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import NamedTuple, Protocol, Self

import httpx
import msgspec
from centrifuge.fossil import apply_delta
from msgspec import Raw

from roomful.concurrency.task_scope import TaskScope
from tests.support.api import API
from tests.support.sockets import Socket
from tests.torture.cluster import Node

SLOW_RECEIVE_BUFFER = 8 * 1024


class Reset(NamedTuple):
    """Missed events are not given here: the stream continues after this offset."""

    epoch: str
    offset: int


class Ended(Exception):
    """The server ended or refused the connection; the message says how."""


class Place(NamedTuple):
    """Whose connection it is, and from where on they want to read.

    `speaks_to` is the address of the node to which somebody speaks who hears by a stream.
    """

    token: str
    project_id: str
    epoch: str
    offset: int
    speaks_to: str = ""
    person_id: str = ""

    @property
    def channel(self) -> str:
        return f"project:{self.project_id}"

    @property
    def subscribe(self) -> dict[str, object]:
        return {"channel": self.channel, "recover": True, "epoch": self.epoch, "offset": self.offset}


class Link(Protocol):
    """Open while the block lasts. Raises Ended, or the network's errors."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def receive(self) -> list[bytes | Reset]:
        """Wait for the bodies of the next events, or a Gap."""

    async def fall_asleep(self, seconds: float) -> None:
        """Stop reading for a while."""


class _SocketLink:
    """The common part of the two kinds of WebSocket."""

    def __init__(self, node: Node, path: str, token: str, *, is_slow: bool) -> None:
        # Past our network, which would read for the sleeper.
        url = node.server.socket_url if is_slow else node.socket_url
        buffer = SLOW_RECEIVE_BUFFER if is_slow else 0
        headers = {"Authorization": f"Bearer {token}"}
        self.socket = Socket(f"{url}{path}", headers=headers, receive_buffer=buffer)
        self._is_open = False

    async def __aenter__(self) -> Self:
        await self.socket.open()
        self._is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_open:
            await self.socket.drop()

    async def fall_asleep(self, seconds: float) -> None:
        self.socket.stop_reading()
        await asyncio.sleep(seconds)
        self.socket.read_again()


class PlainLink(_SocketLink):
    def __init__(self, node: Node, place: Place, *, is_slow: bool = False) -> None:
        path = f"/ws/projects/{place.project_id}?since={place.offset}&epoch={place.epoch}"
        super().__init__(node, path, place.token, is_slow=is_slow)

    async def receive(self) -> list[bytes | Reset]:
        frame = _as_bytes(await self.socket.receive(seconds=3600))
        reset = msgspec.json.decode(frame, type=_PlainFrame)
        return [frame] if reset.recovered else [Reset(reset.epoch, reset.offset)]


class CentrifugeLink(_SocketLink):
    """Signs in and subscribes with its first frame; the first `receive` returns the recovery."""

    def __init__(self, node: Node, place: Place, *, is_slow: bool = False, takes_deltas: bool = False) -> None:
        super().__init__(node, "/connection/websocket", place.token, is_slow=is_slow)
        self._place = place
        self._takes_deltas = takes_deltas
        self._replies = _Replies(place.channel, takes_deltas=takes_deltas)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        try:
            await self.socket.send("\n".join(msgspec.json.encode(each).decode() for each in self._commands()))
        except BaseException:
            await self.socket.drop()
            raise
        return self

    def _commands(self) -> list[dict[str, object]]:
        delta = {"delta": "fossil"} if self._takes_deltas else {}
        return [
            {"id": 1, "connect": {"token": self._place.token}},
            {"id": 2, "subscribe": {**self._place.subscribe, **delta}},
        ]

    async def receive(self) -> list[bytes | Reset]:
        items: list[bytes | Reset] = []
        while not items:
            for line in _as_bytes(await self.socket.receive(seconds=3600)).split(b"\n"):
                if line == b"{}":
                    await self.socket.send("{}")
                elif line:
                    items += self._replies.take(msgspec.json.decode(line, type=_Reply))
        return items


class InboxLink(CentrifugeLink):
    """Every connection is subscribed to its person's channel: from where, its connect says."""

    def __init__(self, node: Node, place: Place, *, is_slow: bool = False) -> None:
        super().__init__(node, place, is_slow=is_slow)
        self._own_channel = f"user:{place.person_id}"
        self._replies = _Replies(self._own_channel, takes_deltas=False)

    def _commands(self) -> list[dict[str, object]]:
        place = self._place
        since = {"recover": True, "epoch": place.epoch, "offset": place.offset}
        return [{"id": 1, "connect": {"token": place.token, "subs": {self._own_channel: since}}}]


class _Replies:
    """The events of a channel in one connection's replies."""

    def __init__(self, channel: str, *, takes_deltas: bool) -> None:
        self._channel = channel
        self._takes_deltas = takes_deltas
        self._latest = b""

    def take(self, reply: "_Reply") -> list[bytes | Reset]:
        """Raises Ended."""
        if reply.error is not None:
            raise Ended(f"error {reply.error.code}")
        result = reply.subscribe if reply.connect is None else reply.connect.subs.get(self._channel)
        if result is not None:
            if not result.recovered:
                return [Reset(result.epoch, result.offset)]
            return [self._document(pub) for pub in result.publications]
        push = reply.push
        if push is not None and push.disconnect is not None:
            raise Ended(f"disconnected {push.disconnect.code}")
        if push is None or push.channel != self._channel:
            return []
        if push.unsubscribe is not None:
            raise Ended(f"unsubscribed {push.unsubscribe.code}")
        return [] if push.pub is None else [self._document(push.pub)]

    def _document(self, pub: "_Pub") -> bytes:
        if not self._takes_deltas:
            return bytes(pub.data)
        text = msgspec.json.decode(pub.data, type=str).encode()
        self._latest = bytes(apply_delta(self._latest, text)) if pub.delta else text
        return self._latest


class StreamLink:
    """Receives from one node by an HTTP stream, and sends to another: to subscribe, and to answer pings."""

    def __init__(self, node: Node, place: Place, *, is_slow: bool = False) -> None:
        assert not is_slow, "nobody reads slowly here"
        self._node = node
        self._place = place
        self._replies = _Replies(place.channel, takes_deltas=False)
        self._stack = AsyncExitStack()
        self._address: dict[str, str] = {}
        self._heard: asyncio.Queue[_Reply | Exception] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        try:
            client = httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(6, read=15))
            self._http = await self._stack.enter_async_context(client)
            hello = msgspec.json.encode({"id": 1, "connect": {"token": self._place.token}})
            request = self._http.build_request("POST", f"{self._node.url}/connection/http_stream", content=hello)
            response = await self._http.send(request, stream=True)
            self._stack.push_async_callback(response.aclose)
            if response.status_code != 200:
                raise Ended(f"status {response.status_code}")
            self._task_scope = await self._stack.enter_async_context(TaskScope("stream link"))
            self._task_scope.spawn(self._read(response))
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def fall_asleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def receive(self) -> list[bytes | Reset]:
        items: list[bytes | Reset] = []
        while not items:
            heard = await self._heard.get()
            if isinstance(heard, Exception):
                raise heard
            items = self._replies.take(heard)
        return items

    async def _read(self, response: httpx.Response) -> None:
        rest = b""
        try:
            async for chunk in response.aiter_raw():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._take(line)
            self._heard.put_nowait(Ended("end of stream"))
        except httpx.HTTPError as lost:
            self._heard.put_nowait(lost)

    def _take(self, line: bytes) -> None:
        if line == b"{}":
            self._task_scope.spawn(self._say("{}"))
            return
        reply = msgspec.json.decode(line, type=_Reply)
        if reply.connect is not None:
            self._address = {"session": reply.connect.session, "node": reply.connect.node}
            self._task_scope.spawn(
                self._say(msgspec.json.encode({"id": 2, "subscribe": self._place.subscribe}).decode())
            )
        else:
            self._heard.put_nowait(reply)

    async def _say(self, text: str) -> None:
        """Like the SDK: an undeliverable command ends the connection."""
        try:
            url = f"{self._place.speaks_to}/emulation"
            answer = await self._http.post(url, json={**self._address, "data": text})
        except httpx.HTTPError as lost:
            self._heard.put_nowait(lost)
        else:
            if answer.status_code != 204:
                self._heard.put_nowait(Ended(f"status {answer.status_code} of /emulation"))


class EventSourceLink:
    """Server-sent events, read as bytes: a library's idea of a line would break at more than line feeds."""

    def __init__(self, node: Node, place: Place, *, is_slow: bool = False) -> None:
        assert not is_slow, "nobody reads slowly here"
        self._node = node
        self._place = place

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(6, read=15))
        headers = {
            "Authorization": f"Bearer {self._place.token}",
            "Accept": "text/event-stream",
            "Last-Event-ID": str(self._place.offset),
        }
        url = f"{self._node.url}{API}/projects/{self._place.project_id}/events"
        try:
            self._response = await self._http.send(self._http.build_request("GET", url, headers=headers), stream=True)
            if self._response.status_code != 200:
                raise Ended(f"status {self._response.status_code}")
        except BaseException:
            await self._http.aclose()
            raise
        self._chunks = self._response.aiter_raw()
        self._rest = b""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._response.aclose()
        await self._http.aclose()

    async def fall_asleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def receive(self) -> list[bytes | Reset]:
        items: list[bytes | Reset] = []
        while not items:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                raise Ended("end of stream")
            *blocks, self._rest = (self._rest + chunk).split(b"\n\n")
            items = [item for block in blocks if (item := self._take(block)) is not None]
        return items

    @staticmethod
    def _take(block: bytes) -> bytes | Reset | None:
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if not line.startswith(b":"))
        if b"data" not in fields:
            return None
        if fields.get(b"event") != b"reset":
            return fields[b"data"]
        reset = msgspec.json.decode(fields[b"data"], type=_PlainFrame)
        return Reset(reset.epoch, reset.offset)


def _as_bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame


class _PlainFrame(msgspec.Struct):
    offset: int
    epoch: str = ""
    recovered: bool = True


class _Pub(msgspec.Struct):
    data: Raw
    delta: bool = False


class _Code(msgspec.Struct):
    code: int


class _Subscribed(msgspec.Struct):
    epoch: str = ""
    offset: int = 0
    recovered: bool = False
    publications: list[_Pub] = []


class _Push(msgspec.Struct):
    channel: str = ""
    pub: _Pub | None = None
    unsubscribe: _Code | None = None
    disconnect: _Code | None = None


class _Connected(msgspec.Struct):
    session: str = ""
    node: str = ""
    subs: dict[str, _Subscribed] = {}


class _Reply(msgspec.Struct):
    id: int = 0
    error: _Code | None = None
    connect: _Connected | None = None
    subscribe: _Subscribed | None = None
    push: _Push | None = None
