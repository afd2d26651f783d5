"""The network between a client and a server, which a test can cut or stall."""

import asyncio
import contextlib
import itertools
import socket
from types import TracebackType
from typing import Self


class Network:
    """Forwards between clients and the server's port, until it is cut or stalled.

    With several ports each new connection gets the next, as from a load balancer without sticky sessions. Cut, it
    resets old and new connections. Stalled, it keeps connections and forwards nothing. `base`, such as "/roomful", is a
    path prefix that the server does not know. `bytes_per_second` limits the server's bytes over all connections.
    """

    def __init__(self, *server_ports: int, base: str = "", bytes_per_second: int = 0) -> None:
        self._line = _Line(bytes_per_second) if bytes_per_second else None
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

    def restore(self) -> None:
        self._is_cut = False
        self._flows.set()

    async def _connect(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            client_writer.transport.abort()
            return
        try:
            server_reader, server_writer = await self._connect_to(next(self._server_ports))
        except OSError:
            client_writer.transport.abort()
            return
        both = {client_writer, server_writer}
        self._writers |= both
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(client_reader, server_writer, self._flows, self._base))
                group.create_task(_pass_on(server_reader, client_writer, self._flows, line=self._line))
        finally:
            self._writers -= both
            for writer in both:
                writer.transport.abort()

    async def _connect_to(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A slow line buffers little: the rest waits at the server."""
        if self._line is None:
            return await asyncio.open_connection("127.0.0.1", port)
        own = socket.socket()
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        own.setblocking(False)
        await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port))
        return await asyncio.open_connection(sock=own, limit=_Line.PIECE_BYTES)


class _Line:
    """Forwards pieces one after the other, at its own pace."""

    PIECE_BYTES = 1_024

    def __init__(self, bytes_per_second: int) -> None:
        self._bytes_per_second = bytes_per_second
        self._free_at = 0.0

    async def carry(self, count: int) -> None:
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + count / self._bytes_per_second
        await asyncio.sleep(self._free_at - now)


async def _pass_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    flows: asyncio.Event,
    base: str = "",
    *,
    line: _Line | None = None,
) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536 if line is None else _Line.PIECE_BYTES):
            await flows.wait()
            if line is not None:
                await line.carry(len(data))
            writer.write(data.replace(f" {base}/".encode(), b" /") if base else data)
            await writer.drain()
    with contextlib.suppress(OSError):  # the other side has gone already
        writer.write_eof()
