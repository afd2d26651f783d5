"""permessage-deflate: the negotiation, and the bytes on the wire."""

import os
import zlib

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from roomful.transport.websocket.options import SocketOptions
from tests.support.asgi_server import AsgiServer
from tests.support.raw_socket import BINARY, FIN, RSV1, TEXT, RawSocket
from tests.support.websockets import Detached, client, deflated, echo, within

DEFLATE = SocketOptions(deflate=True)


def offer(*parameters: str) -> list[str]:
    return ["Sec-WebSocket-Extensions: " + "; ".join(("permessage-deflate", *parameters))]


def inflated(data: bytes, window_bits: int = 15) -> bytes:
    return zlib.decompressobj(-window_bits).decompress(data + b"\x00\x00\xff\xff")


async def test_deflate_is_off_by_default() -> None:
    async with AsgiServer(echo) as server, RawSocket(server.port, headers=offer()) as peer:
        await peer.open()
        assert "sec-websocket-extensions" not in peer.answer


@pytest.mark.parametrize("is_detached", [False, True], ids=["ordinary", "detached"])
async def test_deflates_both_ways_without_context(is_detached: bool) -> None:
    async with AsgiServer(Detached() if is_detached else echo, options=DEFLATE, ws_max_size=1 << 20) as server:
        extensions = [ClientPerMessageDeflateFactory(client_max_window_bits=True)]
        async with client(server.port, extensions=extensions) as connection:
            for message in ("small", "long " * 10_000, os.urandom(5000), "", "long " * 10_000):
                await connection.send(message)
                assert await within(connection.recv()) == message


@pytest.mark.parametrize(
    ("parameters", "answer", "window_bits"),
    [
        ((), "", 15),
        (("client_max_window_bits",), "", 15),
        (("client_max_window_bits=9", "server_no_context_takeover"), "", 15),
        (("server_max_window_bits=15",), "; server_max_window_bits=15", 15),
        (("server_max_window_bits=12",), "; server_max_window_bits=9", 9),
    ],
)
async def test_a_window_is_as_small_as_the_client_wants(
    parameters: tuple[str, ...], answer: str, window_bits: int
) -> None:
    accepted = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    async with AsgiServer(Detached(), options=DEFLATE) as server:
        async with RawSocket(server.port, headers=offer(*parameters)) as peer:
            await peer.open()
            assert peer.answer["sec-websocket-extensions"] == accepted + answer
            text = b"".join(b"%d " % index for index in range(2000))
            peer.send(FIN | TEXT | RSV1, deflated(text))
            message = await peer.read()
            assert message.first == FIN | RSV1 | TEXT
            assert len(message.payload) < len(text) / 2
            assert inflated(message.payload, window_bits) == text


@pytest.mark.parametrize(
    "parameters",
    [
        ("server_max_window_bits=8",),
        ("server_max_window_bits=16",),
        ("server_max_window_bits",),
        ("client_max_window_bits=7",),
        ("server_no_context_takeover=1",),
        ("server_no_context_takeover", "server_no_context_takeover"),
        ("level=9",),
    ],
)
async def test_an_unsupported_offer_is_declined(parameters: tuple[str, ...]) -> None:
    async with AsgiServer(echo, options=DEFLATE) as server:
        async with RawSocket(server.port, headers=offer(*parameters)) as peer:
            await peer.open()
            assert (peer.status, peer.answer.get("sec-websocket-extensions")) == (101, None)


async def test_a_second_offer_is_accepted_if_the_first_is_unsupported() -> None:
    headers = ["Sec-WebSocket-Extensions: x-webkit, permessage-deflate; level=9, permessage-deflate"]
    async with AsgiServer(echo, options=DEFLATE) as server, RawSocket(server.port, headers=headers) as peer:
        await peer.open()
        assert peer.answer["sec-websocket-extensions"].startswith("permessage-deflate")


async def test_a_bomb_does_not_unfold() -> None:
    async with AsgiServer(echo, options=DEFLATE, ws_max_size=65536) as server:
        async with RawSocket(server.port, headers=offer()) as peer:
            await peer.open()
            peer.send(FIN | RSV1 | BINARY, deflated(bytes(16 * 1024 * 1024)))
            assert (await peer.read()).close[0] == 1009
