"""What the events of a project and its members hold."""

from datetime import datetime
from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict  # the one that Pydantic reads before Python 3.12

from roomful.eventlog.typed_event import TypedEvent
from roomful.projects.models import ProjectStatus, Role
from roomful.projects.schemas import Member, ProjectState
from roomful.web.schemas import Out

Kind = Literal["project_created", "member_added"]
"""What a notification is about."""


class ProjectCreated(TypedEvent):
    """With the one member that it has."""

    type = "project.created"
    project: ProjectState
    member: Member


class ProjectBefore(TypedDict, total=False):
    """Values from before, of those fields that changed. The description is not told again."""

    name: str
    status: ProjectStatus


class _ProjectChange(TypedEvent):
    project: ProjectState
    changed: list[str]
    previous: ProjectBefore = Field(default_factory=ProjectBefore)


class ProjectUpdated(_ProjectChange):
    """`changed` names the fields that have a new value, `previous` holds the old ones but the description."""

    type = "project.updated"


class ProjectArchived(_ProjectChange):
    """A project that takes no change but its restoration. It may have been renamed or described on the way."""

    type = "project.archived"


class ProjectRestored(_ProjectChange):
    """An archived project that is at work again. It may have been renamed or described on the way."""

    type = "project.restored"


class ProjectId(Out):
    id: str


class ProjectDeleted(TypedEvent):
    """The last event of a project."""

    type = "project.deleted"
    project: ProjectId


class MemberAdded(TypedEvent):
    """Somebody who belongs to the project from now on."""

    type = "member.added"
    member: Member


class MemberBefore(TypedDict, total=False):
    """Values from before, of those fields that changed."""

    name: str
    role: Role


class MemberUpdated(TypedEvent):
    """A new role, or a new name. `changed` says which, `previous` holds the old one.

    When the project was handed over, with its owner of before and the project, which names the new one.
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
    """Somebody who has left, or was removed."""

    type = "member.removed"
    member: MemberId


class Notification(Out):
    """Something that concerns a person."""

    kind: Kind
    project_id: str
    project_name: str
    at: datetime


class NotificationCreated(TypedEvent):
    """For one person, in their own channel."""

    type = "notification.created"
    notification: Notification


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

OWN_EVENTS: tuple[type[TypedEvent], ...] = (NotificationCreated,)
"""In a person's own channel."""
