"""New epochs for channels whose history was rolled back, by a restored backup or a failover that lost commits."""

import secrets

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.engine import Database
from roomful.eventlog.models import Channel, Event
from roomful.realtime.publication import Position

BATCH = 500
OFFSETS_SKIPPED = 1_000_000_000
"""More than a channel records between backups, so that no lost offset is given again."""


async def renew_all(database: Database) -> int:
    """Give every channel a new epoch, BATCH channels in a transaction; the number of channels.

    Earlier positions are refused afterwards, also those without an epoch: the history goes on at an offset that no
    reader has seen. Safe while servers run: they tell subscribers within a second. Repeat a run that was cut short.
    """
    epoch, renewed, last = _new_epoch(), 0, ""
    while True:
        async with database.write() as session:
            # Locked in sorted order, as all who lock several channels do.
            names = list(
                await session.scalars(
                    select(Channel.name)
                    .where(Channel.name > last)
                    .order_by(Channel.name)
                    .limit(BATCH)
                    .with_for_update()
                )
            )
            if not names:
                return renewed
            await _renew(session, names, epoch)
            await session.commit()
        renewed, last = renewed + len(names), names[-1]


async def renew_if_lost(session: AsyncSession, channel: str, delivered: Position, body: bytes | None) -> bool:
    """Give a channel a new epoch if its history lacks what was delivered; whether it did. The caller commits.

    `body` is the event at that position, if known: after a rollback another one may have its offset.
    """
    found = await session.scalar(select(Channel).where(Channel.name == channel).with_for_update())
    if found is None or found.epoch != delivered.epoch:
        return False
    if found.head >= delivered.offset:
        kept = await session.scalar(
            select(Event.body).where(Event.channel == channel, Event.offset == delivered.offset)
        )
        if body is None or kept is None or kept == body:
            return False  # an expired event proves nothing
    await _renew(session, [channel], _new_epoch())
    return True


async def _renew(session: AsyncSession, names: list[str], epoch: str) -> None:
    first = Channel.head + OFFSETS_SKIPPED
    await session.execute(
        update(Channel)
        .where(Channel.name.in_(names))
        .values(epoch=epoch, head=first, floor=first)
        .execution_options(synchronize_session=False)
    )


def _new_epoch() -> str:
    return secrets.token_hex(8)
