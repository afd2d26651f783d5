"""The HTTP protocol against peers that take their time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from roomful.gateway import error_response
from roomful.gateway.silent_connections import SilentConnections
from roomful.transport import http_protocol
from roomful.transport.http_protocol import ConnectionGate, HttpProtocol
from roomful.transport.unauthenticated import Place, UnauthenticatedSockets
from roomful.transport.websocket.options import SocketOptions
from tests.integration.web.test_raw_requests import Answer, read_answer

REQUEST = b"GET / HTTP/1.1\r\nHost: roomful.test\r\n\r\n"

OPTIONS = SocketOptions(render_error=error_response.render)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once, without reading the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def swallow(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers once the whole body has come."""
    while (await receive()).get("more_body", False):
        pass
    await app(scope, receive, send)


class Gate:
    """Lets everybody in, for so long."""

    def __init__(self, seconds: int, *, is_proxy: bool = False) -> None:
        self._seconds = seconds
        self._is_proxy = is_proxy

    def enter(self, address: str, /) -> Place:
        return UnauthenticatedSockets(0).enter(address)

    def idle_seconds(self, address: str, /) -> int:
        return self._seconds

    def is_trusted(self, address: str, /) -> bool:
        return self._is_proxy


@asynccontextmanager
async def connected(
    app: ASGIApp = app, gate: ConnectionGate | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(app, http=HttpProtocol, ws="none", lifespan="off", log_config=None, timeout_keep_alive=5)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    make = partial(HttpProtocol, config, state, {}, options=OPTIONS, silent_connections=gate)
    listener = await loop.create_server(make, "127.0.0.1", 0)
    async with listener:
        reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
        try:
            async with asyncio.timeout(10):
                yield reader, writer
        finally:
            writer.close()


@pytest.fixture(autouse=True)
def _short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.3)


def expect_refusal(answer: Answer) -> None:
    assert (answer.status, answer.json()["code"]) == (400, "BAD_REQUEST")


async def test_a_silent_connection_is_closed() -> None:
    async with connected() as (reader, _):
        assert await reader.read() == b""


async def test_half_a_head_is_answered_and_closed() -> None:
    async with connected() as (reader, writer):
        writer.write(REQUEST[:20])
        expect_refusal(await read_answer(reader))
        assert await reader.read() == b""


async def test_a_slow_head_gets_no_extra_time() -> None:
    async with connected() as (reader, writer):
        began = asyncio.get_running_loop().time()

        async def trickle() -> None:
            for byte in REQUEST[:-1]:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.03)

        async with asyncio.TaskGroup() as group:
            trickling = group.create_task(trickle())
            answer = await read_answer(reader)
            trickling.cancel()
        expect_refusal(answer)
        assert asyncio.get_running_loop().time() - began < 1


@pytest.mark.parametrize("noise", [b"\r\n", b"G"])
async def test_noise_does_not_keep_an_idle_connection_open(noise: bytes) -> None:
    async with connected() as (reader, writer):
        writer.write(REQUEST)
        assert (await read_answer(reader)).status == 200
        writer.write(noise)
        if noise == b"G":
            expect_refusal(await read_answer(reader))
        assert await reader.read() == b""


@pytest.mark.parametrize("seconds", [0, 60])
async def test_an_idle_connection_is_kept_as_long_as_its_address_may(seconds: int) -> None:
    async with connected(gate=Gate(seconds)) as (reader, writer):
        writer.write(REQUEST)
        assert (await read_answer(reader)).status == 200
        if seconds == 0:
            assert await reader.read() == b""
        else:
            await asyncio.sleep(0.2)
            writer.write(REQUEST)
            assert (await read_answer(reader)).status == 200


async def test_a_connection_that_a_proxy_opened_in_advance_is_kept_as_long() -> None:
    async with connected(gate=Gate(60, is_proxy=True)) as (reader, writer):
        await asyncio.sleep(0.5)
        writer.write(REQUEST)
        assert (await read_answer(reader)).status == 200


async def test_the_head_of_a_proxy_has_no_longer_than_others() -> None:
    async with connected(gate=Gate(60, is_proxy=True)) as (reader, writer):
        writer.write(REQUEST[:20])
        expect_refusal(await read_answer(reader))
        assert await reader.read() == b""


def test_connections_are_kept_longer_than_their_clients_reuse_them() -> None:
    connections = SilentConnections(0, [ip_network("10.0.0.0/8")])
    assert connections.idle_seconds("192.0.2.1") > 5  # httpx, for one
    assert connections.idle_seconds("10.1.2.3") > 120  # Caddy
    assert connections.idle_seconds("") > 120  # a proxy at a Unix socket


async def test_an_unread_body_is_drained_for_a_while() -> None:
    async with connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: roomful.test\r\nContent-Length: 1000000\r\n\r\n")
        assert (await read_answer(reader)).status == 200
        for _ in range(10):
            writer.write(b"a" * 50_000)
            await writer.drain()
        assert await reader.read() == b""


async def test_requests_in_time_share_a_connection() -> None:
    async with connected() as (reader, writer):
        for _ in range(4):
            writer.write(REQUEST)
            assert (await read_answer(reader)).status == 200
            await asyncio.sleep(0.2)


async def test_a_head_without_end_is_refused_by_its_size() -> None:
    async with connected() as (reader, writer):
        writer.write(REQUEST[:-2] + b"X: " + b"a" * (http_protocol.MAX_HEAD_BYTES + 1))
        expect_refusal(await read_answer(reader))


async def test_a_large_head_in_one_piece_is_refused() -> None:
    large = REQUEST[:-2] + b"X: " + b"a" * (http_protocol.MAX_HEAD_BYTES + 6 * 1024) + b"\r\n\r\n"
    async with connected() as (reader, writer):
        writer.write(large)
        expect_refusal(await read_answer(reader))
        assert await reader.read() == b""


async def test_many_small_headers_are_a_large_head() -> None:
    async with connected() as (reader, writer):
        writer.write(REQUEST[:-2] + b"X: a\r\n" * 12_000 + b"\r\n")
        expect_refusal(await read_answer(reader))


async def test_the_second_of_two_heads_in_one_read_is_bounded_too() -> None:
    async with connected() as (reader, writer):
        writer.write(REQUEST + REQUEST[:-2] + b"X: " + b"a" * http_protocol.MAX_HEAD_BYTES + b"\r\n\r\n")
        assert (await reader.read()).count(b" 200 ") <= 1


@pytest.mark.parametrize("noise", [b"X: " + b"a" * 8_000 + b"\r\n", b"a" * 8_000], ids=["many trailers", "a long one"])
async def test_trailers_without_end_are_refused(noise: bytes) -> None:
    async with connected(swallow) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: roomful.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                writer.write(noise)
                await writer.drain()
                await asyncio.sleep(0)
        with contextlib.suppress(ConnectionResetError):
            assert b" 200 " not in await reader.read()


async def test_a_long_body_is_not_limited_like_a_head() -> None:
    async with connected(swallow) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: roomful.test\r\nContent-Length: 500000\r\n\r\n" + b"a" * 500_000)
        assert (await read_answer(reader)).status == 200


async def test_garbage_in_a_body_after_its_answer_is_ignored() -> None:
    async with connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: roomful.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert (await read_answer(reader)).status == 200
        writer.write(b"no chunk\r\n")
        assert await reader.read() == b""
