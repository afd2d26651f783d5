"""A project's channel in the event log."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.db.statement import Change
from roomful.eventlog import log
from roomful.eventlog.log import EventData, Position
from roomful.eventlog.typed_event import TypedEvent


async def record(
    session: AsyncSession,
    project_id: str,
    event: TypedEvent,
    *,
    actor_id: str | None,
    mutation_id: str | None,
    locked: Position | None = None,
    along: Sequence[Change] = (),
) -> int:
    """Tell the project's subscribers of a change, in its transaction; the event's offset.

    Do it last: this locks the channel, as every writer does after the project, unless the caller has: then `locked`
    is the position that it had. `along` is carried out in the same trip to the database.
    """
    channel = project_channel(project_id)
    data = EventData.of(event, actor_id=actor_id, project_id=project_id, mutation_id=mutation_id)
    if locked is None:
        locked = await log.lock(session, channel)
    return (await log.append_after(session, channel, locked, data, along=along)).offset
