"""Who may do what in a project, as dependencies that a route's signature shows."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, params
from pydantic import AfterValidator
from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.db.statement import PART, Change, Statement, full_parts
from roomful.errors import Conflict, Forbidden, NotFound
from roomful.eventlog.log import Position
from roomful.eventlog.models import CHANNEL
from roomful.eventlog.typed_event import TypedEvent
from roomful.identity.models import USER
from roomful.identity.people import IS_SIGNED_IN, PERSON, Person, identify, named_by, person_of
from roomful.identity.tokens import AccessClaims
from roomful.projects.channel import record
from roomful.projects.models import MEMBER, PROJECT, Role
from roomful.projects.quotas import UNLIMITED, Quotas, quotas_of
from roomful.projects.schemas import ProjectState
from roomful.web.dependencies import DB, Claims, MutationId, ReadDB
from roomful.web.limits import limits_of

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _possible_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise NotFound
    return text


PathId = Annotated[str, AfterValidator(_possible_id)]
"""An id in an address. It has one spelling: anything else is NotFound, as an id that nothing has."""


@dataclass(frozen=True, slots=True)
class Access:
    """A member at work in a project. Where the route changes something, both are locked until its transaction ends."""

    person: Person
    role: Role
    project: ProjectState
    mutation_id: str | None = None
    channel: Position | None = None
    """Where the project's channel was when it was locked; None when nobody has locked it."""
    quotas: Quotas = UNLIMITED

    async def record(self, session: AsyncSession, event: TypedEvent, *, along: Sequence[Change] = ()) -> int:
        """Tell the project's subscribers of this person's change, in its transaction, last; the event's offset.

        `along` is carried out in the same trip to the database.
        """
        return await record(
            session,
            self.project.id,
            event,
            actor_id=self.person.id,
            mutation_id=self.mutation_id,
            locked=self.channel,
            along=along,
        )

    def require_active(self) -> None:
        """Raises Conflict in an archived project: its content stays as it is."""
        if self.project.status != "active":
            raise Conflict("The project is archived; restore it first.")

    def require_editor(self) -> None:
        """Raises Forbidden."""
        if self.role == "viewer":
            raise Forbidden

    def require_owner(self) -> None:
        """Raises Forbidden."""
        if self.role != "owner":
            raise Forbidden("Only the project's owner may do this.")


async def may_see(session: AsyncSession, *, user_id: str, project_id: str) -> bool:
    """Whether this person is a member of the project now."""
    return await _MEMBERSHIP.one_or_none(session, {"project": project_id, "person": user_id}) is not None


async def memberships_among(session: AsyncSession, asked: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """`may_see` for many at once, each as person and project: those of them who are members now."""
    found: set[tuple[str, str]] = set()
    for part in full_parts(asked):
        parameters: dict[str, object] = {}
        for place, pair in enumerate(part):
            parameters[f"person_{place}"], parameters[f"project_{place}"] = pair
        found.update(tuple(row) for row in await _MEMBERSHIPS.all(session, parameters))
    return found


async def find_viewer(session: AsyncSession, project_id: str, claims: AccessClaims) -> Access:
    """The signed-in member, of any role. Raises Unauthenticated, and NotFound for everybody else."""
    row = await _find(session, _ACCESS, project_id, claims)
    return Access(person_of(row, claims), row.role, ProjectState.model_validate(row))


async def _viewer_of(project_id: PathId, request: Request, claims: Claims, session: ReadDB) -> Access:
    limits_of(request).count_read(claims.user_id)
    return await find_viewer(session, project_id, claims)


def _at_work(require: Callable[[Access], None]) -> params.Depends:
    """The dependency of routes that change something: one place for all that they ask, since each costs time."""

    async def member(
        project_id: PathId, request: Request, claims: Claims, session: DB, mutation_id: MutationId = None
    ) -> Access:
        limits_of(request).count_write(claims.user_id)
        row = await _find(session, _LOCKED_ACCESS, project_id, claims)
        project = ProjectState.model_validate(row)
        locked = Position(row.epoch, row.head)
        access = Access(person_of(row, claims), row.role, project, mutation_id, locked, quotas_of(request))
        require(access)
        return access

    return params.Depends(member)


ViewerOf = Annotated[Access, Depends(_viewer_of)]
"""A member of any role who reads. Whoever isn't a member gets NotFound, as for a project that doesn't exist."""

MemberOf = Annotated[Access, _at_work(lambda _anybody: None)]
"""A member of any role, the project locked. NotFound for everybody else."""

EditorOf = Annotated[Access, _at_work(Access.require_editor)]
"""An editor or the owner, the project locked. Forbidden for viewers."""

OwnerOf = Annotated[Access, _at_work(Access.require_owner)]
"""The owner, the project locked. Forbidden for other members."""


async def _find(session: AsyncSession, statement: Statement, project_id: str, claims: AccessClaims) -> Any:
    """Who asks, and their place in the project, in one query. Raises Unauthenticated, NotFound."""
    row = await statement.one_or_none(
        session, {"project": project_id, "channel_name": project_channel(project_id), **named_by(claims)}
    )
    if row is None:
        await identify(session, claims)  # which of the two is missing
        raise NotFound
    return row


_MEMBERSHIP = Statement(
    select(MEMBER.c.role).where(MEMBER.c.project_id == bindparam("project"), MEMBER.c.user_id == bindparam("person"))
)
# Not one list of pairs: SQLite would read the whole table for it.
_MEMBERSHIPS = Statement(
    select(MEMBER.c.user_id, MEMBER.c.project_id).where(
        or_(
            *[
                and_(MEMBER.c.project_id == bindparam(f"project_{n}"), MEMBER.c.user_id == bindparam(f"person_{n}"))
                for n in range(PART)
            ]
        )
    )
)
_SIGNED_IN_MEMBER = select(PROJECT, MEMBER.c.role, *PERSON).where(
    PROJECT.c.id == bindparam("project"),
    MEMBER.c.project_id == PROJECT.c.id,
    MEMBER.c.user_id == USER.c.id,
    *IS_SIGNED_IN,
)
_ACCESS = Statement(_SIGNED_IN_MEMBER)
# Every change in a project takes this lock first, and its channel's with it, then rows inside the project: one order
# for all. The member's row is locked as well so that PostgreSQL, having waited for the project, reads the role as it is
# by then. SQLite has no such locks and needs none: there, a transaction that writes is alone.
_LOCKED_ACCESS = Statement(
    _SIGNED_IN_MEMBER.add_columns(CHANNEL.c.epoch, CHANNEL.c.head)
    .where(CHANNEL.c.name == bindparam("channel_name"))
    .with_for_update(of=[PROJECT, MEMBER, CHANNEL])
)
