"""One WebSocket connection that speaks the Centrifuge client protocol, in JSON."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from roomful_watch.errors import ConnectionLost, Refused, TokenExpired, of_status, unreachable
from roomful_watch.stream import Event, Joined, Left, Person, Position, Subscribed

REPLY_SECONDS = 10.0
"""Of silence: on a slow line a reply may take long, and is on its way as long as bytes come."""
LONGEST_REPLY_SECONDS = 120.0
CLOSE_SECONDS = 1.0
PING_GRACE_SECONDS = 10.0
MAX_FRAME_BYTES = 64 * 1024 * 1024
"""A server may be configured to send more at once than ours does."""
MAX_UNREAD = 10_000
"""Pushes kept while past events are read. Beyond that the socket stays unread, and the server cuts it off."""

T = TypeVar("T")

UNKNOWN_CHANNEL = 102
PERMISSION_DENIED = 103
TOKEN_EXPIRED = 109
CLOSE_EXPIRED = 3005
RESUBSCRIBE = 2500
"""From this code on, an ended subscription may be made again."""


class _Error(msgspec.Struct):
    code: int
    message: str = ""
    temporary: bool = False


class _ConnectResult(msgspec.Struct):
    client: str
    ping: int = 0
    pong: bool = False


class _Shown(msgspec.Struct, frozen=True):
    name: str = ""


class _ClientInfo(msgspec.Struct):
    user: str = ""
    client: str = ""
    conn_info: _Shown = _Shown()

    @property
    def person(self) -> Person:
        return Person(self.user, self.conn_info.name)


class _Publication(msgspec.Struct):
    data: msgspec.Raw
    offset: int = 0


class _SubscribeResult(msgspec.Struct):
    epoch: str = ""
    offset: int = 0
    recovered: bool = False
    publications: list[_Publication] = []


class _PresenceResult(msgspec.Struct):
    presence: dict[str, _ClientInfo] = {}


class _InfoPush(msgspec.Struct):
    info: _ClientInfo


class _Unsubscribe(msgspec.Struct):
    code: int = 0
    reason: str = ""


class _Push(msgspec.Struct):
    pub: _Publication | None = None
    join: _InfoPush | None = None
    leave: _InfoPush | None = None
    unsubscribe: _Unsubscribe | None = None


class _Reply(msgspec.Struct):
    """A reply to the command with this id, or a push, or a ping, which is neither."""

    id: int = 0
    error: _Error | None = None
    connect: _ConnectResult | None = None
    subscribe: _SubscribeResult | None = None
    presence: _PresenceResult | None = None
    push: _Push | None = None


_replies = msgspec.json.Decoder(_Reply)


class _Socket(ClientConnection):
    """A WebSocket that records when its last byte came, not only its last message."""

    heard_at = 0.0

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        super().data_received(data)

    async def while_heard(self, wait: Callable[[], Awaitable[T]], silence_seconds: float) -> T:
        """Wait as long as bytes come. Raises TimeoutError after this much silence; 0 is no limit."""
        began = time.monotonic()
        while True:
            silent_at = max(began, self.heard_at) + silence_seconds
            try:
                async with asyncio.timeout(silent_at - time.monotonic() if silence_seconds else None):
                    return await wait()
            except TimeoutError:
                if max(began, self.heard_at) + silence_seconds <= time.monotonic():
                    raise


@asynccontextmanager
async def open_connection(address: str, *, channel: str, token: str) -> AsyncIterator["CentrifugeConnection"]:
    """A signed-in connection for one channel, closed at the end of the block. Raises ConnectionLost and Refused."""
    try:
        # The server sends pings, so the library need not.
        opening = connect(
            address,
            create_connection=_Socket,
            ping_interval=None,
            max_size=MAX_FRAME_BYTES,
            close_timeout=CLOSE_SECONDS,
        )
        async with opening as socket:
            assert isinstance(socket, _Socket)  # `create_connection` above
            connection = CentrifugeConnection(socket, channel)
            reader = asyncio.get_running_loop().create_task(connection.read())
            try:
                await connection.sign_in(token)
                yield connection
            finally:
                reader.cancel()
                await asyncio.wait([reader])
    except InvalidStatus as answered:
        raise of_status(answered.response.status_code, bytes(answered.response.body or b"")) from answered
    except ConnectionClosed as closed:
        raise _failed_connection(closed) from closed
    except TimeoutError as late:
        raise ConnectionLost("the server does not answer") from late
    except (OSError, InvalidHandshake, msgspec.DecodeError) as failed:
        raise unreachable(failed) from failed


class CentrifugeConnection:
    """Sends one command at a time and waits for its reply; pushes that come meanwhile are kept for `pushes`.

    `read` runs as a task beside them, and answers the server's pings at any time.
    Made by `open_connection`, which also turns socket errors into ConnectionLost and Refused.
    """

    def __init__(self, socket: _Socket, channel: str) -> None:
        self._socket = socket
        self._channel = channel
        self._client = ""
        self._sends_pong = False
        self._silence_seconds = 0.0
        self._last_id = 0
        self._received: asyncio.Queue[_Reply | Exception] = asyncio.Queue(MAX_UNREAD)
        self._pushed: deque[_Push] = deque()

    async def read(self) -> None:
        """Read until the connection ends, and pass its error on to `_next`."""
        try:
            while True:
                frame = await self._socket.while_heard(self._next_frame, self._silence_seconds)
                for reply in _replies.decode_lines(frame):
                    if reply.id or reply.push is not None:
                        await self._received.put(reply)
                    elif self._sends_pong:
                        await self._socket.send("{}")
        except Exception as ended:  # raised again by `_next`
            await self._received.put(ended)

    async def sign_in(self, token: str) -> None:
        result = (await self._call("connect", {"token": token, "name": "roomful-watch"})).connect
        if result is None:
            raise ConnectionLost("the server answered connect with something else")
        self._client, self._sends_pong = result.client, result.pong
        self._silence_seconds = result.ping + PING_GRACE_SECONDS if result.ping else 0.0

    async def subscribe(self, position: Position) -> Subscribed:
        request: dict[str, Any] = {
            "channel": self._channel,
            "recoverable": True,
            "positioned": True,
            "join_leave": True,
        }
        if position.offset is not None:
            request |= {"recover": True, "offset": position.offset, "epoch": position.epoch}
        result = (await self._call("subscribe", request)).subscribe
        if result is None:
            raise ConnectionLost("the server answered subscribe with something else")
        events = tuple(_event(publication) for publication in result.publications)
        return Subscribed(result.epoch, result.offset, result.recovered, events)

    async def present(self) -> tuple[Person, ...]:
        result = (await self._call("presence", {"channel": self._channel})).presence
        infos = result.presence if result is not None else {}
        # A person may be here in several tabs.
        return tuple(dict.fromkeys(info.person for client, info in infos.items() if client != self._client))

    async def pushes(self) -> AsyncIterator[Event | Joined | Left]:
        while True:
            while self._pushed:
                push = self._pushed.popleft()
                if push.pub is not None:
                    yield _event(push.pub)
                elif push.join is not None and push.join.info.client != self._client:
                    yield Joined(push.join.info.person)
                elif push.leave is not None and push.leave.info.client != self._client:
                    yield Left(push.leave.info.person)
                elif push.unsubscribe is not None:
                    raise _unsubscribed(push.unsubscribe)
            self._keep(await self._next())

    async def _call(self, name: str, request: dict[str, Any]) -> _Reply:
        self._last_id += 1
        await self._socket.send(msgspec.json.encode({"id": self._last_id, name: request}), text=True)
        async with asyncio.timeout(LONGEST_REPLY_SECONDS):
            while True:
                reply = await self._socket.while_heard(self._next, REPLY_SECONDS)
                if reply.id == self._last_id:
                    if reply.error is not None:
                        raise _failed_command(reply.error)
                    return reply
                self._keep(reply)

    def _keep(self, received: _Reply) -> None:
        if received.push is not None:
            self._pushed.append(received.push)

    async def _next(self) -> _Reply:
        """The next reply or push. Raises the error that ended the connection."""
        received = await self._received.get()
        if isinstance(received, Exception):
            raise received
        return received

    async def _next_frame(self) -> bytes:
        return await self._socket.recv(decode=False)


def _event(publication: _Publication) -> Event:
    return Event(publication.offset, bytes(publication.data))


def _failed_command(error: _Error) -> Exception:
    if error.code == TOKEN_EXPIRED:
        return TokenExpired()
    if error.code in (UNKNOWN_CHANNEL, PERMISSION_DENIED):
        return Refused("there is no such project, or you are not a member of it")
    if error.temporary or error.code < 100:
        return ConnectionLost(error.message)
    return Refused(f"the server refused: {error.message} ({error.code})")


def _failed_connection(closed: ConnectionClosed) -> Exception:
    if closed.rcvd is None:
        return ConnectionLost("the connection broke")
    return _ended(closed.rcvd.code, closed.rcvd.reason)


def _ended(code: int, reason: str) -> Exception:
    if code == CLOSE_EXPIRED:
        return TokenExpired()
    reason = f"the server ended the connection: {reason or 'no reason given'} ({code})"
    if 3500 <= code < 4000 or 4500 <= code < 5000:
        return Refused(reason)
    return ConnectionLost(reason)


def _unsubscribed(push: _Unsubscribe) -> Exception:
    reason = f"the server ended the subscription: {push.reason or 'no reason given'} ({push.code})"
    return Refused(reason) if push.code < RESUBSCRIBE else ConnectionLost(reason)
