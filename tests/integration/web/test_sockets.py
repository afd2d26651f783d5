"""Failures of WebSockets: before the handshake is answered, and after."""

from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from starlette.types import Message, Scope

from roomful.errors import NotFound
from roomful.web.limits import REFUSALS_LOGGED
from tests.conftest import Backend

EXTENSIONS: dict[str, Any] = {"websocket.http.response": {}}


@pytest.fixture
def backend() -> Backend:
    """One database is enough."""
    return "sqlite"


def add(app: FastAPI, failure: Exception, *, accept: bool) -> None:
    @app.websocket("/socket/{number}")
    async def socket(websocket: WebSocket, number: int) -> None:
        if accept:
            await websocket.accept()
        raise failure


async def connect(app: FastAPI, path: str = "/socket/1", **changes: Any) -> list[Message]:
    """The server's messages to a client that connects and sends nothing."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"roomful.test")],
        "client": ("192.0.2.1", 5),
        "server": ("roomful.test", 80),
        "subprotocols": [],
        "extensions": EXTENSIONS,
    }
    await app({**scope, **changes}, receive, send)
    return sent


async def test_a_refused_handshake_is_an_error_like_any_other(app: FastAPI) -> None:
    add(app, NotFound(), accept=False)
    start, body = await connect(app)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 404)
    headers = dict(start["headers"])
    assert headers[b"x-request-id"].decode() in body["body"].decode()
    assert b"x-response-time" in headers


async def test_a_handshake_that_does_not_validate(app: FastAPI) -> None:
    add(app, NotFound(), accept=False)
    start, body = await connect(app, "/socket/one")
    assert (start["status"], b'"VALIDATION"' in body["body"]) == (422, True)


async def test_a_fault_before_the_handshake_is_answered(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    add(app, ValueError("swordfish"), accept=False)
    start, body = await connect(app)
    assert (start["status"], b"swordfish" in body["body"]) == (500, False)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_a_server_without_handshake_responses_closes_it(app: FastAPI) -> None:
    add(app, NotFound(), accept=False)
    assert await connect(app, extensions={}) == [{"type": "websocket.close", "code": 1008, "reason": "NOT_FOUND"}]


async def test_a_fault_later_is_a_close_code_and_one_line(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    add(app, ValueError("swordfish"), accept=True)
    accept, close = await connect(app)
    assert accept["type"] == "websocket.accept"
    assert b"x-request-id" in dict(accept["headers"])
    assert close == {"type": "websocket.close", "code": 1011, "reason": "internal error"}
    (record,) = caplog.records
    assert record.exc_info is not None


@pytest.mark.parametrize("path", ["/", "/nothing", "/ws/project/a", "/yjs/a/b", "/hocuspocus/", "/api/v1/projects"])
async def test_an_unknown_address(app: FastAPI, path: str) -> None:
    start, body = await connect(app, path)
    assert (start["status"], b'"NOT_FOUND"' in body["body"]) == (404, True)


async def test_a_malformed_address(app: FastAPI) -> None:
    add(app, NotFound(), accept=True)
    for changes in ({"raw_path": b"/socket/%zz"}, {"query_string": b"token=%00"}, {"headers": [(b"host", b"a/b")]}):
        start, body = await connect(app, **changes)
        assert (start["status"], b'"BAD_REQUEST"' in body["body"]) == (400, True)


async def test_another_origins_page_cannot_fill_the_log(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    headers = [(b"host", b"roomful.test"), (b"origin", b"https://elsewhere.test")]
    for _ in range(REFUSALS_LOGGED + 5):
        start, _ = await connect(app, "/connection/websocket", headers=headers)
        assert start["status"] == 403
    assert [record.levelname for record in caplog.records] == ["WARNING"] * REFUSALS_LOGGED
