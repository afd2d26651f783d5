"""The routes of the search."""

from typing import Annotated

from fastapi import APIRouter, Query

from roomful.projects.access import ViewerOf
from roomful.search import service
from roomful.search.schemas import Found, Kind
from roomful.web.dependencies import API, CurrentUser, ReadDB
from roomful.web.routing import Route

router = APIRouter(prefix=API, tags=["search"], route_class=Route)

Words = Annotated[
    str, Query(min_length=1, max_length=200, description="Words; the last one may be unfinished. All must be there.")
]
OfType = Annotated[Kind | None, Query(description="Only these.")]
Limit = Annotated[int, Query(ge=1, le=50, description="How many at most.")]


@router.get("/search")
async def search_everywhere(
    person: CurrentUser, session: ReadDB, q: Words, type: OfType = None, limit: Limit = 20
) -> list[Found]:
    """Tasks, comments, documents and projects of the caller's projects that have all words of `q`.

    What has them in its title comes first, then the newest. The index follows changes within some two seconds, and the
    typing in documents and descriptions within some 30; rights count at once.
    """
    return await service.search(session, person.id, q, type=type, project_id=None, limit=limit)


@router.get("/projects/{project_id}/search")
async def search_project(
    access: ViewerOf, session: ReadDB, q: Words, type: OfType = None, limit: Limit = 20
) -> list[Found]:
    """As `GET /search`, in one project."""
    return await service.search(session, access.person.id, q, type=type, project_id=access.project.id, limit=limit)
