"""The application in the test's own process and event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

import httpx
import uvicorn
from fastapi import FastAPI

from roomful.app import create_app
from roomful.runtime import Runtime
from roomful.serve import listen, uvicorn_config
from roomful.settings import Settings
from tests.support.api import Api

BASE_URL = "http://roomful.test"


@asynccontextmanager
async def running_app(settings: Settings) -> AsyncIterator[FastAPI]:
    """An application between startup and shutdown."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@dataclass(frozen=True, slots=True)
class Live:
    """An application on a port, in the test's own process: real sockets, and access to its objects."""

    app: FastAPI
    port: int
    api: Api

    @property
    def runtime(self) -> Runtime:
        runtime: Runtime = self.app.state.runtime
        return runtime

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Live]:
    """An application served as by `roomful serve`, but in the test's event loop."""
    app = create_app(settings)
    server = uvicorn.Server(uvicorn_config(app, settings))
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]  # signals are the test run's
    with listen("127.0.0.1", 0) as listener:
        port: int = listener.getsockname()[1]
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[listener]))
            try:
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as http:
                    # The connection waits in the listener's queue until the application is up.
                    await http.get("/healthz")
                    yield Live(app, port, Api(http))
            finally:
                server.should_exit = True
                await serving


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of an application, without a network between them."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE_URL) as client:
        yield client
