"""The requests and responses of the opening handshake (RFC 6455, 4.2)."""

import base64
import binascii
import re
from collections.abc import Iterable
from http.client import responses
from typing import NamedTuple

from websockets.exceptions import InvalidHeader
from websockets.utils import accept_key

from roomful.errors import BadRequest, MethodNotAllowed
from roomful.transport.websocket import deflate
from roomful.transport.websocket.deflate import DeflatedFraming

Headers = list[tuple[bytes, bytes]]

_VERSION = b"13"

# A request whose parts are where everybody sees them: printable, with no line folded, and the head complete.
_PLAIN_HEAD = re.compile(rb"GET (/[!-~]*) HTTP/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)+)\r\n")
_OF_OTHER_REQUESTS = (b"content-length", b"transfer-encoding", b"expect")


class UpgradeRequired(BadRequest):
    """The request is not a valid upgrade to WebSocket (RFC 9110, 15.5.22)."""

    status = 426


class Request(NamedTuple):
    """An HTTP/1.1 request as it was sent, with header names in lower case."""

    method: bytes
    target: bytes
    headers: Headers

    @property
    def size_bytes(self) -> int:
        """The size of its head, about."""
        return len(self.target) + sum([len(name) + len(value) + 4 for name, value in self.headers])


class Upgrade(NamedTuple):
    """A valid handshake request. Header names are in lower case."""

    path: bytes
    query: bytes
    headers: Headers
    key: bytes

    @property
    def subprotocols(self) -> list[str]:
        """The client's offers, in its order."""
        offers = b",".join(_values(self.headers, b"sec-websocket-protocol")).decode("latin-1")
        return [name for offer in offers.split(",") if (name := offer.strip())]

    def negotiate_deflate(self) -> tuple[DeflatedFraming, str] | None:
        """The framing and the extension header of the response, or None. Raises AppError."""
        offers = _values(self.headers, b"sec-websocket-extensions")
        try:
            return deflate.negotiate(offer.decode("latin-1") for offer in offers)
        except InvalidHeader as error:
            raise BadRequest("Sec-WebSocket-Extensions is malformed.") from error


def read_plain(received: bytes) -> Request | None:
    """The request, where these bytes are the whole head of a handshake written as clients write it, and no more.

    None says nothing: it may be one all the same, for a complete parser to read.
    """
    if (found := _PLAIN_HEAD.fullmatch(received)) is None:
        return None
    target, lines = found.groups()
    headers: Headers = []
    asks_for_socket = False
    for line in lines[:-2].split(b"\r\n"):
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        if name == b"upgrade":
            asks_for_socket = value.lower() == b"websocket"
        elif name in _OF_OTHER_REQUESTS:
            return None
        headers.append((name, value))
    is_upgrade = asks_for_socket and b"upgrade" in _tokens(headers, b"connection")
    return Request(b"GET", target, headers) if is_upgrade else None


def parse(head: bytes) -> Upgrade:
    """Parse a request's head, with its empty line. Raises AppError."""
    request_line, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, _, rest = request_line.partition(b" ")
    target, _, protocol = rest.rpartition(b" ")
    if protocol != b"HTTP/1.1":
        raise BadRequest("The request line is malformed.")
    headers: Headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            raise BadRequest("A header is malformed.")
        headers.append((name.lower(), value))
    return check(Request(method, target, headers))


def check(request: Request) -> Upgrade:
    """Check that a request is a valid handshake. Raises AppError."""
    if request.method != b"GET":
        raise MethodNotAllowed("A WebSocket is opened with GET.", headers={"Allow": "GET"})
    if not request.target.startswith(b"/") or not request.target.isascii():
        raise BadRequest("The request line is malformed.")
    headers = [(name, value.strip(b" \t")) for name, value in request.headers]
    path, _, query = request.target.partition(b"?")
    return Upgrade(path, query, headers, _check(headers))


def switch(key: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The response that opens the socket."""
    accept = accept_key(key.decode("ascii")).encode("ascii")
    fixed = [(b"upgrade", b"websocket"), (b"connection", b"Upgrade"), (b"sec-websocket-accept", accept)]
    return _head(101, [*fixed, *headers])


def deny(status: int, headers: Headers, body: bytes) -> bytes:
    """The application's HTTP response in place of a WebSocket. The connection is closed after it."""
    names = {name.lower() for name, _ in headers}
    if b"content-length" not in names:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    if b"content-type" not in names:
        headers = [*headers, (b"content-type", b"text/plain; charset=utf-8")]
    return _head(status, [*headers, (b"connection", b"close")]) + body


def _check(headers: Headers) -> bytes:
    """Check the handshake's headers, and return its key. Raises AppError."""
    if b"upgrade" not in _tokens(headers, b"connection") or _tokens(headers, b"upgrade") != [b"websocket"]:
        raise UpgradeRequired("This is no upgrade to WebSocket.", headers={"Upgrade": "websocket"})
    if _values(headers, b"sec-websocket-version") != [_VERSION]:
        raise UpgradeRequired("The WebSocket version is 13.", headers={"Sec-WebSocket-Version": "13"})
    keys = _values(headers, b"sec-websocket-key")
    try:
        is_key = len(keys) == 1 and len(base64.b64decode(keys[0], validate=True)) == 16
    except binascii.Error:
        is_key = False
    if not is_key:
        raise BadRequest("Sec-WebSocket-Key is malformed.")
    return keys[0]


def _values(headers: Headers, wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name == wanted]


def _tokens(headers: Headers, wanted: bytes) -> list[bytes]:
    return [token.strip().lower() for value in _values(headers, wanted) for token in value.split(b",")]


def _head(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {responses.get(status, '')}".encode("latin-1")]
    lines += [name + b": " + value for name, value in headers]
    head = b"\r\n".join(lines)
    if head.count(b"\r") != len(lines) - 1 or head.count(b"\n") != len(lines) - 1:
        raise ValueError("a header must not contain a line break")
    return head + b"\r\n\r\n"
