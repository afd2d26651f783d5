"""One connection of a reader, by each of the ways in which a project's events can be followed."""

import asyncio
from types import TracebackType
from typing import NamedTuple, Protocol, Self

import httpx
import msgspec
from msgspec import Raw

from tests.support.api import API
from tests.support.sockets import Socket
from tests.torture.cluster import Node

SLOW_RECEIVE_BUFFER = 8 * 1024


class Reset(NamedTuple):
    """What was missed is not given here: the stream goes on after this offset."""

    epoch: str
    offset: int


class Ended(Exception):
    """The server has ended the connection, or refused it; the message says how."""


class Place(NamedTuple):
    """Whose connection it is, and from where on they want to read."""

    token: str
    project_id: str
    epoch: str
    offset: int


class Link(Protocol):
    """Open from the beginning of the block to its end. Raises Ended, or what the network raises."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def receive(self) -> list[bytes | Reset]:
        """Wait for the next events' bodies, or the word that some are not given."""

    async def fall_asleep(self, seconds: float) -> None:
        """Take nothing from the network for a while."""


class _SocketLink:
    """What the two kinds of WebSocket share."""

    def __init__(self, node: Node, path: str, token: str, *, is_slow: bool) -> None:
        # Past the network of ours, which would read for the sleeper.
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
    """Signs in and subscribes with its first frame; the recovery comes with the first `receive`."""

    def __init__(self, node: Node, place: Place, *, is_slow: bool = False) -> None:
        super().__init__(node, "/connection/websocket", place.token, is_slow=is_slow)
        self._place = place
        self._channel = f"project:{place.project_id}"

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        position = {"recover": True, "epoch": self._place.epoch, "offset": self._place.offset}
        commands = [
            {"id": 1, "connect": {"token": self._place.token}},
            {"id": 2, "subscribe": {"channel": self._channel, **position}},
        ]
        try:
            await self.socket.send("\n".join(msgspec.json.encode(command).decode() for command in commands))
        except BaseException:
            await self.socket.drop()
            raise
        return self

    async def receive(self) -> list[bytes | Reset]:
        items: list[bytes | Reset] = []
        while not items:
            for line in _as_bytes(await self.socket.receive(seconds=3600)).split(b"\n"):
                if line == b"{}":
                    await self.socket.send("{}")
                elif line:
                    items += self._take(msgspec.json.decode(line, type=_Reply))
        return items

    def _take(self, reply: "_Reply") -> list[bytes | Reset]:
        if reply.error is not None:
            raise Ended(f"error {reply.error.code}")
        if reply.subscribe is not None:
            result = reply.subscribe
            if not result.recovered:
                return [Reset(result.epoch, result.offset)]
            return [bytes(pub.data) for pub in result.publications]
        push = reply.push
        if push is None or push.channel != self._channel:
            return []
        if push.unsubscribe is not None:
            raise Ended(f"unsubscribed {push.unsubscribe.code}")
        return [] if push.pub is None else [bytes(push.pub.data)]


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


class _Reply(msgspec.Struct):
    id: int = 0
    error: _Code | None = None
    subscribe: _Subscribed | None = None
    push: _Push | None = None
