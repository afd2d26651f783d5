"""The webhooks of the OpenAPI document: one request for each type of event in a project."""

from inspect import cleandoc
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from roomful.eventlog.typed_event import TypedEvent
from roomful.gateway.asyncapi import PROJECT_EVENTS, event_model
from roomful.projects.schemas import Event


def install(app: FastAPI) -> None:
    """Describe them when the document is first asked for, since that takes about 0.1 s."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.webhooks.routes[:] = map(_webhook, PROJECT_EVENTS.values())
            for webhook in generate()["webhooks"].values():
                del webhook["post"]["responses"]["422"]  # FastAPI's, of a server that would check what it is sent
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def _webhook(data: type[TypedEvent]) -> APIRoute:
    async def receive(event: Event) -> None: ...

    receive.__annotations__["event"] = event_model(data)  # known only at run time
    return APIRoute(
        data.type,
        receive,
        methods=["POST"],
        operation_id=data.type,
        summary=data.type,
        description=cleandoc(data.__doc__ or ""),
        status_code=204,
        response_description="Received: any 2xx.",
    )
