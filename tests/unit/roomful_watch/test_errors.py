"""Which failed answers end a watch, and which may pass."""

import pytest

from roomful_watch.errors import ConnectionLost, Refused, of_status


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (404, b'{"error": "There is no such project.", "code": "NOT_FOUND"}', Refused, "There is no such project."),
        (401, b'{"error": "Sign in.", "code": "UNAUTHENTICATED"}', Refused, "Sign in."),
        (429, b'{"error": "Too many requests.", "code": "RATE_LIMITED"}', ConnectionLost, "Too many requests."),
        (503, b"<h1>Service Unavailable</h1>", ConnectionLost, "no reason given"),
        # What proxies answer while the server behind them is away, and what they refuse themselves.
        (404, b"404 page not found", ConnectionLost, "no reason given"),
        (401, b"<h1>Authorization required</h1>", ConnectionLost, "no reason given"),
        (404, b'{"error": "no route"}', ConnectionLost, "no route"),
        (403, b"<h1>Forbidden</h1>", Refused, "no reason given"),
    ],
)
def test_a_failed_answer(status: int, body: bytes, kind: type[Exception], reason: str) -> None:
    error = of_status(status, body)
    assert (type(error), str(error)) == (kind, f"the server answered {status}: {reason}")
