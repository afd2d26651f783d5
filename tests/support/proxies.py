"""A slow network between client and server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roomful.concurrency.task_scope import TaskScope


@asynccontextmanager
async def delaying_proxy(port: int, seconds: float) -> AsyncIterator[int]:
    """The port of a proxy before `port` that delays everything by this much, ends of streams and resets included."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task_scope.spawn(carry(reader, writer))

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_forward(reader, upstream_writer, seconds))
                tasks.create_task(_forward(upstream_reader, writer, seconds))
        finally:
            writer.close()
            upstream_writer.close()

    async with TaskScope("proxy") as task_scope:
        async with await asyncio.start_server(connected, "127.0.0.1", 0) as listener:
            yield listener.sockets[0].getsockname()[1]


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(due - loop.time())
            if piece is None:
                writer.transport.abort()
                return
            if not piece:
                writer.write_eof()
                return
            writer.write(piece)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(deliver())
        piece: bytes | None = b"-"
        while piece:
            try:
                piece = await reader.read(65536)
            except ConnectionError:
                piece = None
            await pieces.put((loop.time() + seconds, piece))
