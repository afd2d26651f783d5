"""Handshakes that are read without a parser are read as the parser reads them, and nothing else is."""

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful.transport.websocket.http_upgrade import Headers, read_plain

HANDSHAKE = (
    b"GET /ws/projects/1?token=a.b-c HTTP/1.1\r\nHost: example.test:80\r\nUpgrade: WebSocket\r\n"
    b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: cm9vbWZ1bC1iZW5jaC1rZQ==\r\n"
    b"Sec-WebSocket-Version:13\r\n\r\n"
)


class Parsed:
    """The same bytes, read by uvicorn's parser."""

    def __init__(self, received: bytes) -> None:
        self.url, self.headers = b"", Headers()
        self.parser = httptools.HttpRequestParser(self)
        with pytest.raises(httptools.HttpParserUpgrade) as upgrade:
            self.parser.feed_data(received)
        assert upgrade.value.args[0] == len(received)  # nothing follows the head

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value.strip(b" \t")))


def test_a_handshake_is_read() -> None:
    request = read_plain(HANDSHAKE)
    assert request is not None
    assert request.target == b"/ws/projects/1?token=a.b-c"
    assert request.headers[1] == (b"upgrade", b"WebSocket")
    assert request.headers[-1] == (b"sec-websocket-version", b"13")


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        (b"GET ", b"POST "),
        (b"GET ", b"GET  "),
        (b"GET /", b"GET http://example.test/"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"?token", b"\x00token"),
        (b"?token", b"\xc3\xa9token"),
        (b"Host:", b"Host :"),
        (b"Host: ", b"Host: \x00"),
        (b"Host: ", b"Host: \x0b"),
        (b"Host: ", b"Host: \x80"),
        (b"\r\nUpgrade", b"\r\n Upgrade"),
        (b"\r\nUpgrade", b"\nUpgrade"),
        (b"\r\nUpgrade", b"\rUpgrade"),
        (b"Upgrade: WebSocket", b"Upgrade: h2c"),
        (b"keep-alive, Upgrade", b"keep-alive"),
        (b"Sec-WebSocket-Version:13", b"Content-Length: 5"),
        (b"Sec-WebSocket-Version:13", b"Transfer-Encoding: chunked"),
        (b"Sec-WebSocket-Version:13", b"Expect: 100-continue"),
        (b":13\r\n\r\n", b":13\r\n"),
        (b":13\r\n\r\n", b":13\r\n\r"),
        (b":13\r\n\r\n", b":13\r\n\r\nmore"),
        (b":13\r\n\r\n", b":13\r\n\r\n\r\n"),
    ],
)
def test_anything_else_is_left_to_the_parser(part: bytes, instead: bytes) -> None:
    assert HANDSHAKE.count(part) == 1
    assert read_plain(HANDSHAKE.replace(part, instead)) is None


@given(
    target=st.text(st.characters(codec="ascii", exclude_characters=" "), max_size=20),
    name=st.text(st.characters(codec="ascii"), min_size=1, max_size=8),
    value=st.binary(max_size=20),
)
def test_what_is_read_is_what_the_parser_reads(target: str, name: str, value: bytes) -> None:
    received = HANDSHAKE.replace(b"Host: ", name.encode() + b":" + value + b"\r\nHost: ")
    received = received.replace(b"/ws/projects/1", b"/" + target.encode())
    request = read_plain(received)
    if request is not None:
        parsed = Parsed(received)
        assert (request.target, request.headers) == (parsed.url, parsed.headers)
