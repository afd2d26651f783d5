"""The transport port under another ASGI server: uvicorn with its own protocol class."""

import asyncio
import logging

import pytest
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from roomful.transport.asgi_transport import AsgiTransport
from tests.support.asgi_server import AsgiServer
from tests.support.raw_socket import RawSocket
from tests.support.websockets import Session, client, closed_with, send, until, within


class Served:
    """An application that gives a session the socket, and runs a task until it ends."""

    def __init__(
        self, *, max_message_bytes: int = 1 << 20, send_bound: int = 1 << 20, drain_seconds: float = 20
    ) -> None:
        self.sessions: list[Session] = []
        self._max_message_bytes = max_message_bytes
        self._send_bound = send_bound
        self._drain_seconds = drain_seconds
        self._opened = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        transport = AsgiTransport(
            websocket,
            max_message_bytes=self._max_message_bytes,
            send_bound=self._send_bound,
            drain_seconds=self._drain_seconds,
        )
        session = Session(transport)
        self.sessions.append(session)
        self._opened.set()
        await transport.run(on_message=session.on_message, on_close=session.on_close, on_overflow=session.on_overflow)

    async def opened(self) -> Session:
        await within(self._opened.wait())
        return self.sessions[-1]


def stock(app: Served) -> AsgiServer:
    return AsgiServer(app, ws="websockets-sansio")


async def test_carries_messages_both_ways_in_order() -> None:
    async with stock(Served()) as server, client(server.port) as connection:
        sent: list[str | bytes] = ["né€", b"\x00\xff", "", "x" * 100_000]
        for message in sent:
            await connection.send(message)
        assert [await within(connection.recv()) for _ in sent] == sent


async def test_a_peers_close_is_reported_once() -> None:
    app = Served()
    async with stock(app) as server, client(server.port) as connection:
        session = await app.opened()
        await connection.close(4321)
        await until(lambda: not server.state.tasks)
        assert session.endings == [4321]


async def test_a_lost_peer_is_reported_once() -> None:
    app = Served()
    async with stock(app) as server, RawSocket(server.port) as peer:
        await peer.open()
        session = await app.opened()
        peer.reset()
        send(session.transport, "into the void")
        await until(lambda: not server.state.tasks)
        assert len(session.endings) == 1


async def test_written_bytes_arrive_before_the_close() -> None:
    app = Served()
    async with stock(app) as server, client(server.port) as connection:
        session = await app.opened()
        send(session.transport, *(str(index) for index in range(100)))
        session.transport.close(4001, "é" * 100)
        send(session.transport, "never")
        assert session.endings == []
        assert [await within(connection.recv()) for _ in range(100)] == [str(index) for index in range(100)]
        assert await closed_with(connection) == (4001, "é" * 61)
        await until(lambda: not server.state.tasks)
        assert session.endings == [4001]


async def test_an_abort_ends_the_task() -> None:
    app = Served()
    async with stock(app) as server, client(server.port) as connection:
        session = await app.opened()
        session.transport.abort()
        assert await closed_with(connection) == (1006, "")
        await until(lambda: not server.state.tasks)
        assert session.endings == [1006]


async def test_a_sleeping_reader_overflows_and_its_task_ends() -> None:
    app = Served(send_bound=256 * 1024, drain_seconds=0.3)
    async with stock(app) as server:
        async with RawSocket(server.port, receive_buffer=4096) as sleeper:
            await sleeper.open()
            session = await app.opened()
            while not session.overflows:
                overflows = session.overflows
                send(session.transport, bytes(50_000))
                assert session.overflows == overflows, "told inside a write"
                await asyncio.sleep(0)
            await until(lambda: session.endings == [3008])
            await until(lambda: not server.state.tasks)
            assert session.overflows == 1
            sleeper.reset()


@pytest.mark.parametrize("close_code", [1009, 4413])
async def test_messages_are_limited(close_code: int) -> None:
    app = Served(max_message_bytes=10)
    async with stock(app) as server, client(server.port) as connection:
        session = await app.opened()
        session.transport.limit_messages(20, close_code=close_code)
        await connection.send("€" * 6)
        assert await within(connection.recv()) == "€" * 6
        await connection.send("€" * 7)
        assert (await closed_with(connection))[0] == close_code


async def test_reading_pauses() -> None:
    app = Served()
    async with stock(app) as server, client(server.port) as connection:
        session = await app.opened()
        session.transport.pause_reading()
        for text in ("a", "b", "c"):
            await connection.send(text)
        await asyncio.sleep(0.05)
        assert len(session.messages) <= 1
        session.transport.resume_reading()
        assert [await within(connection.recv()) for _ in range(3)] == ["a", "b", "c"]


async def test_a_fault_of_a_session_closes_its_socket(caplog: pytest.LogCaptureFixture) -> None:
    app = Served()
    async with stock(app) as server, client(server.port) as connection:
        session = await app.opened()
        session.endings.append(1)  # its next message raises because of this
        await connection.send("a")
        assert await closed_with(connection) == (1011, "internal error")
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == [
        "a session failed on a message"
    ]
