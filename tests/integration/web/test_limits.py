"""Rate limits of requests, and their keys."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import httpx
import pytest
from fastapi import FastAPI

from roomful.settings import Settings
from tests.conftest import Backend
from tests.integration.web import notes
from tests.integration.web.conftest import Served
from tests.support.api import Api
from tests.support.app import client_of, running_app

BASE = "/api/v1/auth"

pytestmark = pytest.mark.usefixtures("no_refills")


@pytest.fixture
def backend() -> Backend:
    """One database is enough."""
    return "sqlite"


@pytest.fixture
async def limited(settings: Settings) -> AsyncIterator[FastAPI]:
    """An application behind a proxy on the loopback, with limits of five attempts and three writes a minute."""
    update = {"rate_limit_sign_in": 5, "rate_limit_writes": 3, "trusted_proxies": (ip_network("127.0.0.1"),)}
    async with running_app(settings.model_copy(update=update)) as app:
        app.include_router(notes.router)
        yield app


async def attempt(client: httpx.AsyncClient, password: str = "wrong password", **headers: str) -> httpx.Response:
    form = {"username": "ada@example.test", "password": password}
    return await client.post(f"{BASE}/token", data=form, headers={n.replace("_", "-"): v for n, v in headers.items()})


async def test_changing_forwarded_addresses_evades_no_limit(limited: FastAPI) -> None:
    async with client_of(limited) as client:
        answers = [
            await attempt(client, X_Forwarded_For=f"9.9.9.{n}, 203.0.113.7", ForwardedCommand="x") for n in range(12)
        ]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 7
        assert answers[-1].json()["code"] == "RATE_LIMITED"
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        assert (await attempt(client, X_Forwarded_For="203.0.113.8")).status_code == 401


async def test_without_a_trusted_proxy_only_the_peer_counts(settings: Settings) -> None:
    async with running_app(settings.model_copy(update={"rate_limit_sign_in": 5})) as app, client_of(app) as client:
        answers = [
            await attempt(client, X_Forwarded_For=f"9.9.9.{n}", ForwardedCommand=f"for=9.9.9.{n}") for n in range(12)
        ]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 7


async def test_reads_are_counted_for_a_person(settings: Settings) -> None:
    async with running_app(settings.model_copy(update={"rate_limit_reads": 3})) as app, client_of(app) as client:
        ada, bob = await Api(client).register("ada"), await Api(client).register("bob")
        project = await ada.create_project()
        paths = ("/auth/me", project.path, f"{project.path}/snapshot", "/projects")
        answers = [await ada.request("GET", path) for path in paths]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].json()["code"] == "RATE_LIMITED"
        for path in (project.path, f"{project.path}/events", f"{project.path}/snapshot"):
            assert (await ada.request("GET", path)).status_code == 429
        await ada.create_task(project)
        await bob.get("/auth/me")


async def test_reads_without_a_token_are_counted_for_an_address(settings: Settings) -> None:
    """But not a load balancer's probes, nor signed-in people."""
    async with running_app(settings.model_copy(update={"rate_limit_reads": 1})) as app, client_of(app) as client:
        answers = [await client.get("/api/v1/openapi.json") for _ in range(12)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
        for probe in ("/healthz", "/readyz"):
            assert (await client.get(probe)).status_code == 200
        ada = await Api(client).register("ada")
        await ada.get("/auth/me")


@pytest.mark.parametrize("authorization", ["Bearer junk", "Basic YTpi", "Bearer", ""])
@pytest.mark.parametrize("path", ["/api/v1/openapi.json", "/asyncapi.json", "/", "/api/v1/auth/me", "/nowhere"])
async def test_a_bad_token_evades_no_limit(settings: Settings, path: str, authorization: str) -> None:
    async with running_app(settings.model_copy(update={"rate_limit_reads": 1})) as app, client_of(app) as client:
        answers = [await client.get(path, headers={"Authorization": authorization}) for _ in range(12)]
        assert [answer.status_code == 429 for answer in answers] == [False] * 10 + [True] * 2
        assert answers[-1].json()["code"] == "RATE_LIMITED"
        ada = await Api(client).register("ada")
        await ada.get("/auth/me")


async def test_writes_are_counted_for_a_person_and_reads_are_not(limited: FastAPI) -> None:
    async with client_of(limited) as client:
        served = Served(limited, client)
        ada, bob = await served.sign_in("ada"), await served.sign_in("bob")
        answers = [await client.post("/notes", json={"name": "a"}, headers=ada) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        assert int(answers[-1].headers["Retry-After"]) == 20
        assert (await client.post("/notes", json={"name": "a"}, headers=bob)).status_code == 201
        assert (await client.get(f"{BASE}/me", headers=ada)).status_code == 200
