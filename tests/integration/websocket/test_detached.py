"""Sockets detached from their ASGI request."""

import asyncio
import gc

import pytest
from starlette.types import Receive, Scope, Send

from roomful.transport.http_protocol import HttpProtocol
from roomful.transport.websocket.frames import PLAIN
from roomful.transport.websocket.scope import EXTENSION
from tests.support.asgi_server import AsgiServer
from tests.support.raw_socket import CLOSE, FIN, PING, PONG, TEXT, RawSocket
from tests.support.websockets import (
    Detached,
    Session,
    client,
    closed_with,
    send,
    until,
    within,
)


async def test_detaching_frees_the_request() -> None:
    app = Detached()
    async with AsgiServer(app) as server, client(server.port) as connection:
        session = await app.opened()
        await until(lambda: not server.state.tasks)
        gc.collect()
        assert [scope() for scope in app.scopes] == [None]
        assert len(server.state.connections) == 1
        await connection.send("still here")
        assert await within(connection.recv()) == "still here"
        assert session.transport.heard()
        assert not session.transport.heard()


async def test_detaching_hands_over_what_has_arrived_and_how_it_ended() -> None:
    app = Detached()
    gate = asyncio.Event()

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        assert (await receive())["type"] == "websocket.connect"
        assert (await receive())["text"] == "0"
        await gate.wait()
        app.detach(scope["extensions"][EXTENSION])

    async with AsgiServer(late) as server, RawSocket(server.port) as peer:
        await peer.open()
        for index in range(10):
            peer.send(FIN | TEXT, str(index).encode())
        peer.send(FIN | CLOSE, (4000).to_bytes(2, "big"))
        assert (await peer.read()).close == (4000, "")
        gate.set()
        session = await app.opened()
        assert session.messages == [str(index) for index in range(1, 10)]
        assert session.endings == [4000]


async def test_only_an_accepted_socket_detaches_and_only_once() -> None:
    app = Detached()
    refused = 0

    async def eager(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal refused
        for _ in range(2):
            try:
                app.detach(scope["extensions"][EXTENSION])
            except RuntimeError:
                refused += 1
            if not refused:
                continue
            if refused == 1:
                await send({"type": "websocket.accept"})
                app.detach(scope["extensions"][EXTENSION])

    async with AsgiServer(eager) as server, client(server.port) as connection:
        await connection.send("a")
        assert await within(connection.recv()) == "a"
        assert refused == 2


async def test_a_session_is_told_once_and_not_within_its_own_call() -> None:
    app = Detached()
    async with AsgiServer(app) as server, client(server.port) as connection:
        session = await app.opened()
        session.transport.close(4001, "enough")
        session.transport.close(4002, "again")
        session.transport.write(PLAIN.frame([b"after the end"], text=True))
        session.transport.abort()
        assert session.endings == []
        await until(lambda: session.endings)
        assert session.endings == [4001]
        assert await closed_with(connection) == (4001, "enough")
        await until(lambda: not server.state.connections)
        assert session.endings == [4001]


async def test_nothing_follows_a_close() -> None:
    app = Detached()
    async with AsgiServer(app) as server, RawSocket(server.port) as peer:
        await peer.open()
        session = await app.opened()
        send(session.transport, "last")
        session.transport.close(4001, "enough")
        send(session.transport, "never")
        peer.send(FIN | TEXT, b"and nothing is received")
        assert (await peer.read()).payload == b"last"
        assert (await peer.read()).close == (4001, "enough")
        peer.send(FIN | CLOSE, (4001).to_bytes(2, "big"))
        await peer.read_end()
        assert (session.messages, session.endings) == ([], [4001])


async def test_an_aborted_socket_counts_as_lost() -> None:
    app = Detached()
    async with AsgiServer(app) as server, client(server.port) as connection:
        session = await app.opened()
        session.transport.abort()
        assert session.endings == []
        assert await closed_with(connection) == (1006, "")
        assert session.endings == [1006]


async def test_a_fault_of_one_session_closes_its_socket_only(caplog: pytest.LogCaptureFixture) -> None:
    app = Detached()
    async with AsgiServer(app) as server, client(server.port) as healthy, client(server.port) as faulty:
        await until(lambda: len(app.sessions) == 2)
        app.sessions[1].on_close(1)  # its next message raises because of this
        await faulty.send("a")
        assert await closed_with(faulty) == (1011, "internal error")
        await healthy.send("b")
        assert await within(healthy.recv()) == "b"
    assert "a session failed on a message" in caplog.text


class Faulty(Session):
    """Fails on a message, followed at once by a broadcast that does not know that it has left."""

    def on_message(self, data: str | bytes) -> None:
        asyncio.get_running_loop().call_soon(self.broadcast)
        raise RuntimeError("a fault")

    def broadcast(self) -> None:
        assert not self.endings
        PLAIN.broadcast(PLAIN.frame([b"behind the close frame"], text=True), [self.transport])


async def test_no_broadcast_follows_the_close_frame_of_a_failed_session() -> None:
    app = Detached(session=Faulty)
    async with AsgiServer(app) as server, RawSocket(server.port) as peer:
        await peer.open()
        session = await app.opened()
        peer.send(FIN | TEXT, b"a")
        assert (await peer.read()).close == (1011, "internal error")
        peer.send(FIN | CLOSE, (1011).to_bytes(2, "big"))
        await peer.read_end()
        assert session.endings == [1011]


async def test_pauses_reading() -> None:
    app = Detached()
    async with AsgiServer(app) as server, client(server.port) as connection:
        session = await app.opened()
        session.transport.pause_reading()
        await connection.send("a")
        await asyncio.sleep(0.05)
        assert session.messages == []
        session.transport.resume_reading()
        assert await within(connection.recv()) == "a"


async def test_a_paused_socket_closes_all_the_same() -> None:
    app = Detached()
    async with AsgiServer(app) as server, client(server.port) as connection:
        session = await app.opened()
        session.transport.pause_reading()
        session.transport.close(4001, "")
        assert await closed_with(connection) == (4001, "")
        await until(lambda: not server.state.connections)


@pytest.mark.parametrize("close_code", [1009, 4413])
async def test_the_message_limit_can_be_changed(close_code: int) -> None:
    app = Detached(max_message_bytes=10)
    async with AsgiServer(app) as server, client(server.port) as connection:
        session = await app.opened()
        session.transport.limit_messages(20, close_code=close_code)
        await connection.send("x" * 20)
        assert await within(connection.recv()) == "x" * 20
        await connection.send("x" * 21)
        assert (await closed_with(connection))[0] == close_code
        assert session.endings == [close_code]


async def test_pings_a_peer() -> None:
    app = Detached()
    async with AsgiServer(app) as server, RawSocket(server.port) as peer:
        await peer.open()
        session = await app.opened()
        session.transport.heard()
        assert session.transport.ping()
        assert (await peer.read()).opcode == PING
        assert not session.transport.heard()
        peer.send(FIN | PONG)
        await until(session.transport.heard)


async def test_nothing_of_the_request_waits_for_the_garbage_collector() -> None:
    """Ten thousand sockets at once would leave it two hundred thousand objects to scan."""
    app = Detached()
    async with AsgiServer(app) as server, client(server.port):
        await app.opened()  # objects that are made only once exist by now
        gc.collect()
        gc.disable()
        try:
            async with client(server.port):
                await app.opened()
                assert not [each for each in gc.get_objects() if isinstance(each, HttpProtocol)]
        finally:
            gc.enable()
