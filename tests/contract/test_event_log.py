"""The event log on every database: offsets are in the order of commits, without gaps."""

import asyncio

import msgspec
import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.engine import Database
from roomful.eventlog import log
from roomful.eventlog.log import EventData
from roomful.eventlog.models import Channel, Event
from roomful.realtime.history.port import PAGE_BYTES
from roomful.realtime.publication import Position, Publication

CHANNEL = "project:1"


@pytest.fixture
async def opened(database: Database) -> Position:
    async with database.write() as session:
        position = await log.open_channel(session, CHANNEL)
        await session.commit()
    return position


async def record(database: Database, *marks: object, channel: str = CHANNEL) -> list[Publication]:
    """Append an event for each mark, each in its own transaction."""
    publications = []
    for mark in marks:
        async with database.write() as session:
            publications.append(await log.append(session, channel, note(mark)))
            await session.commit()
    return publications


def note(mark: object, mutation_id: str | None = None) -> EventData:
    return EventData(type="task.created", actor_id="ada", data={"task": mark}, project_id="1", mutation_id=mutation_id)


async def read(database: Database, after: int = 0, limit: int = 1_000) -> log.Page:
    async with database.read() as session:
        return await log.read_since(session, CHANNEL, after, limit=limit)


async def delete_up_to(database: Database, offset: int) -> None:
    """Delete events like retention."""
    async with database.write() as session:
        await session.execute(delete(Event).where(Event.channel == CHANNEL, Event.offset <= offset))
        await session.execute(update(Channel).where(Channel.name == CHANNEL).values(floor=offset))
        await session.commit()


async def test_offsets_count_from_one(database: Database, opened: Position) -> None:
    recorded = await record(database, "a", "b", "c")

    assert [publication.offset for publication in recorded] == [1, 2, 3]
    assert {publication.epoch for publication in recorded} == {opened.epoch}
    page = await read(database)
    assert list(page.publications) == recorded
    assert page.head == Position(opened.epoch, 3)


async def test_event_reads_back_to_the_byte(database: Database, opened: Position) -> None:
    data: dict[str, object] = {"id": "7", "title": 'Größe "1"\n\u2028', "labels": [], "due_on": None}
    async with database.write() as session:
        appended = await log.append(session, CHANNEL, note(data, mutation_id="m-1"))
        await session.commit()

    [publication] = (await read(database)).publications
    assert publication == appended
    body = msgspec.json.decode(publication.data)
    assert body["data"] == {"task": data}
    assert {name: body[name] for name in ("type", "project_id", "offset", "actor_id", "version", "mutation_id")} == {
        "type": "task.created",
        "project_id": "1",
        "offset": 1,
        "actor_id": "ada",
        "version": 1,
        "mutation_id": "m-1",
    }
    assert body["at"].endswith("Z")
    assert body["id"]


async def test_fifty_concurrent_writers_leave_no_gap(database: Database, opened: Position) -> None:
    async with asyncio.TaskGroup() as writers:
        for writer in range(50):
            writers.create_task(record(database, f"{writer}-0", f"{writer}-1"))

    publications = (await read(database)).publications
    assert [publication.offset for publication in publications] == list(range(1, 101))
    marks = [msgspec.json.decode(publication.data)["data"]["task"] for publication in publications]
    assert sorted(marks) == sorted(f"{writer}-{turn}" for writer in range(50) for turn in range(2))
    assert all(marks.index(f"{writer}-0") < marks.index(f"{writer}-1") for writer in range(50))


async def test_reader_never_sees_a_gap_while_others_write(database: Database, opened: Position) -> None:
    seen: list[int] = []

    async def follow() -> None:
        while len(seen) < 60:
            page = await read(database, after=len(seen), limit=7)
            seen.extend(publication.offset for publication in page.publications)
            assert seen == list(range(1, len(seen) + 1))
            assert page.head.offset >= len(seen)

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(follow())
        for writer in range(12):
            tasks.create_task(record(database, *range(writer, writer + 5)))


