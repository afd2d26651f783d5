"""The opening handshake, accepted and refused."""

import asyncio
import json
from contextlib import suppress

import pytest
from starlette.types import Message, Receive, Scope, Send

from roomful.transport.websocket.options import SocketOptions
from tests.support.asgi_server import AsgiServer
from tests.support.raw_socket import RawSocket
from tests.support.websockets import echo


async def test_the_application_may_answer_a_refused_handshake() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
        await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b'{"error":', "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b'"no token"}'})

    async with AsgiServer(app) as server, RawSocket(server.port) as peer:
        peer.writer.write(peer.request())
        body = await peer.read_answer()
        assert (peer.status, json.loads(body)) == (401, {"error": "no token"})
        assert (peer.answer["content-type"], peer.answer["www-authenticate"]) == ("application/json", "Bearer")
        await peer.read_end()


@pytest.mark.parametrize(
    ("answer", "status"),
    [({"type": "websocket.close"}, 403), (None, 500), (ZeroDivisionError(), 500)],
    ids=["closes", "returns", "raises"],
)
async def test_not_accepting_refuses(answer: Message | Exception | None, status: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            await send(answer)

    async with AsgiServer(app) as server, RawSocket(server.port) as peer:
        peer.writer.write(peer.request())
        body = json.loads(await peer.read_answer())
        assert peer.status == status
        assert set(body) == {"error", "code", "request_id"}
        await peer.read_end()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"GET / ", b"POST / "), 405),
        ((b"Version: 13", b"Version: 8"), 426),
        ((b"Sec-WebSocket-Version: 13\r\n", b""), 426),
        ((b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Key: AAAA"), 400),
        ((b"Sec-WebSocket-Key: ", b"X-Key: "), 400),
        ((b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 13\r\nX-Long: " + b"x" * 40_000), 400),
    ],
)
async def test_a_malformed_handshake_is_refused(change: tuple[bytes, bytes], status: int) -> None:
    async with AsgiServer(echo) as server, RawSocket(server.port) as peer:
        peer.writer.write(peer.request().replace(*change))
        await peer.read_answer()
        assert peer.status == status
        assert server.state.tasks == set()
        await peer.read_end()


async def test_a_handshake_that_takes_too_long_is_answered() -> None:
    outcome: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        outcome.append((await receive())["type"])
        with suppress(OSError):
            await send({"type": "websocket.accept"})
            outcome.append("accepted")

    async with AsgiServer(app, options=SocketOptions(handshake_seconds=0.2)) as server, RawSocket(server.port) as peer:
        peer.writer.write(peer.request())
        await peer.read_answer()
        assert peer.status == 503
        await peer.read_end()
        assert outcome == ["websocket.disconnect"]


async def test_a_header_cannot_smuggle_in_a_line() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept", "headers": [(b"x", b"a\r\nset-cookie: b")]})

    async with AsgiServer(app) as server, RawSocket(server.port) as peer:
        await peer.open()
        assert peer.status == 500


@pytest.mark.parametrize("ending", ["the client goes", "it takes too long"])
async def test_an_application_whose_client_left_is_cancelled(ending: str) -> None:
    has_begun, has_ended = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        has_begun.set()
        try:
            await asyncio.Event().wait()  # as if waiting for the database
        finally:
            has_ended.set()

    seconds = 0.2 if ending == "it takes too long" else 10.0
    options = SocketOptions(handshake_seconds=seconds)
    async with asyncio.timeout(20), AsgiServer(app, options=options) as server, RawSocket(server.port) as peer:
        peer.writer.write(peer.request())
        await has_begun.wait()
        if ending == "the client goes":
            peer.reset()
        await has_ended.wait()


async def test_an_application_may_finish_after_its_answer() -> None:
    has_answered, has_finished = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.close"})
        has_answered.set()
        await asyncio.sleep(0.05)  # such as the end of a middleware
        has_finished.set()

    async with asyncio.timeout(20), AsgiServer(app) as server, RawSocket(server.port) as peer:
        peer.writer.write(peer.request())
        await has_answered.wait()
        peer.reset()
        await has_finished.wait()
