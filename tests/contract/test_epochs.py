"""New epochs on every database: for all channels, or for one that lacks what was delivered."""

import asyncio

import pytest
from sqlalchemy import insert, select

from roomful.db.engine import Database
from roomful.eventlog import epochs, log
from roomful.eventlog.epochs import OFFSETS_SKIPPED
from roomful.eventlog.models import Channel
from roomful.realtime.publication import Position
from tests.contract.test_event_log import CHANNEL, opened, record

__all__ = ["opened"]

OWN = 1  # the server's own channel, in every database


async def test_every_channel_is_renewed_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epochs, "BATCH", 3)
    rows = [{"name": f"project:{number}", "epoch": "old", "head": number, "floor": 0} for number in range(10)]
    async with database.write() as session:
        await session.execute(insert(Channel), rows)
        await session.commit()
    assert await epochs.renew_all(database) == 10 + OWN
    async with database.read() as session:
        columns = select(Channel.epoch, Channel.head, Channel.floor).where(Channel.name.like("project:%"))
        found = (await session.execute(columns.order_by(Channel.head))).all()
    assert [(head, floor) for _, head, floor in found] == [2 * (OFFSETS_SKIPPED + number,) for number in range(10)]
    assert "old" not in {epoch for epoch, _, _ in found}
    assert await epochs.renew_all(database) == 10 + OWN


async def test_writers_go_on_while_channels_are_renewed(
    database: Database, opened: Position, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epochs, "BATCH", 2)
    others = ["project:0", "project:2", "project:3"]
    async with database.write() as session:
        for name in others:
            await log.open_channel(session, name)
        await session.commit()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        for name in (CHANNEL, *others):
            tasks.create_task(record(database, *range(5), channel=name))
        renewing = [tasks.create_task(epochs.renew_all(database)) for _ in range(2)]
    assert [task.result() for task in renewing] == [4 + OWN] * 2
    await record(database, "after")
    async with database.read() as session:
        newest = await log.head(session, CHANNEL)
        page = await log.read_since(session, CHANNEL, newest.offset - 1, limit=10)
    assert newest.epoch != opened.epoch
    assert newest.offset == 6 + 2 * OFFSETS_SKIPPED
    assert [event.offset for event in page.publications] == [newest.offset]


@pytest.mark.parametrize(
    ("offset", "body", "is_lost"),
    [(3, "own", False), (3, None, False), (2, "own", False), (3, "other", True), (4, None, True), (4, "own", True)],
)
async def test_a_channel_is_renewed_if_it_lacks_what_was_delivered(
    database: Database, opened: Position, offset: int, body: str | None, *, is_lost: bool
) -> None:
    kept = {event.offset: event.data for event in await record(database, "a", "b", "c")}
    data = None if body is None else kept.get(offset, b"") if body == "own" else b"{}"
    async with database.write() as session:
        delivered = Position(opened.epoch, offset)
        assert await epochs.renew_if_lost(session, CHANNEL, delivered, data) == is_lost
        assert not await epochs.renew_if_lost(session, CHANNEL, delivered, data)  # once is enough
        assert not await epochs.renew_if_lost(session, "project:none", delivered, data)
        await session.commit()
    async with database.read() as session:
        newest = await log.head(session, CHANNEL)
    assert (newest.epoch != opened.epoch) == is_lost
