"""Events in several channels at once, such as those of the people whom one change concerns."""

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.parts import full_parts
from roomful.eventlog import log
from roomful.eventlog.log import EventData, Position
from roomful.eventlog.models import CHANNEL, EVENT


async def lock(session: AsyncSession, channels: Iterable[str]) -> dict[str, Position]:
    """Lock the rows of these channels until the transaction ends; their newest positions, of those that exist.

    In sorted order, as all code that locks several does; lock no channel afterwards that sorts before them.
    """
    found: dict[str, Position] = {}
    for part in full_parts(sorted(set(channels))):
        for name, epoch, head in await session.execute(_LOCK, {"names": part}):
            found[name] = Position(epoch, head)
    return found


async def append(
    session: AsyncSession, locked: Mapping[str, Position], events: Iterable[tuple[str, EventData]]
) -> list[Position]:
    """Record events in the caller's transaction, each at its channel's next offset; their places, in order.

    `locked` is what `lock` returned in this transaction, which has recorded nothing in these channels since. Three
    statements, however many events there are.
    """
    heads, rows, places = dict(locked), [], []
    for channel, event in events:
        at = Position(heads[channel].epoch, heads[channel].offset + 1)
        publication, row = log.prepare(channel, at, event)
        log.note(session, publication)
        heads[channel] = at
        rows.append(row)
        places.append(at)
    if rows:
        moved = [{"channel_name": name, "newest": at.offset} for name, at in heads.items() if at != locked[name]]
        await session.execute(_ADVANCE, moved)
        await session.execute(_RECORD, rows)
    return places


# `_parts` repeats a name to fill its last part, but FOR UPDATE locks a row only once.
_LOCK = (
    select(CHANNEL.c.name, CHANNEL.c.epoch, CHANNEL.c.head)
    .where(CHANNEL.c.name.in_(bindparam("names", expanding=True)))
    .order_by(CHANNEL.c.name)
    .with_for_update()
)
_ADVANCE = update(CHANNEL).where(CHANNEL.c.name == bindparam("channel_name")).values(head=bindparam("newest"))
_RECORD = insert(EVENT)
