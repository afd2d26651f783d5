"""New generations for documents whose history was rolled back, by a restored backup or a failover that lost commits."""

from sqlalchemy import bindparam, inspect, select, update

from roomful.db.engine import Database
from roomful.roomstore.content import new_generation
from roomful.roomstore.models import ROOM, Room

BATCH = 500


async def renew_all(database: Database) -> int:
    """Give every document a new generation, BATCH in each transaction; the number of documents.

    Clients that have lost content are refused afterwards: merged back, the text would be doubled. Safe while servers
    run. After an interrupted run, begin again.
    """
    async with database.engine.connect() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table(ROOM.name)):
            return 0  # a backup from before there were documents, which no migration has seen yet
    renewed, last = 0, ""
    while True:
        async with database.write() as session:
            ids = list(await session.scalars(_NEXT, {"last": last}))
            if not ids:
                return renewed
            # One for all: generations are compared within a document only.
            await session.execute(_RENEW, {"rooms": ids, "fresh": new_generation()})
            await session.commit()
        renewed, last = renewed + len(ids), ids[-1]


_NEXT = select(Room.id).where(Room.id > bindparam("last")).order_by(Room.id).limit(BATCH).with_for_update()
_RENEW = update(ROOM).where(ROOM.c.id.in_(bindparam("rooms", expanding=True))).values(generation=bindparam("fresh"))
