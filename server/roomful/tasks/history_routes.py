"""The route of a task's history."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from roomful.eventlog import subject_history
from roomful.projects.access import PathId, ViewerOf
from roomful.projects.schemas import Event
from roomful.tasks import service
from roomful.web.dependencies import API, ReadDB
from roomful.web.pagination import DEFAULT_LIMIT, MAX_LIMIT, next_page
from roomful.web.routing import Route

Offset = Annotated[int, Query(ge=0, le=2**63 - 1)]

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/tasks/{{task_id}}/events", tags=["tasks"], route_class=Route)


@router.get("", response_class=Response, responses={200: {"model": list[Event]}})
async def list_history(
    access: ViewerOf,
    task_id: PathId,
    session: ReadDB,
    after: Annotated[Offset, Query(description="Only events with an offset above it, oldest first.")] = 0,
    before: Annotated[Offset | None, Query(description="Only events with an offset below it, newest first.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")] = DEFAULT_LIMIT,
) -> Response:
    """The events of a task, as far back as they are kept. `X-Stream-Offset` and `-Epoch` are the newest position.

    With `before`, `after` is ignored.
    """
    await service.find_task(session, access.project.id, task_id)
    if before is None:
        page = await subject_history.read_after(session, task_id, after, limit=limit)
    else:
        page = await subject_history.read_before(session, task_id, before, limit=limit)
    headers = {"X-Stream-Offset": str(access.position.offset), "X-Stream-Epoch": access.position.epoch}
    if page.has_more:
        side = "after" if before is None else "before"
        headers["Link"] = next_page(f"{side}={page.events[-1].offset}&limit={limit}")
    # A body is stored as JSON, the same bytes for every reader.
    body = b"[" + b",".join(event.body for event in page.events) + b"]"
    return Response(body, headers=headers, media_type="application/json")
