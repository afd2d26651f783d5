"""What every answer carries, and the log line for a slow one."""

import logging
import re
import time
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.db.base import new_id
from server.errors import Forbidden
from server.logs import request_id
from server.web.errors import error_response, logged_path

logger = logging.getLogger(__name__)

SLOW_MILLISECONDS = 1_000
EXPOSED_HEADERS = (
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Retry-After",
    "Server-Timing",
    "X-Request-ID",
    "X-Response-Time",
    "X-Stream-Epoch",
    "X-Stream-Offset",
)
_ALLOWED_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "Last-Event-ID",
    "X-Client-Mutation-ID",
    "X-Request-ID",
)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
# The beginnings of an answer to a request, to a handshake that is refused, and to one that is not.
_BEGINNINGS = ("http.response.start", "websocket.http.response.start", "websocket.accept")


class RequestId:
    """Names each request and each socket, in the log, in its errors and in X-Request-ID; a valid incoming name stays.

    The name is left bound when the request is over: the server logs its own failures in the same task.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        name = next((value for key, value in scope["headers"] if key == b"x-request-id"), b"")
        if not _REQUEST_ID.fullmatch(name):
            name = new_id().encode()
        request_id.set(name.decode())

        async def send_named(message: Message) -> None:
            if message["type"] in _BEGINNINGS:
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", name)]
            await send(message)

        await self._app(scope, receive, send_named)


class Timing:
    """Tells how long an answer took to begin: `X-Response-Time: 12ms`, `Server-Timing: app;dur=12.3`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_timed(message: Message) -> None:
            if message["type"] in _BEGINNINGS:
                milliseconds = (time.perf_counter() - began) * 1000
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-response-time", b"%dms" % round(milliseconds)),
                    (b"server-timing", b"app;dur=%.1f" % milliseconds),
                ]
                if milliseconds > SLOW_MILLISECONDS:
                    _warn_of_slowness(scope, milliseconds)
            await send(message)

        await self._app(scope, receive, send_timed)


class NoSniffing:
    """Keeps browsers from taking an answer for anything but what its Content-Type says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_typed(message: Message) -> None:
            if message["type"] in _BEGINNINGS:
                message["headers"] = [*message.get("headers", ()), (b"x-content-type-options", b"nosniff")]
            await send(message)

        await self._app(scope, receive, send_typed)


class Cors(CORSMiddleware):
    """Lets the allowed origins call the API from a browser, with tokens sent explicitly and no cookies."""

    def __init__(self, app: ASGIApp, allowed_origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=allowed_origins,
            allow_methods=("GET", "POST", "PATCH", "DELETE"),
            allow_headers=_ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        vary = {"Vary": response.headers["Vary"]}
        return error_response(Forbidden("This origin, method or header is not allowed from a browser.", headers=vary))


def _warn_of_slowness(scope: Scope, milliseconds: float) -> None:
    where = {"method": scope.get("method", "WEBSOCKET"), "path": logged_path(scope)}
    logger.warning("slow request", extra={**where, "milliseconds": round(milliseconds)})
