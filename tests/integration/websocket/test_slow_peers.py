"""Peers that read slowly, never read, or are gone."""

import asyncio
import gc
import socket

import pytest
from starlette.types import Receive, Scope, Send

from roomful.transport.websocket.frames import PLAIN
from roomful.transport.websocket.options import DEFAULTS, SocketOptions
from roomful.transport.websocket.protocol import WebSocketProtocol
from roomful.transport.websocket.scope import EXTENSION
from tests.support.asgi_server import AsgiServer
from tests.support.raw_socket import BINARY, CLOSE, FIN, PING, TEXT, RawSocket
from tests.support.websockets import (
    Detached,
    client,
    echo,
    endings,
    open_descriptors,
    until,
    within,
)


async def test_a_sleeping_reader_is_cut_off_and_disturbs_nobody() -> None:
    app = Detached(send_bound=256 * 1024)
    options = SocketOptions(drain_seconds=0.5, close_seconds=0.5)
    async with AsgiServer(app, options=options) as server:
        async with RawSocket(server.port, receive_buffer=4096) as sleeper, client(server.port) as healthy:
            await app.opened()
            await sleeper.open()
            await app.opened()
            before = open_descriptors()
            awake, asleep = app.sessions
            transports = [asleep.transport, awake.transport]
            received = 0
            for index in range(2000):
                chunk = PLAIN.frame([b"%06d" % index + bytes(994)], text=False)
                overflows = asleep.overflows
                for transport in transports:
                    transport.write(chunk)
                assert asleep.overflows == overflows, "told inside a write"
                if index % 10 == 0:
                    await asyncio.sleep(0)
                while awake.transport.pending_bytes > 64 * 1024:
                    assert int((await within(healthy.recv()))[:6]) == received
                    received += 1
            for index in range(received, 2000):
                assert int((await within(healthy.recv()))[:6]) == index
            assert (asleep.overflows, awake.overflows) == (1, 0)
            assert asleep.endings == [3008]
            await until(lambda: len(server.state.connections) == 1, 5)
            await until(lambda: open_descriptors() < before, 5)


async def test_a_slow_reader_that_wakes_up_in_time_gets_everything() -> None:
    app = Detached(send_bound=256 * 1024)
    async with AsgiServer(app) as server, RawSocket(server.port, receive_buffer=4096) as peer:
        await peer.open()
        session = await app.opened()
        written = 0
        while not session.overflows:
            session.transport.write(PLAIN.frame([bytes(1000)], text=False))
            written += 1
            await asyncio.sleep(0)
        for _ in range(written):
            frame = await peer.read()
            assert frame.opcode == BINARY
        assert (await peer.read()).close == (3008, "slow")
        peer.send(FIN | CLOSE, (3008).to_bytes(2, "big"))
        await peer.read_end()


async def test_a_socket_that_detaches_with_a_backlog_is_bounded() -> None:
    app = Detached(send_bound=1024 * 1024)

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": bytes(1024 * 1024)})
        app.detach(scope["extensions"][EXTENSION])

    async with AsgiServer(late, options=SocketOptions(drain_seconds=0.2)) as server:
        async with RawSocket(server.port, receive_buffer=4096) as peer:
            await peer.open()
            session = await app.opened()
            assert 64 * 1024 < session.transport.pending_bytes < 1024 * 1024
            for _ in range(2000):
                session.transport.write(PLAIN.frame([bytes(1000)], text=False))
            await until(lambda: session.endings == [3008])


async def test_an_ordinary_socket_is_pinged_and_closed_without_an_answer() -> None:
    async with AsgiServer(echo, ws_ping_interval=0.1, ws_ping_timeout=1.0) as server:
        async with client(server.port) as alive, RawSocket(server.port) as dead:
            await dead.open()
            assert (await dead.read()).opcode == PING
            assert (await dead.read()).close == (1011, "keepalive ping timeout")
            await alive.send("a")
            assert await within(alive.recv()) == "a"
            assert endings == [(1011, "keepalive ping timeout")]


async def test_tcp_options_bound_unsent_data_and_retries() -> None:
    app = Detached()
    async with AsgiServer(app) as server, client(server.port):
        session = await app.opened()
        assert isinstance(session.transport, WebSocketProtocol)
        accepted = session.transport.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
        kept = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        assert kept <= 2 * DEFAULTS.kernel_send_bytes  # Linux adds its overhead and reports twice as much


@pytest.mark.parametrize("is_detached", [False, True], ids=["ordinary", "detached"])
async def test_crowds_that_come_and_go_leave_nothing(is_detached: bool) -> None:
    app = Detached()
    living = living_protocols()
    async with AsgiServer(app if is_detached else echo) as server:
        before = open_descriptors()

        async def visit(index: int) -> None:
            async with RawSocket(server.port) as peer:
                if index % 5 == 0:
                    peer.writer.write(peer.request())
                    await peer.writer.drain()
                    return peer.reset()
                await peer.open()
                if index % 2:
                    peer.send(FIN | TEXT, b"a")
                if index % 2 and index % 3:
                    await peer.read()
                return peer.reset()

        for round_ in range(20):
            async with asyncio.TaskGroup() as crowd:
                for index in range(25):
                    crowd.create_task(visit(round_ * 25 + index))
        await until(lambda: not server.state.connections and not server.state.tasks)
        await until(lambda: open_descriptors() <= before)
        if is_detached:
            assert {tuple(session.endings) for session in app.sessions} == {(1006,)}
            app.sessions.clear()
        assert living_protocols() <= living


def living_protocols() -> int:
    gc.collect()
    return sum(isinstance(one, WebSocketProtocol) for one in gc.get_objects())
