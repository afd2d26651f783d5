"""The application: routers, errors, middleware, lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from server import __version__
from server.runtime import open_runtime
from server.settings import Settings, load_settings
from server.web.dependencies import API


def create_app(settings: Settings | None = None) -> FastAPI:
    """A new application. Nothing is opened before its lifespan begins, and no state is shared with another one."""
    settings = settings or load_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_runtime(settings) as runtime:
            app.state.runtime = runtime
            yield

    return FastAPI(
        title="Roomful",
        version=__version__,
        summary="Projects, tasks and members, with every change as one event.",
        openapi_url=f"{API}/openapi.json",
        docs_url="/docs",
        redoc_url=None,
        lifespan=lifespan,
    )
