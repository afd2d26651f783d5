"""TCP options of a socket that may be closed by the time they are set."""

import asyncio
from typing import cast

import pytest

from roomful.transport.websocket import tcp
from roomful.transport.websocket.options import DEFAULTS


class Accepting(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
        self.is_over = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport.set_result(cast("asyncio.Transport", transport))

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_over.set()


@pytest.mark.parametrize("is_gone", [True, False])
async def test_options_are_set_on_open_sockets(is_gone: bool) -> None:
    """A reader may leave while its stream is prepared, which is not an error."""
    accepting = Accepting()
    server = await asyncio.get_running_loop().create_server(lambda: accepting, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    transport = await accepting.transport
    assert transport.get_extra_info("socket")  # like a lookup of the peer's address; it is cached
    if is_gone:
        transport.abort()
        await accepting.is_over.wait()
    tcp.tune(transport, DEFAULTS)
    writer.close()
    await writer.wait_closed()
    server.close()
