"""Retention of events."""

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.eventlog.models import Channel, Event

BATCH = 500
"""Events of one channel deleted in one transaction, which locks its row for milliseconds."""


async def expired_channels(session: AsyncSession, before: datetime, *, limit: int = 100) -> list[str]:
    """Channels with events from before this time."""
    return list(await session.scalars(select(Event.channel).where(Event.at < before).distinct().limit(limit)))


async def delete_expired(session: AsyncSession, channel: str, before: datetime) -> int:
    """Delete a batch of a channel's oldest events from before this time; the number deleted.

    The channel's floor rises in the same transaction, so a reader of these events gets Expired, never a part of them.
    """
    oldest = (
        select(Event.offset, Event.at).where(Event.channel == channel).order_by(Event.offset).limit(BATCH).subquery()
    )
    floor = await session.scalar(select(func.max(oldest.c.offset)).where(oldest.c.at < before))
    if floor is None:
        return 0
    await session.execute(
        update(Channel)
        .where(Channel.name == channel, Channel.floor < floor)
        .values(floor=floor)
        .execution_options(synchronize_session=False)
    )
    deleted = await session.execute(
        delete(Event)
        .where(Event.channel == channel, Event.offset <= floor)
        .execution_options(synchronize_session=False)
    )
    return int(deleted.rowcount)  # type: ignore[attr-defined]  # a DELETE's result counts rows
