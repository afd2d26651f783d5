"""The end of all open invitations, after a backup was restored."""

from sqlalchemy import bindparam, inspect, update

from roomful.db.base import UtcDateTime, now
from roomful.db.engine import Database
from roomful.invitations.models import INVITATION, IS_OPEN


async def withdraw_all(database: Database) -> int:
    """Withdraw every invitation that still admits somebody; the number withdrawn.

    The backup knows neither who has joined since, nor which ones were withdrawn. Safe while servers run.
    """
    async with database.engine.connect() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table(INVITATION.name)):
            return 0  # a backup from before there were invitations, which no migration has seen yet
    async with database.write() as session:
        withdrawn = (await session.execute(_WITHDRAW, {"at": now()})).all()
        await session.commit()
    return len(withdrawn)


_WITHDRAW = (
    update(INVITATION)
    .where(*IS_OPEN)
    .values(withdrawn_at=bindparam("at", type_=UtcDateTime), mail_due_at=None)
    .returning(INVITATION.c.id)
)
