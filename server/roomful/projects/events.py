"""What the events of a project and its members hold."""

from collections.abc import Mapping
from datetime import datetime

from roomful.projects.notifications import Kind
from roomful.projects.schemas import Member, ProjectState
from roomful.web.schemas import Out


class ProjectCreated(Out):
    """With the one member that it has."""

    project: ProjectState
    member: Member


class ProjectChanged(Out):
    """`changed` names the fields that have another value than before."""

    project: ProjectState
    changed: list[str]


class ProjectId(Out):
    id: str


class ProjectDeleted(Out):
    project: ProjectId


class MemberAdded(Out):
    member: Member


class MemberUpdated(Out):
    """When the project was handed over, with its owner of before and the project, which names the new one."""

    member: Member
    changed: list[str]
    previous_owner: Member | None = None
    project: ProjectState | None = None


class MemberId(Out):
    user_id: str


class MemberRemoved(Out):
    member: MemberId


class Notification(Out):
    """Something that concerns a person."""

    kind: Kind
    project_id: str
    project_name: str
    at: datetime


class NotificationCreated(Out):
    notification: Notification


EVENTS: Mapping[str, type[Out]] = {
    "project.created": ProjectCreated,
    "project.updated": ProjectChanged,
    "project.archived": ProjectChanged,
    "project.restored": ProjectChanged,
    "project.deleted": ProjectDeleted,
    "member.added": MemberAdded,
    "member.updated": MemberUpdated,
    "member.removed": MemberRemoved,
}
"""In a project's channel, by their type."""

OWN_EVENTS: Mapping[str, type[Out]] = {"notification.created": NotificationCreated}
"""In a person's own channel."""
