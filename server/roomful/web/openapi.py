"""The OpenAPI document, with the errors that every operation can answer with, and the page that shows it."""

import base64
import hashlib
import mimetypes
import re
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from pydantic import BaseModel, ConfigDict
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from roomful.errors import (
    AppError,
    Conflict,
    Forbidden,
    IdempotencyKeyReused,
    Invalid,
    LimitReached,
    NotFound,
    PreconditionFailed,
    RateLimited,
    Unauthenticated,
)
from roomful.web.dependencies import API, SAFE_METHODS

DOCS = "/docs"
_FILES = "docs/files"
_REQUEST_ID = "01990d3c-6f5e-7c1a-9b1e-0f6a2f6d8c11"
_EXAMPLES: dict[type[AppError], list[type[AppError]]] = {
    Invalid: [Invalid, IdempotencyKeyReused],
    Conflict: [Conflict, LimitReached],
}
_DETAILS = {"VALIDATION": [{"field": "name", "message": "Field required", "type": "missing"}]}

Json = dict[str, Any]


class ErrorBody(BaseModel):
    """The shape of every error, whichever part of the server it comes from."""

    model_config = ConfigDict(title="Error")

    error: str
    code: str
    request_id: str
    details: list[dict[str, Any]] | None = None


def errors(*kinds: type[AppError]) -> dict[int | str, Json]:
    """The `responses=` of a route that can fail in ways of its own, such as `errors(Conflict)`.

    Errors that follow from a route's shape are added by themselves: 401 and 429 with a sign-in, 403 for a change, 404
    for an id in the path, 412 for If-Match, 422 for any input.
    """
    return {kind.status: {"model": ErrorBody, **_response(kind)} for kind in kinds}


def install(app: FastAPI) -> None:
    """Serve the document with its errors, and the page that shows it from our own files, without the Internet."""
    generate = app.openapi

    def openapi() -> Json:
        if app.openapi_schema is None:
            _document_errors(generate())
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the document

    @app.get(DOCS, include_in_schema=False)
    async def docs() -> HTMLResponse:
        page = get_swagger_ui_html(
            # From the page's own address: a proxy may have cut a prefix off the path.
            openapi_url=f"{API}/openapi.json".removeprefix("/"),
            title="Roomful: the API",
            swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{_FILES}/swagger-ui.css",
            swagger_favicon_url=f"{_FILES}/favicon-32x32.png",
            # The token outlasts a reload: it stays in the browser's storage until "Logout".
            swagger_ui_parameters={"persistAuthorization": True},
        )
        page.headers["Content-Security-Policy"] = _policy(bytes(page.body).decode())
        return page

    if not mimetypes.inited:
        mimetypes.init()  # or the first file would make the loop read the system's tables
    app.mount(f"/{_FILES}", _Files(packages=[("fastapi_swagger", "resources")]))


class _Files(StaticFiles):
    """Files that caches may keep, and revalidate before each use."""

    def file_response(self, *arguments: Any, **settings: Any) -> Response:
        response = super().file_response(*arguments, **settings)
        response.headers["Cache-Control"] = "no-cache"
        return response


def _policy(page: str) -> str:
    """Allows our own files, and the inline scripts of the generated page."""
    scripts = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    ]
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(["script-src 'self'", *(f"'sha256-{script}'" for script in scripts)]),
            "style-src 'self' 'unsafe-inline'",  # Swagger UI writes styles into its markup
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _document_errors(document: Json) -> None:
    schemas: Json = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.setdefault("ErrorBody", ErrorBody.model_json_schema())
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            responses: Json = operation["responses"]
            for kind in _evident(path, method.upper(), operation):
                if kind is Invalid or str(kind.status) not in responses:
                    responses[str(kind.status)] = _response(kind)
            responses["default"] = {"description": "Any other error.", "content": _content([])}


def _evident(path: str, method: str, operation: Json) -> Sequence[type[AppError]]:
    """The errors that follow from an operation's shape."""
    names = {parameter["name"].lower() for parameter in operation.get("parameters", ())}
    is_change = method not in SAFE_METHODS
    kinds: list[type[AppError]] = []
    if operation.get("security"):
        kinds += [Unauthenticated, Forbidden, RateLimited] if is_change else [Unauthenticated, RateLimited]
    if "{" in path:
        kinds.append(NotFound)
    if "if-match" in names:
        kinds.append(PreconditionFailed)
    if names or "requestBody" in operation:
        kinds.append(Invalid)
    return kinds


def _response(kind: type[AppError]) -> Json:
    examples = _EXAMPLES.get(kind, [kind])
    response: Json = {"description": kind.message, "content": _content(examples)}
    if kind is RateLimited:
        response["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return response


def _content(kinds: Sequence[type[AppError]]) -> Json:
    media: Json = {"schema": {"$ref": "#/components/schemas/ErrorBody"}}
    if kinds:
        media["examples"] = {kind.code: {"value": _example(kind)} for kind in kinds}
    return {"application/json": media}


def _example(kind: type[AppError]) -> Json:
    example: Json = {"error": kind.message, "code": kind.code, "request_id": _REQUEST_ID}
    if kind.code in _DETAILS:
        example["details"] = _DETAILS[kind.code]
    return example
