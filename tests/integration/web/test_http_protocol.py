"""The HTTP protocol against peers that take their time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from roomful.gateway import error_response
from roomful.transport import http_protocol
from roomful.transport.http_protocol import HttpProtocol
from roomful.transport.websocket.options import SocketOptions
from tests.integration.web.test_raw_requests import Answer, read_answer

REQUEST = b"GET / HTTP/1.1\r\nHost: roomful.test\r\n\r\n"

OPTIONS = SocketOptions(render_error=error_response.render)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once, without a look at the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def swallow(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers when the whole body has come."""
    while (await receive()).get("more_body", False):
        pass
    await app(scope, receive, send)


@asynccontextmanager
async def connected(app: ASGIApp = app) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(app, http=HttpProtocol, ws="none", lifespan="off", log_config=None, timeout_keep_alive=5)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: HttpProtocol(config, state, {}, options=OPTIONS), "127.0.0.1", 0)
    async with listener:
        reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
        try:
            async with asyncio.timeout(10):
                yield reader, writer
        finally:
            writer.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.3)


def expect_refusal(answer: Answer) -> None:
    assert (answer.status, answer.json()["code"]) == (400, "BAD_REQUEST")


async def test_who_says_nothing_is_let_go() -> None:
    async with connected() as (reader, _):
        assert await reader.read() == b""


async def test_half_a_head_is_answered_and_let_go() -> None:
    async with connected() as (reader, writer):
        writer.write(REQUEST[:20])
        expect_refusal(await read_answer(reader))
        assert await reader.read() == b""


async def test_a_head_that_comes_byte_by_byte_buys_no_time() -> None:
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
async def test_an_idle_connection_is_not_kept_open_by_noise(noise: bytes) -> None:
    async with connected() as (reader, writer):
        writer.write(REQUEST)
        assert (await read_answer(reader)).status == 200
        writer.write(noise)
        if noise == b"G":
            expect_refusal(await read_answer(reader))
        assert await reader.read() == b""


async def test_a_body_that_nobody_reads_is_taken_for_a_while() -> None:
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


async def test_a_large_head_is_refused_though_it_comes_whole() -> None:
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


async def test_a_long_body_is_no_head() -> None:
    async with connected(swallow) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: roomful.test\r\nContent-Length: 500000\r\n\r\n" + b"a" * 500_000)
        assert (await read_answer(reader)).status == 200


async def test_nonsense_in_a_body_whose_answer_has_gone_out_adds_nothing() -> None:
    async with connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: roomful.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert (await read_answer(reader)).status == 200
        writer.write(b"no chunk\r\n")
        assert await reader.read() == b""
