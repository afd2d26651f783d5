"""The ends of snoozes: an entry comes back, unread, when its time has come."""

import asyncio
import logging
import random

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import user_channel
from roomful.db.base import UtcDateTime, now
from roomful.db.passing_outages import passing_outages
from roomful.eventlog import several
from roomful.eventlog.log import EventData
from roomful.inbox import entries
from roomful.projects.models import NOTIFICATION
from roomful.projects.notification_events import NotificationUpdated
from roomful.projects.unread import count_unread
from roomful.runtime import Runtime

logger = logging.getLogger(__name__)

ROUND_SECONDS = 5.0
BATCH = 100


async def run(runtime: Runtime) -> None:
    """Bring entries back for ever. Several processes may do so at once."""
    while True:
        await asyncio.sleep(ROUND_SECONDS * random.uniform(0.8, 1.2))
        with passing_outages(logger, "snoozed notifications wait for the database"):
            await wake_due(runtime)


async def wake_due(runtime: Runtime) -> int:
    """Bring back every entry whose time has come; how many they were."""
    woken, is_full = 0, True
    while is_full:
        async with runtime.database.ask() as reading:
            due = (await reading.execute(_DUE, {"at": now(), "most": BATCH})).all()
        is_full = len(due) == BATCH
        for entry_id, user_id in due:
            async with runtime.transaction() as session:
                woken += await _wake(session, entry_id, user_id)
    return woken


async def _wake(session: AsyncSession, entry_id: str, user_id: str) -> bool:
    channel, at = user_channel(user_id), now()
    locked = await several.lock(session, [channel])
    found = await entries.find(session, user_id, entry_id)
    if not locked or found is None or found[0].snoozed_until is None or found[0].snoozed_until > at:
        return False  # another process was first, or the person
    values = {"snoozed_until": None, "read_at": None, "updated_at": at}
    await session.execute(
        _WAKE, {"entry": entry_id, "told_offset": locked[channel].offset + 1, "listed_at": at, **values}
    )
    entry = entries.describe(found).model_copy(update=values)
    unread = (await count_unread(session, [user_id])).get(user_id, 0)
    event = NotificationUpdated(notification=entry, unread=unread)
    await several.append(
        session, locked, [(channel, EventData.of(event, actor_id=entry.actor_id, project_id=entry.project_id))]
    )
    return True


_DUE = (
    select(NOTIFICATION.c.id, NOTIFICATION.c.user_id)
    .where(NOTIFICATION.c.snoozed_until <= bindparam("at", type_=UtcDateTime))
    .order_by(NOTIFICATION.c.snoozed_until)
    .limit(bindparam("most"))
)
_WAKE = update(NOTIFICATION).where(NOTIFICATION.c.id == bindparam("entry"))
