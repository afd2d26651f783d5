"""Headers of every answer, and the log line for a slow one."""

import logging
import re
import time
from collections.abc import Iterable, Sequence

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roomful.errors import Forbidden
from roomful.ids import new_id
from roomful.logs import Sampler, request_id
from roomful.web.errors import error_response, logged_path

logger = logging.getLogger(__name__)

SLOW_MILLISECONDS = 1_000
SLOW_LINES_A_MINUTE = 60
"""Bounded, since clients can make requests slow by sending a body slowly."""

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
    "If-None-Match",
    "Last-Event-ID",
    "X-Client-Mutation-ID",
    "X-Request-ID",
)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
# The first message of an answer: to a request, a refused handshake, an accepted one.
_RESPONSES = ("http.response.start", "websocket.http.response.start")
_BEGINNINGS = (*_RESPONSES, "websocket.accept")

GUARDS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    # An answer that is not a page of ours shows, runs and frames nothing.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    # Private answers stay in no cache, neither on the way nor on a shared machine.
    (b"cache-control", b"no-store"),
)
"""Headers for browsers and caches, unless the route has set them."""

_BY_TLS_ONLY = (b"strict-transport-security", b"max-age=31536000")


class AnswerHeaders:
    """Adds the headers of every answer, also to refused and accepted handshakes.

    `X-Request-ID` names the request or socket, in the log and in errors too; a valid incoming name stays.
    `X-Response-Time: 12ms` and `Server-Timing: app;dur=12.3` tell how long the answer took to begin. `GUARDS` are for
    browsers; over TLS, to us or to a trusted proxy, they include HSTS.

    The name is left bound when the request is over: the server logs its own failures in the same task.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._slow_lines = Sampler(SLOW_LINES_A_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        name = _name_of(scope)
        request_id.set(name)

        async def send_with_headers(message: Message) -> None:
            if message["type"] in _BEGINNINGS:
                milliseconds = (time.perf_counter() - began) * 1000
                headers = list(message.get("headers", ()))
                if message["type"] in _RESPONSES:
                    headers += _guards(scope, headers)
                message["headers"] = [
                    *headers,
                    (b"x-response-time", b"%dms" % round(milliseconds)),
                    (b"server-timing", b"app;dur=%.1f" % milliseconds),
                    (b"x-request-id", name.encode()),
                ]
                if milliseconds > SLOW_MILLISECONDS:
                    self._warn_of_slowness(scope, milliseconds)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _warn_of_slowness(self, scope: Scope, milliseconds: float) -> None:
        if (left_out := self._slow_lines.acquire()) is not None:
            where = {"method": scope.get("method", "WEBSOCKET"), "path": logged_path(scope)}
            logger.warning("slow request", extra={**where, "milliseconds": round(milliseconds), "left_out": left_out})


def _guards(scope: Scope, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers to add to an answer."""
    said = {name.lower() for name, _ in headers}
    guards = [guard for guard in GUARDS if guard[0] not in said]
    if scope["scheme"] in ("https", "wss"):
        guards.append(_BY_TLS_ONLY)
    return guards


class Cors(CORSMiddleware):
    """Lets the allowed origins call the API from a browser, with tokens sent explicitly and no cookies."""

    def __init__(self, app: ASGIApp, allowed_origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=allowed_origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=_ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        vary = {"Vary": response.headers["Vary"]}
        return error_response(Forbidden("This origin, method or header is not allowed from a browser.", headers=vary))


def behind(middleware: Sequence[Middleware], app: ASGIApp) -> ASGIApp:
    """The application behind these middlewares, the first of them outermost."""
    for each in reversed(middleware):
        app = each.cls(app, *each.args, **each.kwargs)
    return app


def _name_of(scope: Scope) -> str:
    for key, value in scope["headers"]:
        if key == b"x-request-id":
            return value.decode() if _REQUEST_ID.fullmatch(value) else new_id()
    return new_id()
