"""The entries of inboxes: rows, together with the present names of what they are about."""

import json
from collections.abc import Sequence

from sqlalchemy import Row, Select, String, Text, bindparam, case, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.functions import json_texts
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


async def find_untold(session: AsyncSession, entry_ids: Sequence[str]) -> Sequence[Entry]:
    """Those of these entries whose newest event has not been told, in their order."""
    found = {entry[0].id: entry for entry in await session.execute(_UNTOLD, {"asked": json.dumps(entry_ids)})}
    return [found[entry_id] for entry_id in entry_ids if entry_id in found]


_asked = json_texts(bindparam("asked", type_=Text)).table_valued("value", name="asked")
_ONE = SELECT.where(NOTIFICATION.c.id == bindparam("entry"), NOTIFICATION.c.user_id == bindparam("person"))
_UNTOLD = SELECT.where(NOTIFICATION.c.id.in_(select(cast(_asked.c.value, String))), NOTIFICATION.c.is_untold)
