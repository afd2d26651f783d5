"""Retention of events, on every database."""

from datetime import timedelta

import pytest

from roomful.db.base import now
from roomful.db.engine import Database
from roomful.eventlog import log, retention
from roomful.eventlog.log import EventData


async def record(database: Database, count: int) -> None:
    async with database.write() as session:
        for n in range(count):
            await log.append(session, "project:1", EventData(type="task.created", actor_id=None, data={"n": n}))
        await session.commit()


async def delete_all(database: Database, before: object) -> int:
    deleted = 0
    while True:
        async with database.write() as session:
            count = await retention.delete_expired(session, "project:1", before)  # type: ignore[arg-type]
            await session.commit()
        deleted += count
        if not count:
            return deleted


async def test_expired_events_are_deleted_in_batches_and_readers_are_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    async with database.write() as session:
        await log.open_channel(session, "project:1")
        await session.commit()
    await record(database, 10)
    border = now()
    await record(database, 2)

    async with database.read() as session:
        assert await retention.expired_channels(session, border) == ["project:1"]
    assert await delete_all(database, border) == 10

    async with database.read() as session:
        assert await retention.expired_channels(session, border) == []
        kept = await log.read_since(session, "project:1", None, limit=100)
        assert [each.offset for each in kept.publications] == [11, 12]
        assert (await log.read_since(session, "project:1", 10, limit=100)).publications == kept.publications
        with pytest.raises(log.Expired):
            await log.read_since(session, "project:1", 9, limit=100)
    assert await delete_all(database, now() - timedelta(days=1)) == 0
    await record(database, 1)
    async with database.read() as session:
        assert (await log.head(session, "project:1")).offset == 13


async def test_a_channel_without_events_keeps_its_offset(database: Database) -> None:
    async with database.write() as session:
        await log.open_channel(session, "project:1")
        await session.commit()
    await record(database, 3)
    assert await delete_all(database, now() + timedelta(seconds=1)) == 3
    async with database.read() as session:
        page = await log.read_since(session, "project:1", 3, limit=10)
    assert (page.publications, page.head.offset) == ([], 3)
    await record(database, 1)
    async with database.read() as session:
        page = await log.read_since(session, "project:1", 3, limit=10)
    assert [each.offset for each in page.publications] == [4]
