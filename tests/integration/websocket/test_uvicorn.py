"""The class in uvicorn: its shutdown, its workers."""

import asyncio
import pickle

import pytest

from roomful.transport.websocket.options import SocketOptions
from roomful.transport.websocket.protocol import websocket_protocol
from tests.support.asgi_server import AsgiServer
from tests.support.raw_socket import RawSocket
from tests.support.websockets import (
    Detached,
    client,
    closed_with,
    echo,
    send,
    within,
)


@pytest.mark.parametrize("is_detached", [False, True], ids=["ordinary", "detached"])
async def test_a_stopping_server_closes_with_1012(is_detached: bool) -> None:
    app = Detached()
    async with AsgiServer(app if is_detached else echo) as server, client(server.port) as connection:
        async with asyncio.TaskGroup() as tasks:
            stopping = tasks.create_task(server.stop())
            assert await closed_with(connection) == (1012, "server restart")
        await stopping
        assert [session.endings for session in app.sessions] == ([[1012]] if is_detached else [])


async def test_a_stopping_server_leaves_the_code_that_the_application_gave() -> None:
    app = Detached()
    async with AsgiServer(app) as server, client(server.port) as connection:
        session = await app.opened()
        session.transport.close(3001, "shutdown")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.stop())
            assert await closed_with(connection) == (3001, "shutdown")


async def test_a_stopping_server_waits_for_sessions_to_close() -> None:
    def depart() -> None:
        shutdowns.append("begun")
        asyncio.get_running_loop().call_later(0.2, app.sessions[0].transport.close, 3001, "shutdown")

    shutdowns: list[str] = []
    app = Detached(on_shutdown=depart)
    async with AsgiServer(app) as server, client(server.port) as connection:
        await app.opened()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.stop())
            assert await closed_with(connection) == (3001, "shutdown")
        assert shutdowns == ["begun"]


async def test_a_frozen_peer_does_not_hold_up_a_stop() -> None:
    app = Detached()
    async with AsgiServer(app, timeout_graceful_shutdown=1) as server:
        async with RawSocket(server.port, receive_buffer=4096) as peer:
            await peer.open()
            session = await app.opened()
            send(session.transport, bytes(900_000))
            await within(server.stop(), 4)


def test_the_class_with_its_options_goes_to_worker_processes() -> None:
    copy = pickle.loads(pickle.dumps(websocket_protocol(SocketOptions(deflate=True))))
    assert copy.keywords["options"].deflate
