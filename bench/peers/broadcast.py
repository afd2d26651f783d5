"""`broadcast` of the `websockets` library, as in its documentation."""

import asyncio
import json
import sys
from contextlib import suppress

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

subscribers: set[ServerConnection] = set()


async def handle(connection: ServerConnection) -> None:
    assert connection.request is not None
    if connection.request.path.startswith("/pub"):
        with suppress(ConnectionClosed):
            async for message in connection:
                broadcast(subscribers, json.dumps(json.loads(message), separators=(",", ":")))
        return
    subscribers.add(connection)
    try:
        await connection.wait_closed()
    finally:
        subscribers.discard(connection)


async def main() -> None:
    async with serve(handle, "127.0.0.1", int(sys.argv[1]), backlog=2048):
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
