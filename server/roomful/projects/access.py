"""Rights in projects, as dependencies in a route's signature."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from fastapi import Depends, Request, params
from pydantic import AfterValidator
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.db.parts import full_parts
from roomful.db.statement import Change, Query
from roomful.errors import Conflict, Forbidden, NotFound
from roomful.eventlog.log import Position
from roomful.eventlog.models import CHANNEL
from roomful.eventlog.typed_event import TypedEvent
from roomful.identity.models import USER
from roomful.identity.people import IS_SIGNED_IN, PERSON, Person, identify, named_by
from roomful.identity.tokens import AccessClaims
from roomful.projects.channel import record
from roomful.projects.models import MEMBER, PROJECT, ProjectStatus, Role
from roomful.projects.quotas import UNLIMITED, Quotas, quotas_of
from roomful.projects.schemas import ProjectState
from roomful.web.dependencies import DB, Claims, MutationId, ReadDB
from roomful.web.limits import limits_of

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_possible_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def _possible_id(text: str) -> str:
    if not is_possible_id(text):
        raise NotFound
    return text


PathId = Annotated[str, AfterValidator(_possible_id)]
"""An id in an address. Anything but its one spelling is NotFound, like an unknown id."""


@dataclass(frozen=True, slots=True)
class Access:
    """A member at work in a project. Where the route changes something, both are locked until its transaction ends."""

    person: Person
    role: Role
    project: ProjectState
    position: Position
    """The newest of the project's channel."""
    mutation_id: str | None = None
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
            locked=self.position,
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
    found = await session.execute(_MEMBERSHIP, {"project": project_id, "person": user_id})
    return found.one_or_none() is not None


async def memberships_among(session: AsyncSession, asked: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """`may_see` for many at once, each as person and project: those of them who are members now."""
    found: set[tuple[str, str]] = set()
    for part in full_parts(asked):
        people, projects = zip(*part, strict=True)
        rows = await session.execute(_MEMBERSHIPS, {"people": people, "projects": projects})
        found.update((person, project) for person, project in rows)
    return found.intersection(asked)


async def find_viewer(session: AsyncSession, project_id: str, claims: AccessClaims) -> Access:
    """The signed-in member, of any role. Raises Unauthenticated, and NotFound for everybody else."""
    row = (await session.execute(_ACCESS, _parameters(claims, project_id))).one_or_none()
    if row is None:
        raise await _missing(session, claims)
    return _access(_Row._make(row), claims)


async def find_at_work(
    session: AsyncSession, project_id: str, claims: AccessClaims, mutation_id: str | None, quotas: Quotas
) -> Access:
    """The signed-in member, of any role; locks the project and its channel. Raises as `find_viewer` does."""
    row = await _LOCKED_ACCESS.one_or_none(session, _parameters(claims, project_id))
    if row is None:
        raise await _missing(session, claims)
    return _access(row, claims, mutation_id, quotas)


async def _viewer_of(project_id: PathId, request: Request, claims: Claims, session: ReadDB) -> Access:
    limits_of(request).count_read(claims.user_id)
    return await find_viewer(session, project_id, claims)


def _at_work(require: Callable[[Access], None]) -> params.Depends:
    """The dependency of routes that change something: a single one, since FastAPI spends time on each."""

    async def member(
        project_id: PathId, request: Request, claims: Claims, session: DB, mutation_id: MutationId = None
    ) -> Access:
        limits_of(request).count_write(claims.user_id)
        access = await find_at_work(session, project_id, claims, mutation_id, quotas_of(request))
        require(access)
        return access

    return params.Depends(member)


ViewerOf = Annotated[Access, Depends(_viewer_of)]
"""A member of any role who reads. Others get NotFound, as for a project that doesn't exist."""

MemberOf = Annotated[Access, _at_work(lambda _anybody: None)]
"""A member of any role, the project locked. NotFound for everybody else."""

EditorOf = Annotated[Access, _at_work(Access.require_editor)]
"""An editor or the owner, the project locked. Forbidden for viewers."""

OwnerOf = Annotated[Access, _at_work(Access.require_owner)]
"""The owner, the project locked. Forbidden for other members."""


class _Row(NamedTuple):
    """A project, one member's role in it, this person, and the channel's newest position."""

    id: str
    name: str
    key: str
    description: str | None
    status: ProjectStatus
    task_count: int
    task_number: int
    owner_id: str
    version: int
    created_at: datetime
    updated_at: datetime
    member_role: Role
    person_id: str
    person_email: str
    person_name: str
    person_role: Literal["admin", "user"]
    epoch: str
    head: int


def _access(row: _Row, claims: AccessClaims, mutation_id: str | None = None, quotas: Quotas = UNLIMITED) -> Access:
    person = Person(row.person_id, row.person_email, row.person_name, row.person_role, claims.session_id)
    project = ProjectState.model_validate(row)
    return Access(person, row.member_role, project, Position(row.epoch, row.head), mutation_id, quotas)


def _parameters(claims: AccessClaims, project_id: str) -> dict[str, object]:
    return {"project": project_id, "channel_name": project_channel(project_id), **named_by(claims)}


async def _missing(session: AsyncSession, claims: AccessClaims) -> NotFound:
    """The error after the one query found nothing. Raises Unauthenticated if the person is missing."""
    await identify(session, claims)
    return NotFound()


_MEMBERSHIP = select(MEMBER.c.role).where(
    MEMBER.c.project_id == bindparam("project"), MEMBER.c.user_id == bindparam("person")
)
# Two lists, which may find MOST times MOST memberships: for one list of pairs SQLite would read the whole table.
_MEMBERSHIPS = select(MEMBER.c.user_id, MEMBER.c.project_id).where(
    MEMBER.c.user_id.in_(bindparam("people", expanding=True)),
    MEMBER.c.project_id.in_(bindparam("projects", expanding=True)),
)
_ACCESS = (
    select(PROJECT, MEMBER.c.role.label("member_role"), *PERSON, CHANNEL.c.epoch, CHANNEL.c.head)
    .join_from(PROJECT, CHANNEL, CHANNEL.c.name == bindparam("channel_name"))
    .where(
        PROJECT.c.id == bindparam("project"),
        MEMBER.c.project_id == PROJECT.c.id,
        MEMBER.c.user_id == USER.c.id,
        *IS_SIGNED_IN,
    )
)
# Every change in a project takes this lock first, and its channel's with it, then rows inside the project: one order
# for all. The member's row is locked as well so that PostgreSQL, having waited for the project, reads the role as it is
# by then. SQLite has no row locks and needs none: its write transactions run one at a time.
_LOCKED_ACCESS = Query(_ACCESS.with_for_update(of=[PROJECT, MEMBER, CHANNEL]), _Row)
