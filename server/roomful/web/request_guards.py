"""What a request has to look like before anything else looks at it."""

import asyncio
import re
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roomful.errors import BadRequest, PayloadTooLarge

MAX_BODY_BYTES = 1024 * 1024
MAX_FORM_BYTES = 64 * 1024
MAX_BODY_SECONDS = 30.0

_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_FORM_TYPES = (b"application/x-www-form-urlencoded", b"multipart/form-data")


class WellFormed:
    """Refuses a request whose Host or address could mean one thing to a check and another to what it guards."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            _check_host([value for name, value in scope["headers"] if name == b"host"])
            if not scope["raw_path"].startswith(b"/"):
                raise BadRequest("The path must begin with a slash.")
            _check_text(scope["raw_path"])
            _check_text(scope["query_string"])
        await self._app(scope, receive, send)


class BodyLimit:
    """Bounds a request's body in size and in the time it takes to arrive, while it is read.

    1 MiB, or 64 KiB for a form. A declared length is believed for a refusal only.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
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
