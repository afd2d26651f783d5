"""The network between a client and a server, which a test can cut or stall."""

import asyncio
import contextlib
import itertools
from types import TracebackType
from typing import Self


class Network:
    """Passes on what is said between clients and the server's port, until it is cut or stalled.

    Of several ports each new connection gets the next, as from a load balancer that knows of no sessions.
    Cut, it resets what is connected and whoever tries to connect. Stalled, it keeps everything and carries nothing.
    `base`, such as "/roomful", is where clients find the server, which does not know of it.
    """

    def __init__(self, *server_ports: int, base: str = "") -> None:
        self._server_ports = itertools.cycle(server_ports)
        self._base = base
        self._is_cut = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port: int = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._listener.close()
        await self._listener.wait_closed()

    def cut(self) -> None:
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        self._flows.clear()

    def mend(self) -> None:
        self._is_cut = False
        self._flows.set()

    async def _connect(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            client_writer.transport.abort()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", next(self._server_ports))
        except OSError:
            client_writer.transport.abort()
            return
        both = {client_writer, server_writer}
        self._writers |= both
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(client_reader, server_writer, self._flows, self._base))
                group.create_task(_pass_on(server_reader, client_writer, self._flows))
        finally:
            self._writers -= both
            for writer in both:
                writer.transport.abort()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flows: asyncio.Event, base: str = ""
) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            await flows.wait()
            writer.write(data.replace(f" {base}/".encode(), b" /") if base else data)
            await writer.drain()
    with contextlib.suppress(OSError):  # the other side has gone already
        writer.write_eof()