async def test_rollback_leaves_no_gap(database: Database, opened: Position) -> None:
    await record(database, "a")
    async with database.write() as session:
        assert (await log.append(session, CHANNEL, note("never"))).offset == 2
        await session.rollback()
    async with database.write() as session:
        await log.append(session, CHANNEL, note("never either"))  # ends without a commit
    [kept] = await record(database, "b")

    assert kept.offset == 2
    marks = [
        msgspec.json.decode(publication.data)["data"]["task"] for publication in (await read(database)).publications
    ]
    assert marks == ["a", "b"]


async def test_uncommitted_event_is_seen_by_nobody(database: Database, opened: Position) -> None:
    async with database.write() as session:
        await log.append(session, CHANNEL, note("a"))
        page = await read(database)
        assert list(page.publications) == []
        assert page.head.offset == 0
        await session.commit()
    assert (await read(database)).head.offset == 1


async def test_one_transaction_may_append_to_many_channels(database: Database, opened: Position) -> None:
    async with database.write() as session:
        await log.open_channel(session, "user:1")
        await log.append(session, CHANNEL, note("a"))
        await log.append(session, CHANNEL, note("b"))
        await log.append(session, "user:1", note("c"))
        recorded = [(publication.channel, publication.offset) for publication in log.pop_recorded(session)]
        await session.commit()
    assert recorded == [(CHANNEL, 1), (CHANNEL, 2), ("user:1", 1)]


async def test_recorded_events_are_handed_out_once(database: Database, opened: Position) -> None:
    async with database.write() as session:
        appended = await log.append(session, CHANNEL, note("a"))
        await session.commit()
        assert log.pop_recorded(session) == [appended]
        assert log.pop_recorded(session) == []


async def test_limit_and_continuation(database: Database, opened: Position) -> None:
    await record(database, *range(5))

    first = await read(database, after=0, limit=2)
    assert [publication.offset for publication in first.publications] == [1, 2]
    assert first.head.offset == 5
    second = await read(database, after=2, limit=100)
    assert [publication.offset for publication in second.publications] == [3, 4, 5]
    assert list((await read(database, after=5)).publications) == []


@pytest.mark.parametrize("after", [3, 1_000_000, 2**62, -1])
async def test_offset_of_another_history_is_expired(database: Database, opened: Position, after: int) -> None:
    await record(database, "a", "b")
    with pytest.raises(log.Expired):
        await read(database, after=after)


async def test_deleted_events_are_expired_and_later_ones_served(database: Database, opened: Position) -> None:
    await record(database, *range(5))
    await delete_up_to(database, 3)

    for after in (0, 2):
        with pytest.raises(log.Expired):
            await read(database, after=after)
    assert [publication.offset for publication in (await read(database, after=3)).publications] == [4, 5]


async def test_offsets_continue_after_everything_was_deleted(database: Database, opened: Position) -> None:
    await record(database, "a", "b")
    await delete_up_to(database, 2)

    assert list((await read(database, after=2)).publications) == []
    [next_one] = await record(database, "c")
    assert next_one.offset == 3
    assert [publication.offset for publication in (await read(database, after=2)).publications] == [3]


async def test_events_missing_though_the_floor_is_lower_are_expired(database: Database, opened: Position) -> None:
    """Retention may run between its two queries: then it must not return a partial history."""
    await record(database, *range(5))
    async with database.write() as session:
        await session.execute(delete(Event).where(Event.channel == CHANNEL, Event.offset <= 3))
        await session.commit()
    with pytest.raises(log.Expired):
        await read(database, after=0)


async def test_unknown_channel(database: Database) -> None:
    async with database.write() as session:
        with pytest.raises(log.UnknownChannel):
            await log.append(session, "project:none", note("a"))
        assert log.pop_recorded(session) == []
    async with database.read() as session:
        with pytest.raises(log.UnknownChannel):
            await log.read_since(session, "project:none", 0, limit=1)
        with pytest.raises(log.UnknownChannel):
            await log.read_before(session, "project:none", 1, limit=1)
        with pytest.raises(log.UnknownChannel):
            await log.head(session, "project:none")


