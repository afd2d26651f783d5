"""The entries of inboxes: rows, together with the present names of what they are about."""

from collections.abc import Sequence

from sqlalchemy import Row, Select, bindparam, case, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.identity.models import USER
from roomful.projects.models import NOTIFICATION, PROJECT
from roomful.projects.models import Notification as NotificationRow
from roomful.projects.notification_events import Notification, Subject
from roomful.tasks.models import TASK

Entry = Row[NotificationRow, str, str, str | None]
"""A row, its subject's title, its project's name and the actor's."""

SELECT: Select[NotificationRow, str, str, str | None] = (
    select(
        NotificationRow,
        case((NOTIFICATION.c.subject_type == "task", TASK.c.title), else_=PROJECT.c.name).label("title"),
        PROJECT.c.name.label("project_name"),
        USER.c.name.label("actor_name"),
    )
    .join(PROJECT, PROJECT.c.id == NOTIFICATION.c.project_id)
    .outerjoin(TASK, (NOTIFICATION.c.subject_type == "task") & (TASK.c.id == NOTIFICATION.c.subject_id))
    .outerjoin(USER, USER.c.id == NOTIFICATION.c.actor_id)
    .execution_options(populate_existing=True)
)


def describe(entry: Entry) -> Notification:
    row, title, project_name, actor_name = entry
    return Notification(
        id=row.id,
        project_id=row.project_id,
        project_name=project_name,
        subject=Subject(type=row.subject_type, id=row.subject_id, title=title or ""),
        reason=row.reason,
        actor_id=row.actor_id,
        actor_name=actor_name,
        count=row.count,
        created_at=row.created_at,
        updated_at=row.updated_at,
        read_at=row.read_at,
        archived_at=row.archived_at,
        snoozed_until=row.snoozed_until,
    )


async def find(session: AsyncSession, user_id: str, entry_id: str) -> Entry | None:
    """One of the person's own entries."""
    return (await session.execute(_ONE, {"person": user_id, "entry": entry_id})).one_or_none()


async def find_untold(session: AsyncSession, project_id: str, *, up_to_person: str, limit: int) -> Sequence[Entry]:
    """A project's entries whose newest event has not been told, in the order of their people."""
    asked = {"in_project": project_id, "last": up_to_person, "most": limit}
    return (await session.execute(_UNTOLD, asked)).all()


_ONE = SELECT.where(NOTIFICATION.c.id == bindparam("entry"), NOTIFICATION.c.user_id == bindparam("person"))
_UNTOLD = (
    SELECT.where(
        NOTIFICATION.c.project_id == bindparam("in_project"),
        NOTIFICATION.c.is_untold,
        NOTIFICATION.c.user_id <= bindparam("last"),
    )
    .order_by(NOTIFICATION.c.user_id, NOTIFICATION.c.subject_type, NOTIFICATION.c.subject_id)
    .limit(bindparam("most"))
)
