"""A project's channel in the event log."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from server.eventlog import log
from server.eventlog.log import EventData


def channel_of(project_id: str) -> str:
    return f"project:{project_id}"


async def record(
    session: AsyncSession,
    project_id: str,
    type_: str,
    data: Mapping[str, Any],
    *,
    actor_id: str,
    mutation_id: str | None,
) -> int:
    """Tell the project's subscribers of a change, in its transaction; the event's offset.

    Do it last: this takes the channel's lock, and everybody takes it after the project's.
    """
    event = EventData(type=type_, actor_id=actor_id, project_id=project_id, mutation_id=mutation_id, data=data)
    return (await log.append(session, channel_of(project_id), event)).offset
