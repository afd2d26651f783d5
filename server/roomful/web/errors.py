"""The one shape of every error, whichever layer it comes from."""

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from roomful.db.outages import is_outage, outage
from roomful.errors import (
    AppError,
    BadRequest,
    Conflict,
    Detail,
    Forbidden,
    Invalid,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    Unauthenticated,
    Unavailable,
)
from roomful.logs import Sampler, request_id

logger = logging.getLogger(__name__)

MAX_DETAILS = 20
OUTAGE_LINES_A_MINUTE = 60
MAX_FIELD_CHARACTERS = 100


def install(app: FastAPI) -> None:
    """Answer every failure inside the application's routes in the contract's shape. `ErrorMiddleware` does the rest."""
    handle = partial(_handle, _FailureLog())
    for kind in (AppError, HTTPException, RequestValidationError, WebSocketRequestValidationError):
        app.add_exception_handler(kind, handle)
    app.router.default = _nowhere


def error_response(error: AppError) -> Response:
    """The error response: `{"error": "…", "code": "NOT_FOUND", "request_id": "…"}`.

    It refuses a WebSocket handshake just as well: `await websocket.send_denial_response(error_response(error))`.
    """
    body: dict[str, object] = {"error": error.message, "code": error.code, "request_id": request_id.get()}
    if error.details is not None:
        body["details"] = error.details
    return Response(msgspec.json.encode(body), error.status, error.headers, media_type="application/json")


def explain(failure: Exception) -> AppError:
    """The error that a caller sees for an exception, without the text of an unexpected one."""
    match failure:
        case AppError():
            return failure
        case RequestValidationError() | WebSocketRequestValidationError():
            return Invalid(details=_details(failure.errors()))
        case HTTPException():
            return _from_framework(failure)
        case ClientDisconnect():
            return BadRequest("The body ended early.")  # the client has gone
        case ConnectionError() | TimeoutError():
            return Unavailable()  # a deadline or a service of ours: callers' mistakes are AppErrors
        case _ if is_outage(failure):
            return Unavailable("The database is not available; try again soon.")
    return AppError()


def logged_path(scope: Scope) -> str:
    """The path as it was sent, percent-encoded and without its query: it holds no line break and no token."""
    # Looked for in the decoded path, which is the one that routes match.
    if (found := _BEFORE_TOKEN.search(scope["path"])) is not None:
        return f"{found[0]}(token)"
    raw_path: bytes = scope["raw_path"]
    return raw_path.decode("ascii", "backslashreplace")


_BEFORE_TOKEN = re.compile(r"/api/v1/(?:invitations|mail/unsubscribe)/")


class ErrorMiddleware:
    """Answers exceptions that nothing inside handled: the boundary for faults of one request.

    A failure after the answer has begun goes on to the server, which ends the connection and logs it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = _FailureLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        begun: str | None = None
        has_left = False

        async def watch(message: Message) -> None:
            nonlocal begun, has_left
            begun = begun or message["type"]
            try:
                await send(message)
            except OSError:  # how a server reports that the client is gone (ASGI, WebSocket 2.4)
                has_left = True
                raise

        try:
            await self._app(scope, receive, watch)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise
            # The server cancels requests when its time to stop is over, and nothing else does.
            logger.warning("a request did not end before the server had to stop", extra={"path": logged_path(scope)})
            if begun is None:
                await _refuse(Unavailable("The server is stopping; try again soon."), scope, receive, send)
        except Exception as failure:
            if has_left and isinstance(failure, (OSError, WebSocketDisconnect)):
                logger.debug("the client left before it was answered", extra={"path": logged_path(scope)})
            elif begun is None:
                error = explain(failure)
                self._log.write(failure, error, scope)
                await _refuse(error, scope, receive, send)
            elif begun == "websocket.accept":
                self._log.write(failure, explain(failure), scope)
                await send({"type": "websocket.close", "code": 1011, "reason": "internal error"})
            else:
                raise


async def _handle(log: "_FailureLog", connection: HTTPConnection, failure: Exception) -> Response:
    if connection.scope["type"] == "websocket":
        raise failure  # only `ErrorMiddleware` knows whether the handshake is still open
    error = explain(failure)
    log.write(failure, error, connection.scope)
    if isinstance(error, MethodNotAllowed):
        error.headers["Allow"] = ", ".join(_allowed_methods(connection))
    return error_response(error)


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers unknown addresses. The framework would refuse a WebSocket handshake with 403."""
    raise NotFound


async def _refuse(error: AppError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": error.code})
        return
    await error_response(error)(scope, receive, send)


class _FailureLog:
    """Logs the server's faults: every bug, and a bounded number of lines for outages, which every request meets."""

    def __init__(self) -> None:
        self._outages = Sampler(OUTAGE_LINES_A_MINUTE)

    def write(self, failure: Exception, error: AppError, scope: Scope) -> None:
        if error.status < 500:
            return
        where = {"method": scope.get("method", "WEBSOCKET"), "path": logged_path(scope)}
        if not isinstance(error, Unavailable):
            logger.error("unhandled exception", extra=where, exc_info=failure)
        elif (left_out := self._outages.acquire()) is not None:
            reason = outage(failure) or type(failure.__cause__ or failure).__name__
            logger.warning("unavailable", extra={**where, "reason": reason, "left_out": left_out})


_BY_STATUS: Mapping[int, type[AppError]] = {
    kind.status: kind
    for kind in (
        BadRequest,
        Unauthenticated,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        Conflict,
        PreconditionFailed,
        PayloadTooLarge,
        Invalid,
        Unavailable,
    )
}


def _from_framework(failure: HTTPException) -> AppError:
    """The framework's own errors keep their status and headers, and get our text."""
    status = failure.status_code
    kind = _BY_STATUS.get(status) or (BadRequest if status < 500 else AppError)
    error = kind()
    error.status = status
    error.headers.update(failure.headers or {})
    return error


def _allowed_methods(connection: HTTPConnection) -> list[str]:
    """Every method of this path (RFC 9110, 15.5.6): the framework names only those of the first route that fits."""
    methods: set[str] = set()
    for context in iter_route_contexts(connection.app.routes):
        pattern = getattr(context, "path_regex", None)
        if pattern is not None and pattern.match(connection.scope["path"]):
            methods |= context.methods or set()
    return sorted(methods)


def _details(errors: Sequence[Mapping[str, Any]]) -> list[Detail]:  # Any: as Pydantic types them
    """Pydantic's errors without the input they were found in: `{"field": "title", "message": "…", "type": "…"}`."""
    return [
        {
            "field": _field(error["loc"]),
            "message": str(error["msg"]).removeprefix("Value error, "),
            "type": error["type"],
        }
        for error in errors[:MAX_DETAILS]
    ]


def _field(location: Sequence[str | int]) -> str:
    """`("body", "labels", 2)` is `labels.2`; the whole body is `body`."""
    inside = location[1:] if len(location) > 1 else location
    return ".".join(str(part) for part in inside)[:MAX_FIELD_CHARACTERS]
