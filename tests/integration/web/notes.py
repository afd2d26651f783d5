"""A small feature for the tests of the web layer: notes, kept in the table of projects."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.errors import Conflict, NotFound
from roomful.eventlog import log
from roomful.ids import new_id
from roomful.projects.models import Member, Project
from roomful.web import etag, idempotency
from roomful.web.dependencies import DB, CurrentUser, MutationId, ReadDB
from roomful.web.etag import IfMatch
from roomful.web.pagination import Keyset, Page
from roomful.web.routing import Route
from roomful.web.schemas import Body, Out


class NoteIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    priority: int = 0
    pinned: bool = False


class NoteOut(Out):
    id: str
    name: str
    version: int


async def is_member(session: AsyncSession, *, user_id: str, project_id: str) -> bool:
    return await session.get(Member, (project_id, user_id)) is not None


NEWEST_FIRST = Keyset((Project.created_at, Project.id), descending=True)
BY_NAME = Keyset((Project.name, Project.id))

router = APIRouter(prefix="/notes", tags=["notes"], route_class=Route)


@router.post("", status_code=201, dependencies=[idempotency.once(is_member)])
async def create(
    body: NoteIn, person: CurrentUser, session: DB, response: Response, mutation: MutationId = None
) -> NoteOut:
    project = Project(id=new_id(), name=body.name, owner_id=person.id, version=1)
    session.add(project)
    await session.flush()
    session.add(Member(project_id=project.id, user_id=person.id, role="owner"))
    await session.flush()
    channel = f"project:{project.id}"
    await log.open_channel(session, channel)
    event = log.EventData(type="note.created", actor_id=person.id, data={}, project_id=project.id, mutation_id=mutation)
    await log.append(session, channel, event)
    if body.name == "conflict":
        raise Conflict
    response.headers["ETag"] = etag.of(project.version)
    response.headers["Location"] = f"/notes/{project.id}"
    return NoteOut.model_validate(project)


@router.get("")
async def list_notes(page: Page, session: ReadDB, order: str = "newest") -> list[NoteOut]:
    keyset = NEWEST_FIRST if order == "newest" else BY_NAME
    rows = await page.fetch(session, select(Project, Project.name), keyset)
    return [NoteOut.model_validate(project) for project, _name in rows]


@router.patch("/{note_id}")
async def rename(note_id: str, body: NoteIn, person: CurrentUser, session: DB, if_match: IfMatch) -> NoteOut:
    project = await session.get(Project, note_id)
    if project is None:
        raise NotFound
    if_match.require(project.version, NoteOut.model_validate(project))
    project.name = body.name
    project.version += 1
    return NoteOut.model_validate(project)
