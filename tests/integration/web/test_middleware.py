"""Headers of every answer."""

import logging
from collections.abc import AsyncIterator
from ipaddress import ip_network
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from roomful.settings import Settings
from roomful.web import middleware
from tests.conftest import Backend
from tests.integration.web.conftest import Served
from tests.support.app import client_of, running_app

ORIGIN = "https://app.example"


@pytest.fixture
def backend() -> Backend:
    """One database is enough."""
    return "sqlite"


@pytest.fixture
async def browser(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that allows one origin."""
    async with running_app(settings.model_copy(update={"allowed_origins": (ORIGIN,)})) as app:
        async with client_of(app) as client:
            yield client


async def test_every_answer_has_an_id_a_time_and_a_type(served: Served) -> None:
    for path in ("/healthz", "/nowhere", "/docs"):
        headers = (await served.client.get(path)).headers
        assert UUID(headers["X-Request-ID"]).version == 7
        assert headers["X-Response-Time"].removesuffix("ms").isdigit()
        assert float(headers["Server-Timing"].removeprefix("app;dur=")) >= 0
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["a", "A-z_0.9", "x" * 128])
async def test_a_valid_request_id_is_kept(served: Served, name: str) -> None:
    assert (await served.client.get("/healthz", headers={"X-Request-ID": name})).headers["X-Request-ID"] == name


@pytest.mark.parametrize("name", ["", "x" * 129, "a b", "a\tb", "é", "<b>", "a\x00"])
async def test_an_invalid_request_id_is_replaced(served: Served, name: str) -> None:
    headers = [(b"x-request-id", name.encode("latin-1"))]
    answer = await served.client.get("/healthz", headers=headers)
    assert UUID(answer.headers["X-Request-ID"]).version == 7


async def test_a_slow_request_is_logged(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "SLOW_MILLISECONDS", 0)
    await served.client.get("/notes%0a?token=secret")
    (record,) = [record for record in caplog.records if record.name == middleware.__name__]
    assert record.levelno == logging.WARNING
    assert (record.__dict__["method"], record.__dict__["path"]) == ("GET", "/notes%0a")
    assert isinstance(record.__dict__["milliseconds"], int)
    assert "secret" not in str(record.__dict__)


@pytest.mark.parametrize(
    "path", ["/healthz", "/nowhere", "/docs", "/docs/files/swagger-ui.css", "/", "/api/v1/auth/me"]
)
async def test_no_answer_can_be_framed_or_refers(served: Served, path: str) -> None:
    headers = (await served.client.get(path)).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert len(headers.get_list("Content-Security-Policy")) == len(headers.get_list("Cache-Control")) == 1


async def test_answers_of_the_api_are_not_cached(served: Served) -> None:
    person = await served.sign_in()
    for path in ("/api/v1/auth/me", "/api/v1/projects", "/api/v1/nowhere", "/metrics"):
        assert (await served.client.get(path, headers=person)).headers["Cache-Control"] == "no-store"
    assert (await served.client.get("/docs/files/swagger-ui.css")).headers["Cache-Control"] == "no-cache"
    assert (await served.client.get("/")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("proxies", "proto", "is_told"),
    [("127.0.0.1", "https", True), ("127.0.0.1", "http", False), ("10.0.0.1", "https", False)],
)
async def test_requests_by_tls_get_hsts(settings: Settings, proxies: str, proto: str, is_told: bool) -> None:
    trusting = settings.model_copy(update={"trusted_proxies": (ip_network(proxies),)})
    async with running_app(trusting) as app, client_of(app) as client:
        for path in ("/healthz", "/nowhere"):
            headers = (await client.get(path, headers={"X-Forwarded-Proto": proto})).headers
            assert ("Strict-Transport-Security" in headers) is is_told


async def test_lines_on_slow_requests_are_bounded(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "SLOW_MILLISECONDS", 0)
    for _ in range(middleware.SLOW_LINES_A_MINUTE + 5):
        await served.client.get("/healthz")
    records = [record for record in caplog.records if record.name == middleware.__name__]
    assert len(records) == middleware.SLOW_LINES_A_MINUTE


async def test_a_quick_request_is_not_logged(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    await served.client.get("/healthz")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_an_allowed_origin_may_read_the_contracts_headers(browser: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/nowhere"):
        headers = (await browser.get(path, headers={"Origin": ORIGIN})).headers
        assert headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "Access-Control-Allow-Credentials" not in headers
        exposed = headers["Access-Control-Expose-Headers"].split(", ")
        assert {"ETag", "Link", "Retry-After", "X-Stream-Offset", "X-Stream-Epoch", "X-Request-ID"} <= set(exposed)


async def test_another_origin_may_not(browser: httpx.AsyncClient) -> None:
    for origin in ("https://evil.example", "https://app.example.evil.example", "null", "https://app.example:444"):
        answer = await browser.get("/healthz", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers


def ask(origin: str, method: str = "PATCH") -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,if-match,idempotency-key,x-client-mutation-id",
    }


async def test_a_preflight(browser: httpx.AsyncClient) -> None:
    answer = await browser.options("/api/v1/projects", headers=ask(ORIGIN))
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


async def test_browsers_may_send_whatever_a_route_takes(app: FastAPI, browser: httpx.AsyncClient) -> None:
    asked = {
        (
            method.upper(),
            tuple(each["name"].lower() for each in operation.get("parameters", ()) if each["in"] == "header"),
        )
        for operations in app.openapi()["paths"].values()
        for method, operation in operations.items()
    }
    assert {"GET", "PUT"} <= {method for method, _ in asked}
    for method, names in asked:
        headers = {**ask(ORIGIN, method), "Access-Control-Request-Headers": ",".join(("authorization", *names))}
        answer = await browser.options("/api/v1/projects", headers=headers)
        assert answer.status_code == 200, (method, names)


async def test_a_preflight_that_is_refused(browser: httpx.AsyncClient) -> None:
    for headers in (ask("https://evil.example"), ask(ORIGIN, "TRACE")):
        answer = await browser.options("/api/v1/projects", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


async def test_options_without_cors_is_a_method_like_any_other(app: FastAPI, client: httpx.AsyncClient) -> None:
    assert (await client.options("/healthz")).status_code == 405
