"""The route of a project's events."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from roomful.channels import project_channel
from roomful.errors import EventsExpired
from roomful.eventlog import log
from roomful.projects.access import ViewerOf
from roomful.projects.schemas import Event
from roomful.web.dependencies import API, ReadDB
from roomful.web.openapi import errors
from roomful.web.pagination import DEFAULT_LIMIT, MAX_LIMIT, next_page
from roomful.web.routing import Route

Offset = Annotated[int, Field(ge=0, le=log.MAX_OFFSET)]

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/events", tags=["projects"], route_class=Route)


@router.get("", response_class=Response, responses={200: {"model": list[Event]}, **errors(EventsExpired)})
async def list_events(
    access: ViewerOf,
    session: ReadDB,
    after: Annotated[Offset, Query(description="The newest offset that the caller knows.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")] = DEFAULT_LIMIT,
) -> Response:
    """The events after an offset, oldest first. `X-Stream-Offset` and `X-Stream-Epoch` are the newest position."""
    try:
        page = await log.read_since(session, project_channel(access.project.id), after, limit=limit)
    except log.Expired:
        raise EventsExpired from None
    headers = {"X-Stream-Offset": str(page.head.offset), "X-Stream-Epoch": page.head.epoch}
    if page.publications and page.publications[-1].offset < page.head.offset:
        headers["Link"] = next_page(f"after={page.publications[-1].offset}&limit={limit}")
    # A body is stored as JSON, the same bytes for every reader.
    body = b"[" + b",".join(event.data for event in page.publications) + b"]"
    return Response(body, headers=headers, media_type="application/json")