async def test_channels_of_one_name_have_different_epochs(database: Database, opened: Position) -> None:
    async with database.write() as session:
        await session.execute(delete(Channel).where(Channel.name == CHANNEL))
        again = await log.open_channel(session, CHANNEL)
        await session.commit()
    assert again.epoch != opened.epoch
    assert 0 < len(again.epoch) <= 16


async def test_heads_of_many_channels_in_one_query(database: Database, opened: Position) -> None:
    async with database.write() as session:
        other = await log.open_channel(session, "project:2")
        await session.commit()
    await record(database, "a", "b")
    await record(database, "c", channel="project:2")

    async def heads(session: AsyncSession, *names: str) -> dict[str, Position]:
        return dict(await log.heads(session, names))

    async with database.read() as session:
        assert await heads(session, CHANNEL, "project:2", "project:none") == {
            CHANNEL: Position(opened.epoch, 2),
            "project:2": Position(other.epoch, 1),
        }
        assert await heads(session) == {}
        assert await log.head(session, CHANNEL) == Position(opened.epoch, 2)
        many = await heads(session, *(f"project:{number}" for number in range(5_000)))
        assert set(many) == {CHANNEL, "project:2"}


async def test_read_before_is_newest_first(database: Database, opened: Position) -> None:
    await record(database, *range(5))
    async with database.read() as session:
        page = await log.read_before(session, CHANNEL, 5, limit=3)
    assert [publication.offset for publication in page.publications] == [4, 3, 2]
    assert page.head.offset == 5


@pytest.mark.parametrize("before", [-1, 4, 1_000_000, 2**64 - 1])
async def test_place_of_another_history_is_expired_backwards_too(
    database: Database, opened: Position, before: int
) -> None:
    await record(database, "a", "b")
    async with database.read() as session:
        with pytest.raises(log.Expired):
            await log.read_before(session, CHANNEL, before, limit=10)


async def test_read_before_ends_at_the_oldest_kept(database: Database, opened: Position) -> None:
    """Whether those below were deleted, or belong to what came before a restored backup."""
    await record(database, *range(5))

    async def backward(before: int | None) -> list[int]:
        async with database.read() as session:
            page = await log.read_before(session, CHANNEL, before, limit=10)
        return [publication.offset for publication in page.publications]

    assert await backward(None) == [5, 4, 3, 2, 1]
    assert await backward(0) == []
    async with database.write() as session:
        await session.execute(update(Channel).where(Channel.name == CHANNEL).values(floor=3))
        await session.commit()
    assert [await backward(before) for before in (None, 6, 5, 4, 3)] == [[5, 4], [5, 4], [4], [], []]
    for before in (0, 2):
        with pytest.raises(log.Expired):
            await backward(before)


async def test_events_missing_backwards_though_the_floor_is_lower_are_expired(
    database: Database, opened: Position
) -> None:
    """Retention may run between its two queries, as forwards."""
    await record(database, *range(5))
    async with database.write() as session:
        await session.execute(delete(Event).where(Event.channel == CHANNEL, Event.offset.in_((3, 4))))
        await session.commit()
    async with database.read() as session:
        with pytest.raises(log.Expired):
            await log.read_before(session, CHANNEL, 5, limit=10)


@pytest.mark.parametrize("limit", [2, 300])
async def test_pages_are_bounded_by_bytes_in_both_directions(database: Database, opened: Position, limit: int) -> None:
    sizes = [100, PAGE_BYTES // 2, PAGE_BYTES // 2, PAGE_BYTES * 2, 100, 100, 100]
    await record(database, *("x" * size for size in sizes))

    async def forward(after: int) -> list[int]:
        return [publication.offset for publication in (await read(database, after, limit)).publications]

    assert [await forward(after) for after in (0, 2, 3, 4)] == [[1, 2], [3], [4], [5, 6, 7][:limit]]

    async with database.read() as session:
        backward = [
            [
                publication.offset
                for publication in (await log.read_before(session, CHANNEL, at, limit=limit)).publications
            ]
            for at in (8, 5, 4, 3)
        ]
    assert backward == [[7, 6, 5][:limit], [4], [3], [2, 1]]
