"""Peers that break the protocol, and their close codes."""

import pytest

from tests.support.asgi_server import AsgiServer
from tests.support.raw_socket import BINARY, CLOSE, CONT, FIN, PING, PONG, TEXT, RawSocket, masked
from tests.support.websockets import Detached, echo, endings, within


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(masked(FIN | 3), 1002, id="opcode"),
        pytest.param(b"\x81\x01a", 1002, id="not masked"),
        pytest.param(masked(FIN | TEXT, b"\xff\xfe"), 1007, id="not UTF-8"),
        pytest.param(masked(FIN | BINARY, bytes(70_000)), 1009, id="too big"),
        pytest.param(masked(BINARY) + masked(CONT, bytes(1000)) * 70, 1009, id="too big in fragments"),
        pytest.param(masked(TEXT) + masked(CONT) * 5000, 1008, id="empty fragments"),
        pytest.param(masked(FIN | PONG) * 5000, 1008, id="flood"),
    ],
)
@pytest.mark.parametrize("is_detached", [False, True], ids=["ordinary", "detached"])
async def test_a_peer_that_breaks_a_rule_is_told_which(is_detached: bool, data: bytes, code: int) -> None:
    detached = Detached(max_message_bytes=65536)
    async with AsgiServer(detached if is_detached else echo, ws_max_size=65536) as server:
        async with RawSocket(server.port) as peer:
            await peer.open()
            peer.writer.write(data)
            assert (await peer.read()).close[0] == code
            peer.send(FIN | CLOSE, code.to_bytes(2, "big"))
            await peer.read_end()
        ended = [session.endings for session in detached.sessions] if is_detached else [[code] for code, _ in endings]
        assert ended == [[code]]


async def test_a_peer_within_a_huge_message_sees_the_code() -> None:
    async with AsgiServer(echo, ws_max_size=65536) as server, RawSocket(server.port) as peer:
        await peer.open()
        peer.send(FIN | BINARY, bytes(16 * 1024 * 1024))
        await within(peer.writer.drain())
        assert (await peer.read()).close == (1009, "message too big")
        peer.send(FIN | CLOSE, (1009).to_bytes(2, "big"))
        await peer.read_end()


async def test_pings_are_answered_until_their_answers_pile_up() -> None:
    async with AsgiServer(echo) as server, RawSocket(server.port, receive_buffer=4096) as peer:
        await peer.open()
        for index in range(1000):
            peer.send(FIN | PING, str(index).encode())
        assert [(await peer.read()).payload for _ in range(1000)] == [str(index).encode() for index in range(1000)]
