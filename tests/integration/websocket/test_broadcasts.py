"""Broadcasts to many sockets, past their transports: nothing is lost, doubled, reordered, or misdelivered."""

import asyncio
import os
import random

import pytest

from roomful.transport.websocket import direct
from roomful.transport.websocket.direct import NOT_DIRECT, SendEach
from roomful.transport.websocket.frames import PLAIN
from roomful.transport.websocket.protocol import WebSocketProtocol
from tests.conftest import absent
from tests.support.asgi_server import AsgiServer
from tests.support.raw_socket import CLOSE, FIN, RawSocket
from tests.support.websockets import Detached, client, send, until, within


def sockets_of(app: Detached) -> list[WebSocketProtocol]:
    found = []
    for session in app.sessions:
        assert isinstance(session.transport, WebSocketProtocol)
        if not session.endings:
            found.append(session.transport)
    return found


@pytest.fixture(params=["in C", "in Python"])
def send_each(request: pytest.FixtureRequest) -> SendEach:
    """Both loops that broadcasts may run in."""
    if request.param == "in Python":
        return direct.send_each_in_python
    if not direct.IS_NATIVE:
        absent("the loop of broadcasts in C: there was no C compiler at installation")
    return direct.send_each


@pytest.fixture(autouse=True)
def used_by_broadcasts(send_each: SendEach, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "send_each", send_each)


def broadcast(app: Detached, *messages: bytes) -> None:
    """Like a channel whose subscribers leave when their sessions end."""
    PLAIN.broadcast(PLAIN.frame(messages, text=True), sockets_of(app))


async def test_both_loops_stop_at_the_first_socket_that_is_full(send_each: SendEach) -> None:
    app = Detached(send_bound=1 << 30)
    async with (
        AsgiServer(app) as server,
        RawSocket(server.port) as other,
        RawSocket(server.port, receive_buffer=4096) as slow,
    ):
        await other.open()
        await app.opened()
        await slow.open()
        await app.opened()
        ready, full = sockets_of(app)
        gone = direct.DirectSocket()
        gone.descriptor = NOT_DIRECT
        chunk = PLAIN.frame([bytes(3000)], text=False)
        assert isinstance(chunk, bytes)
        while (stopped := send_each(chunk, [ready, full], 0)) is None:
            pass
        place, sent = stopped
        assert place in (0, 1)
        assert 0 <= sent < len(chunk)
        assert send_each(chunk, [gone, ready], 0) == (0, 0)
        assert send_each(chunk, [gone], 1) is None
        assert send_each(chunk, [], 0) is None
        # The transport finds out which sockets are closed.
        gone.descriptor = os.open(os.devnull, os.O_RDONLY)
        os.close(gone.descriptor)
        assert send_each(chunk, [gone], 0) == (0, 0)


async def test_broadcast_goes_straight_to_sockets_with_nothing_waiting() -> None:
    app = Detached()
    async with AsgiServer(app) as server, client(server.port) as connection:
        session = await app.opened()
        (socket,) = sockets_of(app)
        assert socket.descriptor == NOT_DIRECT
        send(session.transport, "a reply")
        broadcast(app, b"an event")
        assert socket.descriptor != NOT_DIRECT  # after the first
        send(session.transport, "another reply")
        broadcast(app, b"two", b"more")
        assert [await within(connection.recv()) for _ in range(5)] == [
            "a reply",
            "an event",
            "another reply",
            "two",
            "more",
        ]


async def test_broadcast_does_not_overtake_bytes_waiting_for_a_slow_reader() -> None:
    app = Detached(send_bound=1 << 30)
    async with AsgiServer(app) as server, RawSocket(server.port, receive_buffer=4096) as slow:
        await slow.open()
        session = await app.opened()
        (socket,) = sockets_of(app)
        was_waiting = False
        for number in range(400):
            text = b"%06d" % number + bytes(4000)
            if number % 3:
                broadcast(app, text)
            else:
                send(session.transport, text.decode())
            was_waiting |= socket.descriptor == NOT_DIRECT
        assert was_waiting
        for number in range(400):
            assert (await slow.read()).payload[:6] == b"%06d" % number
        await until(lambda: socket.descriptor != NOT_DIRECT)  # straight again, once all bytes have left
        broadcast(app, b"caught up")
        assert (await slow.read()).payload == b"caught up"


async def test_nothing_is_broadcast_after_a_close_frame() -> None:
    app = Detached()
    async with AsgiServer(app) as server, RawSocket(server.port) as peer:
        await peer.open()
        session = await app.opened()
        sockets = sockets_of(app)
        session.transport.close(4001, "enough")
        PLAIN.broadcast(PLAIN.frame([b"never"], text=True), sockets)
        assert (await peer.read()).close == (4001, "enough")
        peer.send(FIN | CLOSE, (4001).to_bytes(2, "big"))
        await peer.read_end()


async def test_broadcast_to_a_closed_socket_writes_to_nobody() -> None:
    app = Detached()
    async with AsgiServer(app) as server:
        async with client(server.port):
            await app.opened()
            gone = sockets_of(app)
            descriptor = gone[0].descriptor
        await until(lambda: not server.state.connections)
        async with client(server.port) as heir:
            session = await app.opened()
            # The system gives the smallest free descriptor: the new socket has that of the closed one.
            assert {socket.descriptor for socket in sockets_of(app)} == {descriptor}
            PLAIN.broadcast(PLAIN.frame([b"not for you"], text=True), gone)
            send(session.transport, "for you")
            assert await within(heir.recv()) == "for you"


async def test_readers_get_exactly_the_broadcasts_of_their_time() -> None:
    """Descriptors are reused all the time, by sockets that are closed, aborted, reset and left half-open."""
    app = Detached()
    dice = random.Random(7)
    descriptors: list[int] = []
    number = 0
    async with AsgiServer(app) as server:

        async def visit() -> None:
            async with RawSocket(server.port) as peer:
                await peer.open()
                numbers = [int((await peer.read()).payload) for _ in range(dice.randint(1, 20))]
                assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
                match dice.randrange(3):
                    case 0:
                        peer.send(FIN | CLOSE, (1000).to_bytes(2, "big"))
                        while (frame := await peer.read()).opcode != CLOSE:
                            numbers.append(int(frame.payload))
                        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
                    case 1:
                        peer.writer.transport.abort()

        async def come_and_go() -> None:
            for _ in range(25):
                await visit()

        async with asyncio.TaskGroup() as tasks:
            visitors = [tasks.create_task(come_and_go()) for _ in range(8)]
            while not all(visitor.done() for visitor in visitors):
                broadcast(app, b"%d" % number)
                number += 1
                descriptors += [each.descriptor for each in sockets_of(app) if each.descriptor != NOT_DIRECT]
                await asyncio.sleep(0)
        await until(lambda: not server.state.connections)
    assert len(app.sessions) == 200
    assert len(set(descriptors)) < len(app.sessions) / 2, "descriptors were not given away again"
