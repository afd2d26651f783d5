"""Changes that people make to the entries of their inboxes, each with its event on their own channel."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import user_channel
from roomful.db.base import UtcDateTime, now
from roomful.errors import Invalid, NotFound
from roomful.eventlog import log
from roomful.eventlog.log import EventData, Position
from roomful.eventlog.typed_event import TypedEvent
from roomful.inbox import entries
from roomful.inbox.schemas import NotificationPatch
from roomful.projects.models import IS_UNREAD, NOTIFICATION
from roomful.projects.notification_events import Notification, NotificationRead, NotificationUpdated
from roomful.projects.unread import count_unread

PURGED_AT_ONCE = 500


async def change_entry(session: AsyncSession, user_id: str, entry_id: str, patch: NotificationPatch) -> Notification:
    """Raises NotFound, for the entries of others too."""
    locked = await log.lock(session, user_channel(user_id))
    found = await entries.find(session, user_id, entry_id)
    if found is None:
        raise NotFound
    before = found[0]
    given, at = patch.given(), now()
    values: dict[str, object] = {}
    for field, name in (("read", "read_at"), ("archived", "archived_at")):
        if field in given and given[field] != (getattr(before, name) is not None):
            values[name] = at if given[field] else None
    if "snoozed_until" in given and given["snoozed_until"] != before.snoozed_until:
        values["snoozed_until"] = given["snoozed_until"]
    entry = entries.describe(found)
    if not values:
        return entry
    await session.execute(_CHANGE, {"entry": entry_id, "told_offset": locked.offset + 1, **values})
    entry = entry.model_copy(update=values)
    unread = (await count_unread(session, [user_id])).get(user_id, 0)
    is_read = values.keys() == {"read_at"} and patch.read
    event = (NotificationRead if is_read else NotificationUpdated)(notification=entry, unread=unread)
    await _tell(session, user_id, locked, event, project_id=entry.project_id)
    return entry


async def read_all(session: AsyncSession, user_id: str, up_to: int) -> int:
    """Mark as read what the person's channel had told up to this offset; how many entries stay unread.

    Raises Invalid for an offset that the channel has not reached.
    """
    locked = await log.lock(session, user_channel(user_id))
    if up_to > locked.offset:
        message = "must not be beyond the newest event of the channel"
        raise Invalid(details=[{"field": "up_to", "message": message, "type": "value_error"}])
    done = await session.execute(_READ_ALL, {"person": user_id, "up_to": up_to, "at": now()})
    unread = (await count_unread(session, [user_id])).get(user_id, 0)
    if done.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result counts rows
        await _tell(session, user_id, locked, NotificationRead(up_to=up_to, unread=unread), project_id=None)
    return unread


async def purge(session: AsyncSession, *, before: datetime) -> int:
    """Delete a batch of entries that nothing has moved since this time; the number deleted."""
    # Ids are made in the order of time, so the oldest are found without an index of their own.
    newest_id = str(UUID(int=int(before.timestamp() * 1000) << 80))
    asked = {"newest": newest_id, "before": before, "most": PURGED_AT_ONCE}
    found = (await session.scalars(_OLD, asked)).all()
    if found:
        await session.execute(_PURGE, {"found": found})
    return len(found)


async def _tell(
    session: AsyncSession, user_id: str, locked: Position, event: TypedEvent, *, project_id: str | None
) -> None:
    data = EventData.of(event, actor_id=user_id, project_id=project_id)
    await log.append_after(session, user_channel(user_id), locked, data)


_CHANGE = update(NOTIFICATION).where(NOTIFICATION.c.id == bindparam("entry"))
_READ_ALL = (
    update(NOTIFICATION)
    .where(
        NOTIFICATION.c.user_id == bindparam("person"),
        *IS_UNREAD,
        NOTIFICATION.c.is_untold.is_(False),
        NOTIFICATION.c.told_offset <= bindparam("up_to"),
    )
    .values(read_at=bindparam("at", type_=UtcDateTime))
)
_OLD = (
    select(NOTIFICATION.c.id)
    .where(
        NOTIFICATION.c.id < bindparam("newest"),
        NOTIFICATION.c.updated_at < bindparam("before", type_=UtcDateTime),
        NOTIFICATION.c.snoozed_until.is_(None),
    )
    .order_by(NOTIFICATION.c.id)
    .limit(bindparam("most"))
)
_PURGE = delete(NOTIFICATION).where(NOTIFICATION.c.id.in_(bindparam("found", expanding=True)))
