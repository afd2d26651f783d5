"""A channel orders its events: it forwards, holds, drops and keeps them."""

import asyncio

import pytest

from roomful.realtime.delivery.channel import HELD_BYTES, HELD_LIMIT, TAIL_BYTES, Channel, ChannelCounters
from roomful.realtime.delivery.fanout import Fanout, FanoutCounters
from roomful.realtime.delivery.write_scheduler import WriteScheduler
from roomful.realtime.publication import Hint, Position, Publication

TAIL = 3


def event(offset: int, epoch: str = "one", *, size_bytes: int = 1) -> Publication:
    return Publication("project:1", b"%0*d" % (size_bytes, offset), offset, epoch)


class Observed:
    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.counters = ChannelCounters()
        self.channel = Channel(
            "project:1",
            is_sequenced=True,
            tail_length=TAIL,
            observe=lambda publication: self.offsets.append(publication.offset),
            counters=self.counters,
            fanout=Fanout(WriteScheduler(), FanoutCounters()),
        )


@pytest.fixture
async def observed() -> Observed:
    asyncio.get_running_loop()  # the fan-out schedules itself there
    return Observed()


async def test_next_event_is_forwarded_and_an_old_one_dropped(observed: Observed) -> None:
    channel = observed.channel
    channel.start_at(Position("one", 4))
    assert channel.deliver(event(5))
    assert channel.deliver(event(5))
    assert channel.deliver(event(3))
    assert observed.offsets == [5]
    assert channel.position == Position("one", 5)
    assert observed.counters.repeated == 2


async def test_another_event_at_an_offset_is_doubted(observed: Observed) -> None:
    channel = observed.channel
    channel.start_at(Position("one", 4))
    assert channel.deliver(event(5))
    assert channel.deliver(event(6))
    assert channel.deliver(Publication("project:1", b"before memory", 4, "one"))
    assert not channel.deliver(Publication("project:1", b"another", 5, "one"))
    assert observed.offsets == [5, 6]
    assert channel.doubted == (Position("one", 5), b"5")
    channel.start_at(Position("two", 5))
    assert channel.doubted is None


async def test_early_events_are_held_until_the_gap_closes(observed: Observed) -> None:
    channel = observed.channel
    channel.start_at(Position("one", 0))
    assert not channel.deliver(event(3))
    assert not channel.deliver(event(2))
    assert observed.offsets == []
    assert channel.deliver(event(1))
    assert observed.offsets == [1, 2, 3]
    assert observed.counters.gaps == 1
    assert not channel.held


async def test_events_that_come_while_opening_are_ordered_at_the_start(observed: Observed) -> None:
    channel = observed.channel
    for offset in (4, 6, 5):
        assert channel.deliver(event(offset))
    channel.start_at(Position("one", 4))
    assert observed.offsets == [5, 6]
    assert channel.position == Position("one", 6)


async def test_event_of_another_epoch_is_never_forwarded(observed: Observed) -> None:
    channel = observed.channel
    channel.start_at(Position("one", 0))
    assert not channel.deliver(event(1, "other"))
    assert channel.deliver(event(1))
    assert observed.offsets == [1]
    assert not channel.held


async def test_held_events_are_bounded(observed: Observed) -> None:
    channel = observed.channel
    channel.start_at(Position("one", 0))
    for offset in range(2, HELD_LIMIT + 5):
        channel.deliver(event(offset))
    assert len(channel.held) == HELD_LIMIT


async def test_held_events_are_bounded_by_bytes(observed: Observed) -> None:
    channel = observed.channel
    channel.start_at(Position("one", 0))
    for offset in range(2, 8):
        channel.deliver(event(offset, size_bytes=HELD_BYTES // 4))
    assert list(channel.held) == [2, 3, 4, 5]
    channel.deliver(event(3, size_bytes=HELD_BYTES // 4))  # again: counted once
    channel.deliver(event(1))
    assert observed.offsets == [1, 2, 3, 4, 5]
    channel.deliver(event(7, size_bytes=HELD_BYTES))  # released events make room
    assert list(channel.held) == [7]


async def test_tail_is_bounded_by_bytes(observed: Observed) -> None:
    channel = observed.channel
    channel.start_at(Position("one", 0))
    for offset in range(1, 4):
        channel.deliver(event(offset, size_bytes=TAIL_BYTES // 2))
    assert channel.missed(0) is None
    assert channel.missed(1) == [event(offset, size_bytes=TAIL_BYTES // 2) for offset in (2, 3)]
    channel.deliver(event(4, size_bytes=TAIL_BYTES + 1))
    assert not channel.tail
    for offset in range(5, 9):
        channel.deliver(event(offset))
    assert [each.offset for each in channel.tail] == [6, 7, 8]  # the bytes of released events no longer count


@pytest.mark.parametrize(("after", "missed"), [(5, []), (4, [5]), (2, [3, 4, 5]), (1, None), (6, None)])
async def test_tail_returns_all_missed_events_or_none(observed: Observed, after: int, missed: list[int] | None) -> None:
    channel = observed.channel
    channel.start_at(Position("one", 0))
    for offset in range(1, 6):
        channel.deliver(event(offset))
    found = channel.missed(after)
    assert (None if found is None else [publication.offset for publication in found]) == missed


@pytest.mark.parametrize(
    ("hinted", "is_had"), [(Position("one", 2), True), (Position("one", 3), False), (Position("other", 1), False)]
)
async def test_hint_says_whether_the_log_must_be_read(observed: Observed, hinted: Position, is_had: bool) -> None:
    channel = observed.channel
    assert channel.deliver(Hint("project:1", hinted))  # still opening: the head will include it
    channel.start_at(Position("one", 2))
    assert channel.deliver(Hint("project:1", hinted)) is is_had


async def test_tail_of_a_replaced_history_is_dropped(observed: Observed) -> None:
    channel = observed.channel
    channel.start_at(Position("one", 0))
    for offset in range(1, 4):
        channel.deliver(event(offset))
    channel.start_at(Position("other", 2))
    assert channel.missed(0) is None
    channel.deliver(event(3, "other"))
    assert channel.missed(2) == [event(3, "other")]
