"""The end of a WebSocket: the close codes that each side gets."""

import asyncio
import logging

import pytest
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from roomful.transport.websocket.options import SocketOptions
from tests.support.asgi_server import AsgiServer
from tests.support.proxies import delaying_proxy
from tests.support.raw_socket import CLOSE, FIN, TEXT, RawSocket
from tests.support.websockets import (
    client,
    closed_with,
    echo,
    endings,
    until,
    within,
)


async def test_an_application_learns_the_peers_close_code_and_reason() -> None:
    async with AsgiServer(echo) as server, client(server.port) as connection:
        await within(connection.close(4321, "adiós"))
        await until(lambda: endings)
        assert endings == [(4321, "adiós")]
        assert connection.protocol.close_rcvd == connection.protocol.close_sent


@pytest.mark.parametrize("ending", ["reset", "end"])
async def test_a_lost_connection_is_1006(ending: str) -> None:
    async with AsgiServer(echo) as server, RawSocket(server.port) as peer:
        await peer.open()
        if ending == "reset":
            peer.reset()
        else:
            peer.writer.close()
        await until(lambda: endings)
        assert endings == [(1006, "")]


async def test_a_close_without_a_code_is_1005() -> None:
    async with AsgiServer(echo) as server, RawSocket(server.port) as peer:
        await peer.open()
        peer.send(FIN | CLOSE)
        assert (await peer.read()).close == (1005, "")
        await peer.read_end()
        assert endings == [(1005, "")]


@pytest.mark.parametrize("size", [10, 1024 * 1024])
async def test_the_last_message_and_the_code_arrive_over_a_slow_network(size: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": bytes(size)})
        await send({"type": "websocket.close", "code": 4403, "reason": "no longer a member"})

    async def visit(port: int) -> None:
        async with client(port) as connection:
            assert len(await within(connection.recv())) == size
            assert await closed_with(connection) == (4403, "no longer a member")

    async with AsgiServer(app) as server, delaying_proxy(server.port, 0.05) as port:
        async with asyncio.TaskGroup() as visits:
            for _ in range(10):
                visits.create_task(visit(port))


async def test_a_long_reason_is_cut_at_a_character() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4401, "reason": "x" + "é" * 200})

    async with AsgiServer(app) as server, client(server.port) as connection:
        assert await closed_with(connection) == (4401, "x" + "é" * 61)


async def test_a_peer_that_never_answers_a_close_is_dropped() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})

    async with AsgiServer(app, options=SocketOptions(close_seconds=0.2)) as server, RawSocket(server.port) as peer:
        await peer.open()
        assert (await peer.read()).close == (1000, "")
        peer.send(FIN | TEXT, b"not an answer")
        await peer.read_end()
        await until(lambda: not server.state.connections)


async def test_a_failed_application_closes_with_1011(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        raise ZeroDivisionError

    async with AsgiServer(app) as server, client(server.port) as connection:
        assert await closed_with(connection) == (1011, "")
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == [
        "a WebSocket application failed"
    ]


async def test_an_application_that_returns_closes_with_1000() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})

    async with AsgiServer(app) as server, client(server.port) as connection:
        assert await closed_with(connection) == (1000, "")


async def test_an_application_that_raises_the_disconnect_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        await websocket.receive_text()

    async with AsgiServer(app) as server, RawSocket(server.port) as peer:
        await peer.open()
        peer.reset()
        await until(lambda: not server.state.tasks)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_sending_after_the_end_raises() -> None:
    raised: list[Exception] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        assert (await receive())["type"] == "websocket.disconnect", "and says it again to whoever asks again"
        try:
            await send({"type": "websocket.send", "text": "too late"})
        except OSError as error:
            raised.append(error)

    async with AsgiServer(app) as server:
        async with client(server.port):
            pass
        await until(lambda: raised)
