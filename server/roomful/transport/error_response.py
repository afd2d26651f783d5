"""An error as a whole HTTP response, for requests that don't reach the application."""

from collections.abc import Callable
from http import HTTPStatus

from roomful.errors import AppError

Headers = list[tuple[bytes, bytes]]

RenderError = Callable[[AppError, Headers], bytes]
"""Makes a response of an error and the server's default headers. The connection is closed after it."""


def render_plainly(error: AppError, default_headers: Headers) -> bytes:
    """The error's message as plain text, for applications without an error format."""
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
