"""Cursors on every database: each event is handled once, whatever dies meanwhile."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select, update

from roomful.db.base import now
from roomful.db.engine import Database
from roomful.eventlog import cursor, cursor_rows, epochs, log
from roomful.eventlog.cursor_batch import Batch, Later
from roomful.eventlog.cursor_rows import LeaseLost, Place
from roomful.eventlog.models import Event
from roomful.settings import Settings
from tests.contract.test_event_log import CHANNEL, delete_up_to, record
from tests.support.cursors import DONE, IN_DATABASE, OUTSIDE, Copier, let_time_pass
from tests.support.processes import dies_with_parent
from tests.support.server import ROOT, roomful_environment

KILLED_SECONDS = 60


@pytest.fixture(autouse=True)
async def _opened(database: Database) -> None:
    async with database.write() as session:
        for name in (CHANNEL, "project:2", DONE):
            await log.open_channel(session, name)
        await session.commit()


@pytest.fixture
async def other_node(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings)
    yield database
    await database.close()


async def place_of(database: Database, name: str = IN_DATABASE.name, channel: str = CHANNEL) -> Place:
    async with database.read() as session:
        return await cursor_rows.find(session, name, channel)


async def test_every_event_is_handled_once_and_in_order(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursor, "BATCH", 3)
    await record(database, *range(10))
    copier = Copier(database)

    await copier.cursor.catch_up()
    assert await copier.done() == [*range(10)]
    await record(database, "more")
    await Copier(database).cursor.catch_up()  # as after a restart

    assert await copier.done() == [*range(10), "more"]
    assert (await place_of(database)).position == 11
    assert copier.cursor.counters.handled == 10


async def test_processes_that_handle_the_same_events_double_none(
    database: Database, other_node: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursor, "BATCH", 2)
    for channel in (CHANNEL, "project:2"):
        await record(database, *(f"{channel} {number}" for number in range(12)), channel=channel)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for node in (database, other_node, database, other_node):
            tasks.create_task(Copier(node).cursor.catch_up())

    done = await Copier(database).done()
    assert sorted(map(str, done)) == sorted(f"{c} {n}" for c in (CHANNEL, "project:2") for n in range(12))
    for channel in (CHANNEL, "project:2"):
        of_channel = [mark for mark in done if str(mark).startswith(channel)]
        assert of_channel == [f"{channel} {number}" for number in range(12)]


async def test_a_killed_process_loses_and_doubles_nothing(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    await record(database, "a", "b")
    await kill_in_the_middle(settings, IN_DATABASE.name, tmp_path / "said")

    copier = Copier(database)
    async with asyncio.timeout(KILLED_SECONDS):
        while await copier.done() != ["a", "b"]:  # PostgreSQL notices the death some time later
            await copier.cursor.catch_up()


async def test_a_deed_that_was_committed_is_not_repeated(database: Database) -> None:
    await record(database, "a", "b")

    class Dying(Copier):
        async def handle(self, batch: Batch) -> None:
            await super().handle(batch)
            raise ConnectionError("as if the process ended here")

    await Dying(database).cursor.catch_up()
    copier = Copier(database)
    await copier.cursor.catch_up()
    assert await copier.done() == ["a", "b"]
    assert (await place_of(database)).position == 2


async def test_a_deed_outside_is_repeated_at_most_once_with_the_same_batch(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    await record(database, "a", "b")
    await kill_in_the_middle(settings, OUTSIDE.name, said := tmp_path / "said")
    assert said.read_text().split() == ["a", "b"]
    await record(database, "c")

    copier = Copier(database, OUTSIDE)
    await copier.cursor.catch_up()
    assert copier.deeds == []  # its lease runs
    await let_time_pass(database)
    await copier.cursor.catch_up()
    assert copier.deeds == ["a", "b", "c"]
    assert copier.cursor.counters.handled == 3
    await let_time_pass(database)
    await copier.cursor.catch_up()
    assert copier.deeds == ["a", "b", "c"]


async def test_a_batch_that_was_begun_ends_where_it_ended(database: Database) -> None:
    await record(database, "a", "b")
    batches: list[int] = []

    class Watched(Copier):
        async def handle(self, batch: Batch) -> None:
            batches.append(len(batch.events))
            if len(batches) == 1:
                await record(database, "c")
                raise ValueError("once")

    copier = Watched(database, OUTSIDE)
    for _ in range(2):
        await copier.cursor.catch_up()
        await let_time_pass(database)
    assert batches == [2, 2, 1]


async def test_who_lost_the_lease_can_not_commit(database: Database, other_node: Database) -> None:
    await record(database, "a")
    place = await place_of(database, OUTSIDE.name)
    async with database.write() as session:
        slow = await cursor_rows.claim(session, place, upto=1, until=now() - timedelta(seconds=1))
        await session.commit()

    copier = Copier(other_node, OUTSIDE)
    await copier.cursor.catch_up()
    assert copier.deeds == ["a"]
    with pytest.raises(LeaseLost):
        async with database.write() as session:
            await cursor_rows.advance(session, slow, 1)
    with pytest.raises(LeaseLost):
        async with database.write() as session:
            await cursor_rows.claim(session, place, upto=1, until=now())


async def test_a_later_claim_takes_the_lease_away(database: Database) -> None:
    await record(database, "a")
    until = now() - timedelta(seconds=1)
    claims = []
    for _ in range(2):
        place = await place_of(database, OUTSIDE.name)
        async with database.write() as session:
            claims.append(await cursor_rows.claim(session, place, upto=1, until=until))
            await session.commit()
    with pytest.raises(LeaseLost):
        async with database.write() as session:
            await cursor_rows.advance(session, claims[0], 1)


async def test_a_claim_stores_where_its_batch_ends(database: Database) -> None:
    await record(database, "a", "b")
    place = await place_of(database, OUTSIDE.name)
    async with database.write() as session:
        await cursor_rows.claim(session, place, upto=2, until=now())
        await session.commit()
    assert (await place_of(database, OUTSIDE.name)).upto == 2


async def test_an_event_that_always_fails_is_left_out(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    await record(database, "a", "bad", "b", "c")
    for rules in (IN_DATABASE, OUTSIDE):
        copier = Copier(database, rules, poison="bad")
        for _ in range(cursor.MAX_ATTEMPTS + 2):
            await copier.cursor.catch_up()
            await let_time_pass(database)
        assert (await copier.done() if rules is IN_DATABASE else copier.deeds) == ["a", "b", "c"]
        assert copier.cursor.counters.left_out == 1
        assert (await place_of(database, rules.name)).position == 4
        assert (await place_of(database, rules.name)).attempts == 0
    assert "a cursor leaves an event out" in caplog.text


async def test_what_can_not_be_done_now_is_tried_for_ever(database: Database) -> None:
    await record(database, "a")
    is_away = True

    class Away(Copier):
        async def handle(self, batch: Batch) -> None:
            if is_away:
                raise Later(10)
            await super().handle(batch)

    copier = Away(database, OUTSIDE)
    for _ in range(3 * cursor.MAX_ATTEMPTS):
        await copier.cursor.catch_up()
        await let_time_pass(database)
    is_away = False
    await copier.cursor.catch_up()
    assert copier.deeds == ["a"]
    assert copier.cursor.counters.left_out == copier.cursor.counters.failures == 0


async def test_other_types_and_other_channels_are_passed_over(database: Database) -> None:
    await record(database, *range(3))
    await record(database, "other", channel=DONE)
    copier = Copier(database, replace(IN_DATABASE, types=("task.deleted",)))
    copier.cursor.notice(await record(database, "unwanted"))
    await copier.cursor.catch_up()

    assert await copier.done() == ["other"]
    assert (await place_of(database)).position == 4
    assert await place_of(database, channel=DONE) == Place(IN_DATABASE.name, DONE)


async def test_a_batch_begins_some_time_after_its_first_event(database: Database) -> None:
    copier = Copier(database, replace(OUTSIDE, delay=timedelta(minutes=10)))
    await record(database, "old", "young")
    await copier.cursor.catch_up()
    assert copier.deeds == []
    await age(database, 1)
    await copier.cursor.catch_up()
    assert copier.deeds == ["old", "young"]
    await record(database, "new")
    await copier.cursor.catch_up()
    assert copier.deeds == ["old", "young"]


async def test_an_event_of_a_clock_that_was_ahead_holds_nothing_up(database: Database) -> None:
    copier = Copier(database, replace(OUTSIDE, delay=timedelta(minutes=10)))
    await record(database, "ahead", "young")
    await age(database, 1, timedelta(hours=-2))
    await copier.cursor.catch_up()
    assert copier.deeds == ["ahead", "young"]


async def age(database: Database, offset: int, by: timedelta = timedelta(hours=1)) -> None:
    """Make an event this old."""
    is_it = (Event.channel == CHANNEL, Event.offset == offset)
    async with database.write() as session:
        body = msgspec.json.decode((await session.execute(select(Event.body).where(*is_it))).scalar_one())
        body["at"] = now() - by
        await session.execute(update(Event).where(*is_it).values(body=msgspec.json.encode(body), at=body["at"]))
        await session.commit()


async def test_events_that_retention_deleted_are_told_of(database: Database) -> None:
    await record(database, *range(5))
    await delete_up_to(database, 3)
    batches: list[tuple[bool, int, int]] = []

    class Watched(Copier):
        async def handle(self, batch: Batch) -> None:
            batches.append((batch.has_lost, batch.upto, len(batch.events)))

    await Watched(database).cursor.catch_up()
    assert batches == [(True, 3, 0), (False, 5, 2)]
    assert (await place_of(database)).position == 5


async def test_a_restored_database_goes_on(database: Database) -> None:
    await record(database, "handled")
    copier = Copier(database)
    await copier.cursor.catch_up()
    await epochs.renew_all(database)
    await record(database, "after")
    again = Copier(database)
    await again.cursor.catch_up()
    async with database.read() as session:
        page = await log.read_since(session, DONE, None, limit=10)
    assert len(page.publications) == 1
    assert again.cursor.counters.failures == 0


async def test_what_this_process_commits_is_handled_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursor, "ROUND_SECONDS", 3_600.0)
    copier = Copier(database)
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(copier.cursor.run())
        while len(await copier.done()) < 5:
            copier.cursor.notice(await record(database, "a"))
        running.cancel()
    assert Copier(database).cursor.lag_seconds == 0


async def test_what_this_process_commits_is_gathered(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is handled when the time is over, without a round."""
    monkeypatch.setattr(cursor, "ROUND_SECONDS", 3_600.0)
    copier = Copier(database, replace(IN_DATABASE, gather=timedelta(seconds=0.1)))
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(copier.cursor.run())
        while len(await copier.done()) < 5:
            copier.cursor.notice(await record(database, "a"))
        running.cancel()


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_steady_stream_of_events_is_gathered_too(
    database: Database, monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    """What comes while a batch is handled waits for the end of its own time."""
    monkeypatch.setattr(cursor, "ROUND_SECONDS", 3_600.0)

    class Busy(Copier):
        async def handle(self, batch: Batch) -> None:
            await super().handle(batch)
            if self.cursor.counters.handled < 20:
                self.cursor.notice(await record(database, f"during {len(batch.events)}"))

    await record(database, "a", "b")
    copier = Busy(database, replace(IN_DATABASE, gather=timedelta(hours=1), at_once=at_once))
    first = ["a", "b", "during 2"] if at_once else ["a", "b"]
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(copier.cursor.run())
        while len(await copier.done()) < len(first) or copier.cursor.lag_seconds:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        running.cancel()
    assert await copier.done() == first
    await record(database, "c")
    await copier.cursor.catch_up()
    assert await copier.done() == [*first, "during 1" if at_once else "during 2", "c"]


async def test_channels_that_concern_nobody_are_left_to_a_round(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursor, "ROUND_SECONDS", 3_600.0)
    rules = replace(IN_DATABASE, gather=timedelta(milliseconds=10), at_once=True)
    copier = Copier(database, rules, unconcerned=["project:2"])
    await record(database, "first")
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(copier.cursor.run())
        while not await copier.done():  # the first round's, so that is over  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        copier.cursor.notice(await record(database, "nobody's", channel="project:2"))
        copier.cursor.notice(await record(database, "a"))
        while len(await copier.done()) < 2 or copier.cursor.lag_seconds:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        running.cancel()
    assert set(copier.asked) == {CHANNEL, "project:2"}
    assert await copier.done() == ["first", "a"]
    await copier.cursor.catch_up()
    assert await copier.done() == ["first", "a", "nobody's"]


async def test_an_outage_while_it_asks_whom_events_concern_passes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursor, "ROUND_SECONDS", 3_600.0)

    class Away(Copier):
        async def concerned(self, gathered: Mapping[str, Sequence[bytes]]) -> Collection[str]:
            channels = await super().concerned(gathered)
            if len(self.asked) == 1:
                raise ConnectionResetError
            return channels

    copier = Away(database, replace(IN_DATABASE, gather=timedelta(milliseconds=10)))
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(copier.cursor.run())
        copier.cursor.notice(await record(database, "a"))
        while not copier.asked:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        copier.cursor.notice(await record(database, "b"))
        while len(await copier.done()) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        running.cancel()
    assert await copier.done() == ["a", "b"]


