"""Large answers whose readers take their time."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from roomful.link.transport import Chunk, Transport
from roomful.transport import slow_answers
from roomful.transport.http_protocol import HttpProtocol
from roomful.transport.slow_answers import SlowAnswers
from roomful.transport.stream_body import EVENTS
from roomful.transport.streamed_response import StreamedResponse

MEGABYTE = 1_000_000


class Speaker:
    """A session that sends a lot at once."""

    def __init__(self, transport: Transport) -> None:
        transport.write(Chunk(b"x" * 8 * MEGABYTE))

    def receive(self, data: str | bytes) -> None: ...
    def overflow(self) -> None: ...
    def closed(self, code: int, /) -> None: ...


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The number of megabytes in the path, or a stream."""
    if scope["path"] == "/stream":
        answer = StreamedResponse(Speaker, EVENTS, send_bound=100 * MEGABYTE, on_shutdown=lambda: None)
        await answer(scope, receive, send)
        return
    body = b"x" * int(scope["path"][1:]) * MEGABYTE
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


class Server:
    def __init__(self, address: tuple[str, int], slow: SlowAnswers) -> None:
        self._address = address
        self._stack = AsyncExitStack()
        self.slow = slow

    async def ask(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send a request and read the first bytes of the answer, with a tiny receive buffer."""
        own = socket.socket()
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        own.setblocking(False)
        await asyncio.get_running_loop().sock_connect(own, self._address)
        reader, writer = await asyncio.open_connection(sock=own, limit=1_024)
        self._stack.callback(writer.close)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: roomful.test\r\n\r\n".encode())
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        return reader, writer


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(slow_answers, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(slow_answers, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(slow_answers, "LEAST_BYTES_PER_SECOND", 32_768)
    async with serving(SlowAnswers()) as server:
        yield server


@asynccontextmanager
async def serving(slow: SlowAnswers) -> AsyncIterator[Server]:
    config = uvicorn.Config(app, http=HttpProtocol, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
    make: Callable[[], asyncio.Protocol] = lambda: HttpProtocol(config, state, {}, slow_answers=slow)  # noqa: E731
    async with await asyncio.get_running_loop().create_server(make, sock=listener) as listening:
        server = Server(listening.sockets[0].getsockname(), slow)
        async with server._stack:
            yield server


async def read_to_its_end(reader: asyncio.StreamReader) -> int:
    count = 0
    with contextlib.suppress(ConnectionResetError):
        while data := await reader.read(65_536):
            count += len(data)
    return count


async def until_dropped(server: Server, count: int) -> None:
    async with asyncio.timeout(20):
        while server.slow.dropped < count:  # noqa: ASYNC110 - polled: nobody is told
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("trickles", [False, True])
async def test_a_reader_who_hardly_reads_is_dropped(server: Server, trickles: bool) -> None:
    reader, _ = await server.ask("/8")
    while trickles and not server.slow.dropped:
        await reader.read(10)
        await asyncio.sleep(0.05)
    await until_dropped(server, 1)
    assert await read_to_its_end(reader) < 8 * MEGABYTE


async def test_a_slow_reader_who_reads_gets_everything(server: Server) -> None:
    reader, _ = await server.ask("/2")
    count, began = 0, asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() < began + 1.5:
        count += len(await reader.read(1_024))
        await asyncio.sleep(0.01)
    count += await read_to_its_end(reader) if count < MEGABYTE else 0
    assert count > 2 * MEGABYTE - 8_192  # the block above had read the first line and part of the head
    assert server.slow.dropped == 0


async def test_the_largest_waiting_answer_is_dropped_first(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_answers, "GRACE_SECONDS", 60.0)
    monkeypatch.setattr(slow_answers, "MAX_WAITING_BYTES", 18 * MEGABYTE)
    small, _ = await server.ask("/6")
    large, _ = await server.ask("/12")
    other, _ = await server.ask("/6")
    await until_dropped(server, 1)
    assert await read_to_its_end(large) < 12 * MEGABYTE
    for reader in (small, other):
        count = 0
        while count < 6 * MEGABYTE - 1_000:
            count += len(await reader.read(65_536))
    assert server.slow.dropped == 1


async def test_a_stream_that_never_ends_bounds_itself(server: Server) -> None:
    await server.ask("/stream")
    reader, _ = await server.ask("/8")
    await until_dropped(server, 1)
    await asyncio.sleep(0.5)
    assert server.slow.dropped == 1
    assert await read_to_its_end(reader) < 8 * MEGABYTE
