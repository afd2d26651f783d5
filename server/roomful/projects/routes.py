"""The routes of projects."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select

from roomful.channels import project_channel
from roomful.errors import Conflict
from roomful.eventlog import log
from roomful.projects import service
from roomful.projects.access import EditorOf, OwnerOf, ViewerOf, may_see
from roomful.projects.models import Member as MemberRow
from roomful.projects.models import Project as ProjectRow
from roomful.projects.models import ProjectStatus, Role
from roomful.projects.quotas import quotas_of
from roomful.projects.schemas import NewProject, Project, ProjectPatch, ProjectState
from roomful.web import etag, idempotency
from roomful.web.dependencies import API, DB, CurrentUser, MutationId, ReadDB
from roomful.web.etag import IfMatch
from roomful.web.openapi import errors
from roomful.web.pagination import Keyset, Page
from roomful.web.routing import Route

# Ids are made in the order of time, and the index of members gives them in that order.
_NEWEST_FIRST = Keyset((MemberRow.project_id,), descending=True)

router = APIRouter(prefix=f"{API}/projects", tags=["projects"], route_class=Route)


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
    heads = await log.heads(session, [project_channel(project.id) for _, project in rows])
    return [
        Project.of(ProjectState.model_validate(project), member.role, heads[project_channel(project.id)].offset)
        for member, project in rows
    ]


@router.post("", status_code=201, dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def create_project(
    new: NewProject,
    request: Request,
    person: CurrentUser,
    session: DB,
    response: Response,
    mutation_id: MutationId = None,
) -> Project:
    """Make a project; the caller owns it."""
    project = await service.create_project(session, person, new, mutation_id=mutation_id, quotas=quotas_of(request))
    response.headers["Location"] = (
        f"projects/{project.id}"  # from the address of this POST: proxies may cut off a prefix
    )
    response.headers["ETag"] = etag.of(project.version)
    return project


@router.get("/{project_id}")
async def show_project(access: ViewerOf, response: Response) -> Project:
    response.headers["ETag"] = etag.of(access.project.version)
    return service.show(access)


@router.patch("/{project_id}", responses=errors(Conflict))
async def change_project(
    access: EditorOf, patch: ProjectPatch, session: DB, if_match: IfMatch, response: Response
) -> Project:
    """Rename, describe or give another key; the owner may archive and restore. What changes nothing makes no event."""
    project = await service.change_project(session, access, patch, if_match)
    response.headers["ETag"] = etag.of(project.version)
    return project


@router.delete("/{project_id}", status_code=204)
async def delete_project(access: OwnerOf, session: DB, if_match: IfMatch) -> None:
    """Delete the project with everything in it."""
    await service.delete_project(session, access, if_match)
