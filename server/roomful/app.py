"""The application: routers, errors, middleware, lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from roomful import __version__
from roomful.features import FEATURES
from roomful.gateway import asyncapi, metrics, streams, unidirectional
from roomful.gateway import presence_routes as presence
from roomful.gateway.descriptors import DescriptorWatch
from roomful.gateway.event_endpoints import event_socket, event_stream, is_event_socket, is_event_stream
from roomful.gateway.gateway import open_project_node
from roomful.process.signals import heard_signals
from roomful.projects import renames
from roomful.projects.quotas import Quotas
from roomful.retention import retention_loop
from roomful.runtime import open_runtime
from roomful.settings import Settings, load_settings
from roomful.snapshots.snapshots import Snapshots
from roomful.web import errors, health, openapi, pages
from roomful.web.compression import Compression
from roomful.web.dependencies import API
from roomful.web.errors import ErrorMiddleware
from roomful.web.limits import Limits, StrangersReads
from roomful.web.middleware import AnswerHeaders, Cors, behind
from roomful.web.proxies import ProxyHeaders
from roomful.web.request_guards import BodyLimit, WellFormed
from roomful.web.routing import Route


class Application(FastAPI):
    """FastAPI for all but who listens to events: sockets and streams go by applications of their own."""

    event_sockets: ASGIApp
    event_streams: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        if is_event_socket(scope):
            await self.event_sockets(scope, receive, send)
        elif is_event_stream(scope):
            await self.event_streams(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings | None = None) -> Application:
    """A new application. Nothing is opened before its lifespan begins, and no state is shared with another one."""
    settings = settings or load_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_runtime(settings) as runtime, open_project_node(runtime) as node:
            app.state.runtime = runtime
            app.state.node = node
            app.state.snapshots = Snapshots(runtime.database, runtime.task_scope)
            app.state.limits = Limits(settings, runtime.engine.rates)
            app.state.descriptors = descriptors = DescriptorWatch()
            runtime.loops.run("descriptors", descriptors.run())
            runtime.loops.run("retention", retention_loop(runtime))
            runtime.loops.run("renames", renames.run(runtime))
            with heard_signals(node.shutdown.begin):
                yield

    answers = Middleware(AnswerHeaders)
    error_middleware = Middleware(ErrorMiddleware)
    proxies = Middleware(ProxyHeaders, trusted=settings.trusted_proxies)
    well_formed = Middleware(WellFormed)
    # The order in which a request meets them; an answer meets them in the opposite one.
    for_requests = [
        answers,
        Middleware(Cors, allowed_origins=settings.allowed_origins),
        error_middleware,
        proxies,
        well_formed,
        Middleware(StrangersReads),
        Middleware(BodyLimit),
    ]
    app = Application(
        title="Roomful",
        version=__version__,
        summary="Projects, tasks and members, with every change as one event.",
        description="What there is to subscribe to, and every event, stands in [/asyncapi.json](asyncapi.json).",
        openapi_url=f"{API}/openapi.json",
        servers=[{"url": "../../", "description": "This server, from the address of this document."}],
        docs_url=None,  # openapi.install has its own
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,  # a redirect would name the host that the client claims to have asked
        lifespan=lifespan,
        middleware=[*for_requests, Middleware(Compression, spared=f"{API}/auth/")],
    )
    app.event_sockets = behind([answers, error_middleware, proxies, well_formed], event_socket)
    app.event_streams = behind(for_requests, event_stream)
    app.router.route_class = Route
    app.state.quotas = Quotas.of(settings)
    errors.install(app)
    openapi.install(app)
    pages.install(app, is_demo=settings.demo)
    # Not include_router: it keeps the routers apart, and matches a request against each before its own, then again.
    for router in (
        streams.router,
        unidirectional.router,
        *(router for feature in FEATURES for router in feature.routers),
        presence.router,
        health.router,
        metrics.router,
        asyncapi.router,
    ):
        app.router.routes.extend(router.routes)
    return app
