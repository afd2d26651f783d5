"""An error as a whole HTTP response, for a request that never reaches the application."""

from collections.abc import Callable
from http import HTTPStatus

from roomful.errors import AppError

Headers = list[tuple[bytes, bytes]]

RenderError = Callable[[AppError, Headers], bytes]
"""Makes the response from the error and the headers of every response. The connection ends with it."""


def render_plainly(error: AppError, default_headers: Headers) -> bytes:
    """The error's message as plain text, for an application that has no form of its own for errors."""
    body = error.message.encode()
    headers = [
        *default_headers,
        *((name.lower().encode(), value.encode("latin-1")) for name, value in error.headers.items()),
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    status_line = f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n".encode()
    return status_line + b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n" + body
