"""A project's channel in the event log."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.db.statement import Change
from roomful.eventlog import log
from roomful.eventlog.log import EventData, Position


async def record(
    session: AsyncSession,
    project_id: str,
    type_: str,
    data: Mapping[str, Any],
    *,
    actor_id: str,
    mutation_id: str | None,
    locked: Position | None = None,
    along: Sequence[Change] = (),
) -> int:
    """Tell the project's subscribers of a change, in its transaction; the event's offset.

    Do it last: this takes the channel's lock, unless the caller has (`locked` is where the channel was then), and
    everybody takes it after the project's. `along` is carried out in the same trip to the database.
    """
    channel = project_channel(project_id)
    event = EventData(type=type_, actor_id=actor_id, project_id=project_id, mutation_id=mutation_id, data=data)
    if locked is None:
        locked = await log.lock(session, channel)
    return (await log.append_after(session, channel, locked, event, along=along)).offset
