"""How many unread entries people's inboxes have."""

from collections.abc import Iterable

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.parts import full_parts
from roomful.identity.models import USER
from roomful.projects.models import IS_UNREAD, NOTIFICATION

MOST = 1_000
"""Nobody reads a larger number, and counting 100,000 rows would take longer than the rest of a request."""


async def count_unread(session: AsyncSession, people: Iterable[str]) -> dict[str, int]:
    """The unread entries of each, counted up to MOST."""
    counted: dict[str, int] = {}
    for part in full_parts(sorted(set(people))):
        counted.update((person, count) for person, count in await session.execute(_COUNTS, {"people": part}))
    return counted


_some = select(NOTIFICATION.c.id).where(NOTIFICATION.c.user_id == USER.c.id, *IS_UNREAD).limit(MOST).correlate(USER)
_COUNTS = select(USER.c.id, select(func.count()).select_from(_some.subquery()).scalar_subquery()).where(
    USER.c.id.in_(bindparam("people", expanding=True))
)
