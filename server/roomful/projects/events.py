"""The events of projects and their members."""

from pydantic import Field
from typing_extensions import TypedDict  # the one that Pydantic reads before Python 3.12

from roomful.eventlog.typed_event import TypedEvent
from roomful.projects.models import ProjectStatus, Role
from roomful.projects.schemas import Column, Member, ProjectState
from roomful.web.schemas import Out


class ProjectCreated(TypedEvent):
    """A new project, with its only member and its first columns."""

    type = "project.created"
    project: ProjectState
    member: Member
    columns: list[Column] = Field(default_factory=list)


class ProjectBefore(TypedDict, total=False):
    """Old values of the changed fields, but the description."""

    name: str
    key: str
    status: ProjectStatus


class _ProjectChange(TypedEvent):
    project: ProjectState
    changed: list[str]
    previous: ProjectBefore = Field(default_factory=ProjectBefore)


class ProjectUpdated(_ProjectChange):
    """`changed` names the fields that have a new value, `previous` holds the old ones but the description."""

    type = "project.updated"


class ProjectArchived(_ProjectChange):
    """A project that is read-only until it is restored. The same change may have renamed or described it."""

    type = "project.archived"


class ProjectRestored(_ProjectChange):
    """An archived project that is active again. The same change may have renamed or described it."""

    type = "project.restored"


class ProjectId(Out):
    id: str


class ProjectDeleted(TypedEvent):
    """The last event of a project."""

    type = "project.deleted"
    project: ProjectId


class MemberAdded(TypedEvent):
    """A new member of the project."""

    type = "member.added"
    member: Member


class MemberBefore(TypedDict, total=False):
    """Old values of the changed fields."""

    name: str
    role: Role


class MemberUpdated(TypedEvent):
    """A new role, or a new name. `changed` says which, `previous` holds the old one.

    When the project was handed over it carries the former owner and the project, which names the new one.
    """

    type = "member.updated"
    member: Member
    changed: list[str]
    previous: MemberBefore = Field(default_factory=MemberBefore)
    previous_owner: Member | None = None
    project: ProjectState | None = None


class MemberId(Out):
    user_id: str


class MemberRemoved(TypedEvent):
    """A member who has left or was removed."""

    type = "member.removed"
    member: MemberId


EVENTS: tuple[type[TypedEvent], ...] = (
    ProjectCreated,
    ProjectUpdated,
    ProjectArchived,
    ProjectRestored,
    ProjectDeleted,
    MemberAdded,
    MemberUpdated,
    MemberRemoved,
)
"""In a project's channel."""
