"""Joining a project by invitation."""

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.db.base import now
from roomful.errors import Conflict, Forbidden, Gone, NotFound
from roomful.eventlog.log import Position
from roomful.eventlog.models import CHANNEL
from roomful.invitations import standing
from roomful.invitations.models import INVITATION, IS_OPEN
from roomful.invitations.standing import Found
from roomful.projects.channel import record
from roomful.projects.events import MemberAdded
from roomful.projects.members import settled_name
from roomful.projects.models import MEMBER, PROJECT
from roomful.projects.notifications import Concerns, notify
from roomful.projects.quotas import Quotas
from roomful.projects.schemas import Member, Project, ProjectState


@dataclass(frozen=True, slots=True)
class Guest:
    """The person who accepts; `email` is the address of their account."""

    user_id: str
    email: str
    mutation_id: str | None = None


def require_address(invitation: Found, email: str) -> None:
    """Raises Forbidden if the invitation is for another address, which the error does not tell."""
    if invitation.email is not None and invitation.email != email:
        raise Forbidden("This invitation is for another e-mail address than that of your account.")


async def accept(session: AsyncSession, token: str, guest: Guest, quotas: Quotas) -> Project:
    """Make the guest a member, in one transaction with the event; the project as they see it.

    A member stays what they are, and no use is counted. Never more than `max_uses` people join, however many accept at
    the same moment: each use is counted under the project's lock, by an update that checks it.

    Raises NotFound, Gone, Forbidden for another address than the invitation's, Conflict for an archived project,
    LimitReached.
    """
    invitation = await standing.find(session, token)
    project_id = invitation.project_id
    project, position = await _lock(session, project_id)
    role = (await session.execute(_ROLE, {"project": project_id, "person": guest.user_id})).scalar_one_or_none()
    if role is not None:
        return Project.of(project, role, position.offset)
    # Again, as it is under the lock.
    invitation = await standing.find(session, token)
    standing.require_open(invitation)
    require_address(invitation, guest.email)
    if project.status != "active":
        raise Conflict("The project is archived; nobody can join until its owner restores it.")
    at = now()
    used = await session.execute(_USE, {"invitation": invitation.id, "at": at})
    if used.one_or_none() is None:
        raise Gone  # it has expired since it was looked at
    await quotas.require_member(session, project_id)
    name = await settled_name(session, guest.user_id)
    await quotas.require_membership(session, guest.user_id)
    member = Member(user_id=guest.user_id, name=name, role=invitation.role, version=1, created_at=at, updated_at=at)
    await session.execute(_INSERT, {"project_id": project_id, **member.model_dump(exclude={"name"})})
    concerns = Concerns(subject_type="project", subject_id=project_id, added=[guest.user_id], is_private=True)
    offset = await record(
        session,
        project_id,
        MemberAdded(member=member),
        actor_id=guest.user_id,
        mutation_id=guest.mutation_id,
        locked=position,
        along=[notify(project_id, invitation.created_by, concerns)],
    )
    return Project.of(project, member.role, offset)


async def _lock(session: AsyncSession, project_id: str) -> tuple[ProjectState, Position]:
    """Lock the project and its channel, as every change in a project does first. Raises NotFound."""
    asked = {"project": project_id, "channel_name": project_channel(project_id)}
    row = (await session.execute(_LOCKED, asked)).one_or_none()
    if row is None:
        raise NotFound
    return ProjectState.model_validate(row), Position(row.epoch, row.head)


_LOCKED = (
    select(PROJECT, CHANNEL.c.epoch, CHANNEL.c.head)
    .join_from(PROJECT, CHANNEL, CHANNEL.c.name == bindparam("channel_name"))
    .where(PROJECT.c.id == bindparam("project"))
    .with_for_update(of=[PROJECT, CHANNEL])
)
_ROLE = select(MEMBER.c.role).where(
    MEMBER.c.project_id == bindparam("project"), MEMBER.c.user_id == bindparam("person")
)
_USE = (
    update(INVITATION)
    .where(INVITATION.c.id == bindparam("invitation"), *IS_OPEN)
    .values(uses=INVITATION.c.uses + 1)
    .returning(INVITATION.c.id)
)
_INSERT = insert(MEMBER)
