"""The routes of projects and of their events."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Response
from sqlalchemy import select

from server.errors import EventsExpired
from server.eventlog import log
from server.projects import service
from server.projects.access import EditorOf, OwnerOf, ViewerOf, may_see
from server.projects.channel import channel_of
from server.projects.models import Member as MemberRow
from server.projects.models import Project as ProjectRow
from server.projects.models import ProjectStatus, Role
from server.projects.notifications import notify_team
from server.projects.schemas import NewProject, Project, ProjectPatch, ProjectState
from server.web import etag, idempotency
from server.web.dependencies import API, DB, CurrentUser, Live, MutationId, ReadDB
from server.web.etag import IfMatch
from server.web.pagination import DEFAULT_LIMIT, MAX_LIMIT, Keyset, Page
from server.web.routing import Route

# Ids are made in the order of time, and the index of members gives them in that order.
_NEWEST_FIRST = Keyset((MemberRow.project_id,), descending=True)

router = APIRouter(prefix="/projects", tags=["projects"], route_class=Route)


@router.get("")
async def list_projects(
    person: CurrentUser,
    session: ReadDB,
    page: Page,
    status: Annotated[ProjectStatus, Query(description="Which ones.")] = "active",
    role: Annotated[Role | None, Query(description="Only those in which the caller has this role.")] = None,
) -> list[Project]:
    """The projects that the caller is a member of, newest first."""
    mine = (
        select(MemberRow, ProjectRow)
        .join(ProjectRow, ProjectRow.id == MemberRow.project_id)
        .where(MemberRow.user_id == person.id, ProjectRow.status == status)
    )
    rows = await page.fetch(session, mine if role is None else mine.where(MemberRow.role == role), _NEWEST_FIRST)
    heads = await log.heads(session, [channel_of(project.id) for _, project in rows])
    return [
        Project.of(ProjectState.model_validate(project), member.role, heads[channel_of(project.id)].offset)
        for member, project in rows
    ]


@router.post("", status_code=201, dependencies=[idempotency.once(may_see)])
async def create_project(
    new: NewProject,
    person: CurrentUser,
    session: DB,
    runtime: Live,
    mutation_id: MutationId,
    background: BackgroundTasks,
    response: Response,
) -> Project:
    """Make a project; the caller owns it."""
    project = await service.create_project(session, person, new, mutation_id=mutation_id)
    background.add_task(notify_team, runtime, project, "project_created", person.id)
    response.headers["Location"] = f"{API}/projects/{project.id}"
    response.headers["ETag"] = etag.of(project.version)
    return project


@router.get("/{project_id}")
async def show_project(access: ViewerOf, session: ReadDB, response: Response) -> Project:
    response.headers["ETag"] = etag.of(access.project.version)
    return await service.show(session, access)


@router.patch("/{project_id}")
async def change_project(
    access: EditorOf, patch: ProjectPatch, session: DB, if_match: IfMatch, mutation_id: MutationId, response: Response
) -> Project:
    """Rename or describe; the owner may archive and restore. What changes nothing makes no event."""
    project = await service.change_project(session, access, patch, if_match, mutation_id=mutation_id)
    response.headers["ETag"] = etag.of(project.version)
    return project


@router.delete("/{project_id}", status_code=204)
async def delete_project(access: OwnerOf, session: DB, if_match: IfMatch, mutation_id: MutationId) -> None:
    """Delete the project with everything in it."""
    await service.delete_project(session, access, if_match, mutation_id=mutation_id)


@router.get("/{project_id}/events", response_class=Response, responses={200: {"content": {"application/json": {}}}})
async def list_events(
    access: ViewerOf,
    session: ReadDB,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="The newest offset that the caller has.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")] = DEFAULT_LIMIT,
) -> Response:
    """The events after an offset, oldest first. Without `Link: …; rel="next"` they are all there are."""
    try:
        page = await log.read_since(session, channel_of(access.project.id), after, limit=limit)
    except log.Expired:
        raise EventsExpired from None
    headers = {"X-Stream-Offset": str(page.head.offset), "X-Stream-Epoch": page.head.epoch}
    newest = page.publications[-1].offset if page.publications else after
    if newest < page.head.offset:
        address = f"{API}/projects/{access.project.id}/events?after={newest}&limit={limit}"
        headers["Link"] = f'<{address}>; rel="next"'
    # The bodies are JSON already, the same bytes that every subscriber gets.
    body = b"[" + b",".join(publication.data for publication in page.publications) + b"]"
    return Response(body, headers=headers, media_type="application/json")
