"""An error as a whole HTTP response, for a request that never reaches the application."""

from http import HTTPStatus

from roomful.errors import AppError
from roomful.ids import new_id
from roomful.logs import request_id
from roomful.web.errors import error_response
from roomful.web.middleware import GUARDS


def render(error: AppError, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    """The response with the headers of the application's middleware. It ends the connection."""
    name = new_id()
    token = request_id.set(name)
    response = error_response(error)
    request_id.reset(token)
    headers = [
        *default_headers,
        *response.raw_headers,
        (b"x-request-id", name.encode()),
        (b"x-response-time", b"0ms"),
        (b"server-timing", b"app;dur=0.0"),
        *GUARDS,
        (b"connection", b"close"),
    ]
    status_line = f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n".encode()
    return status_line + b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n" + bytes(response.body)
