"""Every error, from any layer, in one shape."""

import logging
from collections.abc import AsyncIterator
from typing import NoReturn

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from roomful.errors import Forbidden, RateLimited, Unavailable
from roomful.web.errors import explain
from roomful.web.routing import Route
from tests.conftest import Backend
from tests.integration.web.conftest import Served

SECRET = "the password is swordfish"


@pytest.fixture
def backend() -> Backend:
    """One database is enough."""
    return "sqlite"


def expect_error(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["code"] == code
    assert body["error"].endswith((".", "!"))
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert set(body) <= {"error", "code", "request_id", "details"}
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Response-Time"].endswith("ms")


def add(app: FastAPI, path: str, failure: Exception) -> None:
    async def fail() -> NoReturn:
        raise failure

    app.router.add_api_route(path, fail, response_model=None)


async def test_an_unknown_path(served: Served) -> None:
    expect_error(await served.client.get("/nowhere"), 404, "NOT_FOUND")


async def test_a_wrong_method_is_answered_with_the_right_ones(served: Served) -> None:
    answer = await served.client.put("/notes")
    expect_error(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "GET, POST"


async def test_a_trailing_slash_is_not_redirected_to_the_host_that_the_client_names(served: Served) -> None:
    expect_error(await served.client.get("/notes/", headers={"Host": "evil.test"}), 404, "NOT_FOUND")


async def test_fields_are_named_and_input_is_not_echoed(served: Served) -> None:
    ada = await served.sign_in()
    body = {"name": "", "priority": True, "pinned": "yes", "surprise": SECRET, "x" * 500: 1}
    answer = await served.client.post("/notes", json=body, headers=ada)
    expect_error(answer, 422, "VALIDATION")
    details = answer.json()["details"]
    assert {detail["field"]: detail["type"] for detail in details} == {
        "name": "string_too_short",
        "priority": "int_type",
        "pinned": "bool_type",
        "surprise": "extra_forbidden",
        "x" * 100: "extra_forbidden",
    }
    assert all(set(detail) == {"field", "message", "type"} for detail in details)
    assert SECRET not in answer.text


async def test_ten_thousand_mistakes_get_a_short_answer(served: Served) -> None:
    ada = await served.sign_in()
    answer = await served.client.post("/notes", json={f"f{n}": n for n in range(4_000)}, headers=ada)
    expect_error(answer, 422, "VALIDATION")
    assert len(answer.json()["details"]) == 20


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'"name"', b"\xff\xfe", b'{"name": "a"} {}'])
async def test_a_body_must_be_an_object(served: Served, body: bytes) -> None:
    headers = await served.sign_in() | {"Content-Type": "application/json"}
    expect_error(await served.client.post("/notes", content=body, headers=headers), 422, "VALIDATION")


async def test_a_body_without_its_type_is_told_the_right_one(served: Served) -> None:
    ada = await served.sign_in()
    for kind in ({}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "text/plain"}):
        answer = await served.client.post("/notes", content=b'{"name": "a"}', headers=ada | kind)
        expect_error(answer, 422, "VALIDATION")
        assert "Content-Type: application/json" in answer.json()["error"]


async def test_an_app_error_keeps_its_headers(served: Served) -> None:
    add(served.app, "/limited", RateLimited(1.2))
    answer = await served.client.get("/limited")
    expect_error(answer, 429, "RATE_LIMITED")
    assert answer.headers["Retry-After"] == "2"


async def test_a_request_without_a_token_is_told_the_scheme(served: Served) -> None:
    answer = await served.client.post("/notes", json={"name": "a"})
    expect_error(answer, 401, "UNAUTHENTICATED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_an_unhandled_exception_is_logged_once_and_not_shown(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    add(served.app, "/broken", ValueError(SECRET))
    answer = await served.client.get("/broken?token=secret", headers={"X-Request-ID": "abc"})
    expect_error(answer, 500, "INTERNAL")
    assert SECRET not in answer.text
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info is not None
    assert SECRET in str(record.exc_info[1])
    assert (record.__dict__["method"], record.__dict__["path"]) == ("GET", "/broken")


async def test_a_middleware_that_raises_is_answered_too(served: Served) -> None:
    class Broken:
        def __init__(self, app: ASGIApp) -> None:
            self._app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            raise Forbidden if scope["path"] == "/forbidden" else ValueError(SECRET)

    served.app.user_middleware.append(Middleware(Broken))
    served.app.middleware_stack = served.app.build_middleware_stack()
    expect_error(await served.client.get("/forbidden"), 403, "FORBIDDEN")
    expect_error(await served.client.get("/notes"), 500, "INTERNAL")


async def test_a_failure_after_the_answer_began_propagates_to_the_server(served: Served) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"
        raise ValueError(SECRET)

    async def stream() -> StreamingResponse:
        return StreamingResponse(chunks())

    served.app.router.add_api_route("/stream", stream, response_model=None)
    with pytest.raises(ValueError, match="swordfish"):
        await served.client.get("/stream")


@pytest.mark.parametrize("failure", [PoolTimeout(), TimeoutError(), ConnectionRefusedError(), Unavailable()])
async def test_an_outage_is_answered_as_temporary(
    served: Served, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    add(served.app, "/outage", failure)
    answer = await served.client.get("/outage")
    expect_error(answer, 503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1
    told = [
        record for record in caplog.records if record.name == "roomful.web.errors" and record.levelno >= logging.WARNING
    ]
    assert [record.levelname for record in told] == ["WARNING"]


async def test_a_wrong_query_is_a_bug_and_not_an_outage(served: Served) -> None:
    async def broken() -> None:
        async with served.runtime.database.read() as session:
            await session.execute(text("SELECT * FROM no_such_table"))

    served.app.router.add_api_route("/broken", broken)
    expect_error(await served.client.get("/broken"), 500, "INTERNAL")


def test_an_error_of_the_framework_keeps_its_status_and_headers() -> None:
    told = explain(HTTPException(416, "text of the framework", headers={"Content-Range": "bytes */10"}))
    assert (told.status, told.code, told.headers) == (416, "BAD_REQUEST", {"Content-Range": "bytes */10"})
    assert "framework" not in told.message


def test_every_route_reads_its_body_strictly(app: FastAPI) -> None:
    routes = [context.original_route for context in iter_route_contexts(app.routes)]
    loose = [route.path for route in routes if isinstance(route, APIRoute) and not isinstance(route, Route)]
    assert loose == []
