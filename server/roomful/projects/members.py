"""Members: who belongs to a project and in which role, each change with its event."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.db.parts import full_parts
from roomful.errors import Conflict, Invalid, NotFound
from roomful.identity.models import User
from roomful.projects.access import Access
from roomful.projects.events import MemberAdded, MemberId, MemberRemoved, MemberUpdated
from roomful.projects.models import MEMBER, PROJECT, Role
from roomful.projects.models import Member as MemberRow
from roomful.projects.notifications import Concerns, empty, notify, tell_emptied
from roomful.projects.schemas import Member, MemberByAddress, MemberPatch, NewMember, ProjectState
from roomful.web.etag import Precondition


async def find_member(session: AsyncSession, project_id: str, user_id: str) -> Member:
    """Raises NotFound."""
    row = (await session.execute(_MEMBER, {"project": project_id, "person": user_id})).one_or_none()
    if row is None:
        raise NotFound
    return Member.model_validate(row)


def describe(member: MemberRow, name: str) -> Member:
    """The member's row together with the person's name."""
    return Member(
        user_id=member.user_id,
        name=name,
        role=member.role,
        version=member.version,
        created_at=member.created_at,
        updated_at=member.updated_at,
    )


async def require_assignable(session: AsyncSession, project_id: str, user_id: str) -> None:
    """Raises Invalid unless this is a member; the error does not reveal whether the person exists."""
    found = await session.execute(_MEMBER, {"project": project_id, "person": user_id})
    if found.one_or_none() is None:
        raise _invalid("assignee_id", "must be a member of the project")


async def list_everybody(session: AsyncSession, project_id: str) -> list[Member]:
    """All members, in the order of their ids."""
    found = await session.execute(_MEMBERS, {"project": project_id})
    return [Member.model_validate(row) for row in found]


async def names_of(session: AsyncSession, project_id: str, user_ids: Collection[str]) -> dict[str, str]:
    """The names of those of these people who are members now."""
    found: dict[str, str] = {}
    for part in full_parts(list(user_ids)):
        rows = await session.execute(_NAMES, {"project": project_id, "people": part})
        found.update((user_id, name) for user_id, name in rows)
    return found


async def add_member(session: AsyncSession, access: Access, new: NewMember) -> Member:
    """Raises Conflict for a member, Invalid for somebody who has no account, LimitReached."""
    access.require_active()
    project_id, at = access.project.id, now()
    user_id, email_verified = await _find_person(session, new)
    if (await session.execute(_MEMBER, {"project": project_id, "person": user_id})).one_or_none() is not None:
        raise Conflict("This person is a member already.")
    await access.quotas.require_member(session, project_id)
    name = await settled_name(session, user_id)
    await access.quotas.require_membership(session, user_id)
    member = Member(user_id=user_id, name=name, role=new.role, version=1, created_at=at, updated_at=at)
    await session.execute(_INSERT, {"project_id": project_id, **member.model_dump(exclude={"name"})})
    concerns = Concerns(subject_type="project", subject_id=project_id, added=[user_id], is_private=True)
    await access.record(session, MemberAdded(member=member), along=[notify(project_id, access.person.id, concerns)])
    if new.email is None:
        return member  # the owner named no address, and must not learn it
    return MemberByAddress(**member.model_dump(), email_verified=email_verified)


async def change_member(
    session: AsyncSession,
    access: Access,
    user_id: str,
    patch: MemberPatch,
    if_match: Precondition,
) -> Member:
    """Give a role; that of owner is handed over.

    Raises NotFound, PreconditionFailed, Conflict for an owner who would leave the project without one, LimitReached for
    a new owner who has as many projects as a person may own.
    """
    before = await find_member(session, access.project.id, user_id)
    if_match.require(before.version, before)
    role = patch.role
    if "role" not in patch.model_fields_set or role == before.role:
        return before
    access.require_active()
    if before.role == "owner":
        raise Conflict("A project has one owner: hand it over by making somebody else the owner.")
    if role == "owner":
        await settled_name(session, user_id)
        await access.quotas.require_project(session, user_id)
    at = now()
    member = await _set_role(session, access, before, role, at)
    former, project = await _hand_over(session, access, member, at) if role == "owner" else (None, None)
    event = MemberUpdated(
        member=member, changed=["role"], previous={"role": before.role}, previous_owner=former, project=project
    )
    await access.record(session, event)
    return member


async def remove_member(session: AsyncSession, access: Access, user_id: str, if_match: Precondition) -> None:
    """The owner removes anybody else, everybody removes themselves. Their tasks stay assigned to them.

    Raises Forbidden, NotFound, PreconditionFailed, Conflict for the owner.
    """
    if user_id != access.person.id:
        access.require_owner()
    member = await find_member(session, access.project.id, user_id)
    if_match.require(member.version, member)
    if member.role == "owner":
        raise Conflict("The owner can't leave: hand the project over first, or delete it.")
    emptied = await empty(session, access.project.id, user_id=user_id)
    await session.execute(_DELETE, {"project": access.project.id, "person": user_id})
    await access.record(session, MemberRemoved(member=MemberId(user_id=user_id)))
    await tell_emptied(session, access.project.id, emptied)


async def settled_name(session: AsyncSession, user_id: str) -> str:
    """The person's name, locked until the transaction ends, so that a member's first event shows the current name.

    The lock on their row also makes counts for quotas exact.
    """
    name: str = (await session.execute(_SETTLED_NAME, {"person": user_id})).scalar_one()
    return name


async def _hand_over(session: AsyncSession, access: Access, owner: Member, at: datetime) -> tuple[Member, ProjectState]:
    """Make the former owner an editor, and name the new one in the project."""
    previous = await find_member(session, access.project.id, access.person.id)
    previous = await _set_role(session, access, previous, "editor", at)
    project = access.project.model_copy(
        update={"owner_id": owner.user_id, "version": access.project.version + 1, "updated_at": at}
    )
    await session.execute(
        _UPDATE_PROJECT, {"project": project.id, **project.model_dump(include={"owner_id", "version", "updated_at"})}
    )
    return previous, project


async def _set_role(session: AsyncSession, access: Access, member: Member, role: Role, at: datetime) -> Member:
    member = member.model_copy(update={"role": role, "version": member.version + 1, "updated_at": at})
    values = member.model_dump(include={"role", "version", "updated_at"})
    await session.execute(_UPDATE, {"project": access.project.id, "person": member.user_id, **values})
    return member


async def _find_person(session: AsyncSession, new: NewMember) -> tuple[str, bool]:
    """The id of an active person, and whether somebody vouches for their address. Raises Invalid."""
    if new.email is not None:
        field, found = "email", await session.execute(_PERSON_BY_EMAIL, {"email": new.email})
    else:
        field, found = "user_id", await session.execute(_PERSON_BY_ID, {"person": new.user_id})
    if (person := found.one_or_none()) is None:
        raise _invalid(field, "must be that of somebody who has an account here", "no_account")
    return person.id, person.email_verified


def _invalid(field: str, message: str, type_: str = "value_error") -> Invalid:
    return Invalid(details=[{"field": field, "message": message, "type": type_}])


SHOWN_NAME = func.coalesce(MEMBER.c.former_name, User.name).label("name")
"""A member's name as the project's events show it (roomful.projects.renames)."""
_SELECT = select(
    MEMBER.c.user_id, SHOWN_NAME, MEMBER.c.role, MEMBER.c.version, MEMBER.c.created_at, MEMBER.c.updated_at
).join(User, User.id == MEMBER.c.user_id)
_ONE = (MEMBER.c.project_id == bindparam("project"), MEMBER.c.user_id == bindparam("person"))
_MEMBER = _SELECT.where(*_ONE)
_MEMBERS = _SELECT.where(MEMBER.c.project_id == bindparam("project")).order_by(MEMBER.c.user_id)
_NAMES = (
    select(MEMBER.c.user_id, SHOWN_NAME)
    .join(User, User.id == MEMBER.c.user_id)
    .where(MEMBER.c.project_id == bindparam("project"), MEMBER.c.user_id.in_(bindparam("people", expanding=True)))
)
_INSERT = insert(MEMBER)
_UPDATE = update(MEMBER).where(*_ONE)
_DELETE = delete(MEMBER).where(*_ONE)
_UPDATE_PROJECT = update(PROJECT).where(PROJECT.c.id == bindparam("project"))
_PERSON = select(User.id, User.email_verified).where(User.is_active.is_(True))
_PERSON_BY_ID = _PERSON.where(User.id == bindparam("person"))
_PERSON_BY_EMAIL = _PERSON.where(User.email == bindparam("email"))
_SETTLED_NAME = select(User.name).where(User.id == bindparam("person")).with_for_update(key_share=True)
