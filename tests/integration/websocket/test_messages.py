"""Messages through an ordinary ASGI WebSocket, and back-pressure both ways."""

import asyncio
import os

import pytest
from starlette.types import Receive, Scope, Send

from tests.support.asgi_server import AsgiServer
from tests.support.raw_socket import BINARY, CONT, FIN, PING, PONG, TEXT, RawSocket, masked
from tests.support.websockets import (
    Detached,
    client,
    echo,
    until,
    within,
)


@pytest.mark.parametrize("is_detached", [False, True], ids=["ordinary", "detached"])
async def test_carries_messages_of_every_size(is_detached: bool) -> None:
    async with AsgiServer(Detached() if is_detached else echo) as server, client(server.port) as connection:
        for size in (0, 1, 2, 125, 126, 127, 1000, 65535, 65536, 65537, 200_000):
            data = os.urandom(size)
            text = ("né€𝄞" * (size // 4 + 1))[:size]
            for message in (data, text):
                await connection.send(message)
                assert await within(connection.recv()) == message


@pytest.mark.parametrize("is_detached", [False, True], ids=["ordinary", "detached"])
async def test_takes_fragments_and_answers_a_ping_between_them(is_detached: bool) -> None:
    async with AsgiServer(Detached() if is_detached else echo) as server, RawSocket(server.port) as peer:
        await peer.open()
        peer.writer.write(
            masked(TEXT, b"\xe2\x82") + masked(FIN | PING, b"still there?") + masked(CONT) + masked(FIN | CONT, b"\xac")
        )
        pong, message = await peer.read(), await peer.read()
        assert (pong.opcode, pong.payload) == (PONG, b"still there?")
        assert (message.first, message.payload) == (FIN | TEXT, "€".encode())


async def test_takes_frames_that_come_byte_by_byte() -> None:
    async with AsgiServer(echo) as server, RawSocket(server.port) as peer:
        await peer.open()
        for byte in masked(FIN | TEXT, b"x" * 130):
            peer.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        assert (await peer.read()).payload == b"x" * 130


async def test_the_scope_has_the_requests_data() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await send({"type": "websocket.accept", "subprotocol": "two", "headers": [(b"x-told", b"yes")]})

    headers = ["Sec-WebSocket-Protocol: one, two", "Cookie: a=b"]
    async with AsgiServer(app, root_path="/api") as server:
        async with RawSocket(server.port, "/r%C3%A9/a?b=%20c", headers=headers) as peer:
            await peer.open()
        scope = seen[0]
        assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/api/ré/a", b"/api/r%C3%A9/a", b"b=%20c")
        assert (scope["type"], scope["scheme"], scope["subprotocols"]) == ("websocket", "ws", ["one", "two"])
        assert scope["client"] == peer.writer.get_extra_info("sockname")
        assert scope["server"] == ("127.0.0.1", server.port)
        assert dict(scope["headers"])[b"cookie"] == b"a=b"
        assert (peer.status, peer.answer["sec-websocket-protocol"], peer.answer["x-told"]) == (101, "two", "yes")


@pytest.mark.parametrize("detaches", [False, True], ids=["ordinary", "detached"])
async def test_receives_in_order_what_came_before_it_was_accepted(detaches: bool) -> None:
    gate = asyncio.Event()
    inner = Detached() if detaches else echo

    async def hesitant(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await inner(scope, receive, send)

    async with AsgiServer(hesitant) as server, RawSocket(server.port) as peer:
        peer.writer.write(peer.request())
        await until(lambda: server.state.tasks)
        peer.send(FIN | TEXT, b"one")
        await peer.writer.drain()
        await asyncio.sleep(0.05)
        gate.set()
        await peer.read_answer()
        peer.send(FIN | TEXT, b"two")
        assert [(await peer.read()).payload for _ in range(2)] == [b"one", b"two"]


async def test_a_sender_waits_for_a_peer_that_does_not_read() -> None:
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send({"type": "websocket.accept"})
        while True:
            await send({"type": "websocket.send", "bytes": bytes(100_000)})
            sent += 1

    async with AsgiServer(app) as server, RawSocket(server.port, receive_buffer=4096) as peer:
        await peer.open()
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(0.2)
        assert sent * 100_000 < 4 * 1024 * 1024
        await peer.read()
        peer.reset()
        await until(lambda: not server.state.tasks)


async def test_a_peer_waits_for_an_application_that_does_not_receive() -> None:
    gate = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await gate.wait()
        await receive()
        for index in range(40):
            assert (await receive())["bytes"] == bytes([index]) * 1_000_000
        await send({"type": "websocket.close", "code": 4000})

    async with AsgiServer(app) as server, RawSocket(server.port) as peer:
        await peer.open()
        for index in range(40):
            peer.send(FIN | BINARY, bytes([index]) * 1_000_000)
        with pytest.raises(TimeoutError):
            await within(peer.writer.drain(), 0.5)
        gate.set()
        assert (await peer.read()).close == (4000, "")
