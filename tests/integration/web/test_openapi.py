"""The OpenAPI document and its page."""

import base64
import hashlib
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from roomful.errors import Conflict
from roomful.gateway import asyncapi
from roomful.web import openapi
from tests.conftest import Backend
from tests.integration.web.conftest import Served


@pytest.fixture
def backend() -> Backend:
    """One database is enough."""
    return "sqlite"


async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_every_operation_documents_its_errors(served: Served) -> None:
    paths = (await document(served.client))["paths"]
    create, rename, read = paths["/notes"]["post"], paths["/notes/{note_id}"]["patch"], paths["/notes"]["get"]
    assert set(create["responses"]) == {"201", "401", "403", "422", "429", "default"}
    assert set(rename["responses"]) == {"200", "401", "403", "404", "412", "422", "429", "default"}
    assert set(read["responses"]) == {"200", "422", "default"}
    assert set(paths["/healthz"]["get"]["responses"]) == {"200", "default"}


async def test_every_error_has_one_shape(served: Served) -> None:
    found = await document(served.client)
    assert "HTTPValidationError" not in str(found)
    for operations in found["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status.startswith("2"):
                    continue
                media = response["content"]["application/json"]
                assert media["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
                for code, example in media.get("examples", {}).items():
                    openapi.ErrorBody.model_validate(example["value"])
                    assert example["value"]["code"] == code


async def test_a_route_documents_its_own_errors(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.router.add_api_route("/thing", lambda: None, responses=openapi.errors(Conflict))
    response = (await document(client))["paths"]["/thing"]["get"]["responses"]["409"]
    assert response["description"] == Conflict.message
    assert "CONFLICT" in response["content"]["application/json"]["examples"]


async def test_each_type_of_event_is_a_webhook(client: httpx.AsyncClient) -> None:
    found = await document(client)
    assert set(found["webhooks"]) == set(asyncapi.PROJECT_EVENTS)
    schemas = found["components"]["schemas"]
    for type_, webhook in found["webhooks"].items():
        (reference,) = webhook["post"]["requestBody"]["content"]["application/json"]["schema"].values()
        event = schemas[reference.rpartition("/")[2]]
        assert event["properties"]["type"]["const"] == type_
        assert {"id", "offset", "data"} <= set(event["required"])
        assert set(webhook["post"]["responses"]) == {"204"}
    moved = schemas["TaskMoved"]
    assert set(moved["required"]) == {"task", "changed"}
    assert moved["properties"]["task"] == {"$ref": "#/components/schemas/Task"}


async def test_the_page_offers_the_password_form(served: Served) -> None:
    (scheme,) = (await document(served.client))["components"]["securitySchemes"].values()
    # OpenAPI 3.1, 4.6: relative to the server's address, which is relative to the document's.
    (server,) = (await document(served.client))["servers"]
    root = httpx.URL("https://board.example/team/api/v1/openapi.json").join(server["url"])
    assert root.join(scheme["flows"]["password"]["tokenUrl"]) == "https://board.example/team/api/v1/auth/token"


async def test_the_page_needs_no_other_server(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"|url: \'([^\']+)\'', page.text)
    assert len(addresses) == 4
    for address in (first or second for first, second in addresses):
        assert not address.startswith("/")
        assert (await client.get(page.url.join(address))).status_code == 200


async def test_the_page_runs_only_its_own_scripts(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    directives = page.headers["Content-Security-Policy"].split("; ")
    assert f"script-src 'self' 'sha256-{digest}'" in directives


async def test_a_thousand_ranges_of_a_file_are_answered_quickly(client: httpx.AsyncClient) -> None:
    ranges = "bytes=" + ",".join(["0-0"] * 5_000)
    answer = await client.get("/docs/files/swagger-ui.css", headers={"Range": ranges})
    assert answer.status_code in (200, 206, 400, 416)
    assert float(answer.headers["Server-Timing"].removeprefix("app;dur=")) < 200


async def test_every_post_of_a_person_may_be_repeated_under_a_key(client: httpx.AsyncClient) -> None:
    """Except sign-in, whose answers are secrets and not stored, and refreshing, which may be repeated anyway."""
    paths = (await document(client))["paths"]
    posts = {path: operations["post"] for path, operations in paths.items() if "post" in operations}
    honouring = {
        path
        for path, operation in posts.items()
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
    }
    assert set(posts) - honouring == {path for path in posts if path.startswith("/api/v1/auth/")}


async def test_every_change_of_something_versioned_honours_if_match(client: httpx.AsyncClient) -> None:
    paths = (await document(client))["paths"]
    for path, operations in paths.items():
        for method in {"patch", "delete"} & set(operations):
            # An entry of an inbox and a watch are changed by one person alone, an invitation never: no version.
            is_unversioned = path.endswith(("/watch", "/invitations/{invitation_id}"))
            if not is_unversioned and not path.startswith(("/api/v1/auth/", "/api/v1/notifications/")):
                names = {parameter["name"] for parameter in operations[method].get("parameters", ())}
                assert "if-match" in names, (method, path)
