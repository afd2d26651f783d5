"""Checks of a request before anything else reads it."""

import asyncio
import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roomful.errors import BadRequest, PayloadTooLarge
from roomful.settings import Network
from roomful.web.limits import count_strangers_read
from roomful.web.proxies import believe

MAX_BODY_BYTES = 1024 * 1024
MAX_FORM_BYTES = 64 * 1024
MAX_BODY_SECONDS = 30.0

_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_BODY_HEADERS = (b"content-length", b"transfer-encoding")
_FORM_TYPES = (b"application/x-www-form-urlencoded", b"multipart/form-data")


class HeadGuard:
    """Looks at the head of a request or handshake: who sends it, whether it is well-formed, and whether it counts.

    All of it in one step: each step is one more for every socket of a crowd that comes in.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            believe(scope, self._trusted)
            check_well_formed(scope)
            if scope["type"] == "http":
                await count_strangers_read(scope)
        await self._app(scope, receive, send)


class BodyLimit:
    """Bounds a request's body in size and in the time it takes to arrive, while it is read.

    1 MiB, or 64 KiB for a form. A declared length alone can refuse a body, never admit one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _has_no_body(scope):
            await self._app(scope, receive, send)
            return
        max_bytes = _max_bytes(scope)
        _check_declared_length(scope, max_bytes)
        received, is_complete = 0, False
        deadline = asyncio.get_running_loop().time() + MAX_BODY_SECONDS

        async def receive_bounded() -> Message:
            nonlocal received, is_complete
            if is_complete:
                return await receive()  # the wait for the client to go away
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise BadRequest("The body took too long to arrive.") from None
            received += len(message.get("body", b""))
            if received > max_bytes:
                raise PayloadTooLarge
            is_complete = not message.get("more_body", False)
            return message

        await self._app(scope, receive_bounded, send)


def check_well_formed(scope: Scope) -> None:
    """Refuse a Host or an address that a check could read in another way than the code it guards.

    Raises BadRequest.
    """
    _check_host([value for name, value in scope["headers"] if name == b"host"])
    if not scope["raw_path"].startswith(b"/"):
        raise BadRequest("The path must begin with a slash.")
    _check_text(scope["raw_path"])
    _check_text(scope["query_string"])


def _has_no_body(scope: Scope) -> bool:
    """Whether the head announces no body. In HTTP/2 it doesn't say."""
    return scope.get("http_version") == "1.1" and not any(name in _BODY_HEADERS for name, _ in scope["headers"])


def _check_host(hosts: list[bytes]) -> None:
    # HTTP/1.0 may leave it out. Two that differ would be read by one part of the chain each.
    if len(hosts) > 1 or (hosts and not _HOST.fullmatch(hosts[0])):
        raise BadRequest("The Host header is not a host name.")


def _check_text(raw: bytes) -> None:
    """Percent-encoding that decodes to UTF-8 text without NUL (PostgreSQL has no place for one)."""
    if not raw.isascii():
        raise BadRequest("The address must be percent-encoded.")
    if b"%" not in raw and b"\x00" not in raw:
        return
    if _BROKEN_ESCAPE.search(raw):
        raise BadRequest("The address has a broken percent-encoding.")
    decoded = unquote_to_bytes(raw)
    try:
        decoded.decode()
    except UnicodeDecodeError:
        raise BadRequest("The address is not UTF-8 text.") from None
    if b"\x00" in decoded:
        raise BadRequest("The address holds a NUL character.")


def _max_bytes(scope: Scope) -> int:
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"").lower()
    return MAX_FORM_BYTES if kind.startswith(_FORM_TYPES) else MAX_BODY_BYTES


def _check_declared_length(scope: Scope, max_bytes: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit():
                raise BadRequest("Content-Length must be a number.")
            if len(value) > 18 or int(value) > max_bytes:
                raise PayloadTooLarge
