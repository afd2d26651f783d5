"""The response to a broken request without an application's error form."""

from roomful.errors import RateLimited
from roomful.transport.error_response import render_plainly


def test_it_is_a_whole_response_with_the_headers_of_the_error() -> None:
    head, _, body = render_plainly(RateLimited(7), [(b"date", b"now")]).partition(b"\r\n\r\n")
    status_line, *headers = head.split(b"\r\n")
    assert status_line == b"HTTP/1.1 429 Too Many Requests"
    assert {b"date: now", b"retry-after: 7", b"connection: close"} <= set(headers)
    assert b"content-length: %d" % len(body) in headers
    assert body == RateLimited.message.encode()
