"""The application: routers, errors, middleware, lifespan."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from roomful import __version__
from roomful.documents import digest
from roomful.documents.bases import Bases
from roomful.documents.conversions import Conversions
from roomful.documents.descriptions import DocumentDescriptions
from roomful.features import FEATURES
from roomful.gateway import asyncapi, metrics, streams, unidirectional, webhooks
from roomful.gateway import presence_routes as presence
from roomful.gateway.descriptors import DescriptorWatch
from roomful.gateway.documents.rooms import open_document_rooms
from roomful.gateway.event_endpoints import event_socket, event_stream, is_event_socket, is_event_stream
from roomful.gateway.gateway import open_project_node
from roomful.inbox import snoozing, telling
from roomful.inbox.mail.opening import open_mail
from roomful.inbox.mail.unsubscribing import UnsubscribeTokens
from roomful.invitations.opening import open_mailing
from roomful.process.log_of_start import told_of_start
from roomful.process.signals import on_stop_signal
from roomful.projects import renames
from roomful.projects.quotas import Quotas
from roomful.retention import retention_loop
from roomful.richtext import schema
from roomful.runtime import open_runtime
from roomful.search.indexer import search_cursor
from roomful.settings import Settings, load_settings
from roomful.snapshots.snapshots import open_snapshots
from roomful.transfers.exports import open_exports
from roomful.web import errors, health, openapi, pages
from roomful.web.compression import Compression
from roomful.web.dependencies import API
from roomful.web.errors import ErrorMiddleware
from roomful.web.limits import Limits
from roomful.web.middleware import AnswerHeaders, Cors, behind
from roomful.web.request_guards import BodyLimit, HeadGuard
from roomful.web.routing import Route

logger = logging.getLogger(__name__)


class Application(FastAPI):
    """FastAPI, with applications of their own for event sockets and streams."""

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
        async with AsyncExitStack() as opened:
            with told_of_start():
                runtime = await opened.enter_async_context(open_runtime(settings))
                node = await opened.enter_async_context(open_project_node(runtime))
                documents = await opened.enter_async_context(open_document_rooms(runtime, node))
                app.state.runtime = runtime
                app.state.node = node
                app.state.documents = documents
                app.state.snapshots = open_snapshots(runtime.database, runtime.task_scope)
                app.state.conversions = Conversions()
                app.state.exports = open_exports(runtime.database, runtime.task_scope, app.state.conversions)
                app.state.bases = Bases()
                app.state.descriptions = DocumentDescriptions(
                    app.state.conversions, max_bytes=settings.max_document_bytes
                )
                await asyncio.to_thread(schema.rules)  # read once, and not on the loop
                app.state.limits = Limits(settings, runtime.engine.rates)
                app.state.descriptors = descriptors = DescriptorWatch()
                runtime.loops.run("descriptors", descriptors.run())
                runtime.loops.run("retention", retention_loop(runtime))
                runtime.loops.run("renames", renames.run(runtime))
                runtime.loops.run("document digests", digest.run(runtime))
                runtime.loops.run("snoozed notifications", snoozing.run(runtime))
                runtime.cursors.append(telling.inbox_cursor(runtime))
                runtime.cursors.append(search_cursor(runtime.database, runtime.transaction))
                app.state.unsubscribe_tokens = tokens = UnsubscribeTokens(runtime.unsubscribe_key)
                app.state.mail_server = open_mail(runtime, tokens)
                open_mailing(runtime, app.state.mail_server)
                for cursor in runtime.cursors:
                    runtime.loops.run(f"cursor {cursor.rules.name}", cursor.run())

            def begin_shutdown() -> None:
                logger.info("stopping", extra={"grace_seconds": settings.shutdown_grace})
                documents.rooms.begin_shutdown()
                node.shutdown.begin()

            with on_stop_signal(begin_shutdown):
                yield
        logger.info("stopped")

    answers = Middleware(AnswerHeaders)
    error_middleware = Middleware(ErrorMiddleware)
    head_guard = Middleware(HeadGuard, trusted=settings.trusted_proxies)
    # Requests pass them in this order, answers in reverse.
    for_requests = [
        answers,
        Middleware(Cors, allowed_origins=settings.allowed_origins),
        error_middleware,
        head_guard,
        Middleware(BodyLimit),
    ]
    app = Application(
        title="Roomful",
        version=__version__,
        summary="Projects, tasks and members, with every change as one event.",
        description="[/asyncapi.json](asyncapi.json) describes the channels to subscribe to, and every event.",
        openapi_url=f"{API}/openapi.json",
        servers=[{"url": "../../", "description": "This server, from the address of this document."}],
        docs_url=None,  # openapi.install has its own
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,  # a redirect would repeat the Host header, which the client chose
        lifespan=lifespan,
        middleware=[*for_requests, Middleware(Compression, spared=f"{API}/auth/")],
    )
    app.event_sockets = behind([answers, error_middleware, head_guard], event_socket)
    app.event_streams = behind(for_requests, event_stream)
    app.router.route_class = Route
    app.state.quotas = Quotas.of(settings)
    errors.install(app)
    webhooks.install(app)
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
    # After the API's routes: each file is a route that every request after it would be compared with.
    openapi.install(app)
    pages.install(app, is_demo=settings.demo, image_hosts=settings.image_hosts)
    return app
