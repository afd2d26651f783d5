"""uvicorn with the project's own protocols in the test's event loop, around any ASGI application."""

import asyncio
import socket
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from roomful.gateway import error_response
from roomful.transport.http_protocol import HttpProtocol
from roomful.transport.websocket.options import DEFAULTS, SocketOptions
from roomful.transport.websocket.protocol import websocket_protocol

STOP_SECONDS = 10.0


class AsgiServer:
    """Listens on a port of its own from the beginning of the block to its end, when it must stop in good time.

    `ws` is the WebSocket protocol, for a test of another one than ours; `settings` are uvicorn's.
    """

    def __init__(self, app: ASGIApp, *, options: SocketOptions = DEFAULTS, ws: Any = None, **settings: Any) -> None:
        options = replace(options, render_error=error_response.render)
        self._config = uvicorn.Config(
            app,
            http=cast("type[asyncio.Protocol]", partial(HttpProtocol, options=options)),
            ws=ws or websocket_protocol(options),
            lifespan="off",
            log_config=None,
            **{"ws_ping_interval": None, **settings},
        )
        self._server = uvicorn.Server(self._config)
        self._listener = socket.socket()
        self._has_stopped = False
        self.port = 0

    async def __aenter__(self) -> Self:
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(1000)
        self.port = self._listener.getsockname()[1]
        # Like Server.serve(), without its signal handlers and its tick ten times a second.
        self._config.load()
        self._server.lifespan = self._config.lifespan_class(self._config)
        await self._server.startup(sockets=[self._listener])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Shut down as on SIGTERM."""
        if not self._has_stopped:
            self._has_stopped = True
            async with asyncio.timeout(STOP_SECONDS):
                await self._server.shutdown(sockets=[self._listener])

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def state(self) -> ServerState:
        return self._server.server_state
