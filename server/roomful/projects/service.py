"""Projects: what happens to them, each change with its event."""

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.db.base import now
from roomful.eventlog import log
from roomful.eventlog.typed_event import values_before
from roomful.identity.people import Person
from roomful.ids import new_id
from roomful.projects.access import Access
from roomful.projects.channel import record
from roomful.projects.columns import first_columns, save_columns
from roomful.projects.events import (
    ProjectArchived,
    ProjectBefore,
    ProjectCreated,
    ProjectDeleted,
    ProjectId,
    ProjectRestored,
    ProjectUpdated,
)
from roomful.projects.keys import key_from
from roomful.projects.members import settled_name
from roomful.projects.models import MEMBER, PROJECT
from roomful.projects.notifications import empty, tell_emptied
from roomful.projects.quotas import UNLIMITED, Quotas
from roomful.projects.schemas import Member, NewProject, Project, ProjectPatch, ProjectState
from roomful.web.etag import Precondition


async def create_project(
    session: AsyncSession,
    person: Person,
    new: NewProject,
    *,
    mutation_id: str | None = None,
    quotas: Quotas = UNLIMITED,
) -> Project:
    """Create a project with its channel; `person` owns it. Raises LimitReached."""
    at = now()
    project = ProjectState(
        id=new_id(),
        name=new.name,
        key=new.key or key_from(new.name),
        description=new.description,
        status="active",
        task_count=0,
        created_at=at,
        updated_at=at,
        owner_id=person.id,
        version=1,
    )
    name = await settled_name(session, person.id)
    await quotas.require_project(session, person.id)
    owner = Member(user_id=person.id, name=name, role="owner", version=1, created_at=at, updated_at=at)
    await session.execute(_INSERT, project.model_dump())
    await session.execute(_INSERT_MEMBER, {"project_id": project.id, **owner.model_dump(exclude={"name"})})
    columns = first_columns(at)
    await save_columns(session, project.id, columns)
    await log.open_channel(session, project_channel(project.id))
    # A subscriber who reads from the start learns of the owner and the first columns by no other event.
    event = ProjectCreated(project=project, member=owner, columns=columns)
    offset = await record(session, project.id, event, actor_id=person.id, mutation_id=mutation_id)
    return Project.of(project, "owner", offset)


async def find_state(session: AsyncSession, project_id: str) -> ProjectState | None:
    row = (await session.execute(_STATE, {"project": project_id})).one_or_none()
    return None if row is None else ProjectState.model_validate(row)


def show(access: Access) -> Project:
    return Project.of(access.project, access.role, access.position.offset)


async def change_project(session: AsyncSession, access: Access, patch: ProjectPatch, if_match: Precondition) -> Project:
    """Rename, describe, archive or restore, or give another key.

    An archived project takes no change but its restoration, and others in the same request.
    Raises Forbidden (only the owner archives and restores), PreconditionFailed, Conflict.
    """
    before = show(access)
    values = patch.given()
    if "status" in values:
        access.require_owner()
    if_match.require(before.version, before)
    changed = [name for name, value in values.items() if getattr(before, name) != value]
    if not changed:
        return before
    if "status" not in changed:
        access.require_active()
    after = access.project.model_copy(update={**values, "version": before.version + 1, "updated_at": now()})
    await session.execute(_UPDATE, {"project": after.id, **after.model_dump(include=_CHANGING)})
    previous = values_before(ProjectBefore, before, changed)
    event = _event_type(after, changed)(project=after, changed=changed, previous=previous)
    offset = await access.record(session, event)
    return Project.of(after, access.role, offset)


async def delete_project(session: AsyncSession, access: Access, if_match: Precondition) -> None:
    """Delete it with everything in it but its channel, which tells subscribers of the deletion.

    Raises PreconditionFailed.
    """
    project_id = access.project.id
    if_match.require(access.project.version, show(access))
    emptied = await empty(session, project_id)
    await session.execute(_DELETE, {"project": project_id})
    await access.record(session, ProjectDeleted(project=ProjectId(id=project_id)))
    await tell_emptied(session, project_id, emptied)


def _event_type(
    project: ProjectState, changed: list[str]
) -> type[ProjectUpdated] | type[ProjectArchived] | type[ProjectRestored]:
    if "status" not in changed:
        return ProjectUpdated
    return ProjectArchived if project.status == "archived" else ProjectRestored


_CHANGING = {"name", "key", "description", "status", "version", "updated_at"}
_STATE = select(PROJECT).where(PROJECT.c.id == bindparam("project"))
_INSERT = insert(PROJECT)
_INSERT_MEMBER = insert(MEMBER)
_UPDATE = update(PROJECT).where(PROJECT.c.id == bindparam("project"))
_DELETE = delete(PROJECT).where(PROJECT.c.id == bindparam("project"))