async def test_a_handler_that_stops_before_the_head_goes_on(database: Database) -> None:
    class Short(Copier):
        async def handle(self, batch: Batch) -> None:
            batch.upto, batch.events = batch.place.position + 1, batch.events[:1]
            await super().handle(batch)

    await record(database, "a", "b", "c")
    copier = Short(database)
    await copier.cursor.catch_up()
    assert await copier.done() == ["a", "b", "c"]


async def test_what_another_process_left_is_found_by_the_next_round(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursor, "ROUND_SECONDS", 0.05)
    copier = Copier(database)
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(copier.cursor.run())
        for number in range(3):
            await record(database, number)
            while len(await copier.done()) <= number:  # noqa: ASYNC110  # another process tells nobody
                await asyncio.sleep(0.01)
        running.cancel()
    assert await copier.done() == [0, 1, 2]


async def kill_in_the_middle(settings: Settings, name: str, said: Path) -> None:
    """Let another process handle a batch, and kill it between the deed and the commit."""
    child = subprocess.Popen(  # noqa: ASYNC220  # it only starts
        [sys.executable, "-m", "tests.support.cursors", settings.database_url, name, str(said)],
        cwd=ROOT,
        env=roomful_environment({}),
        preexec_fn=dies_with_parent(),
    )
    try:
        async with asyncio.timeout(KILLED_SECONDS):
            while not said.exists() or not said.read_text():
                assert child.poll() is None, "it ended by itself"
                await asyncio.sleep(0.02)
    finally:
        child.kill()
        await asyncio.to_thread(child.wait)
