"""The events in a person's own channel."""

from datetime import datetime

from roomful.eventlog.typed_event import TypedEvent
from roomful.projects.models import Reason, SubjectType
from roomful.web.schemas import Out


class Subject(Out):
    """The subject of a notification, with its present title."""

    type: SubjectType
    id: str
    title: str


class Notification(Out):
    """News for a person about one subject: `count` events since they last read it, and the strongest `reason`.

    The names are the present ones of the project and of the newest event's actor.
    """

    id: str
    project_id: str
    project_name: str
    subject: Subject
    reason: Reason
    actor_id: str | None
    actor_name: str | None
    count: int
    created_at: datetime
    updated_at: datetime
    read_at: datetime | None
    archived_at: datetime | None
    snoozed_until: datetime | None


class NotificationCreated(TypedEvent):
    """A new entry of the inbox. `unread` counts the unread ones now, as in every event here, up to 1,000."""

    type = "notification.created"
    notification: Notification
    unread: int


class NotificationUpdated(TypedEvent):
    """An entry that something new has moved up, or that the person has archived, snoozed or marked as unread."""

    type = "notification.updated"
    notification: Notification
    unread: int


class NotificationRead(TypedEvent):
    """The person has read an entry, or everything that this channel had told up to the offset `up_to`."""

    type = "notification.read"
    notification: Notification | None = None
    up_to: int | None = None
    unread: int


class SubjectId(Out):
    type: SubjectType
    id: str


class NotificationDeleted(TypedEvent):
    """The entries about a deleted task are gone, or those of a whole project that the person has left."""

    type = "notification.deleted"
    project_id: str
    subject: SubjectId | None = None
    unread: int


OWN_EVENTS: tuple[type[TypedEvent], ...] = (
    NotificationCreated,
    NotificationUpdated,
    NotificationRead,
    NotificationDeleted,
)
"""In a person's own channel."""
