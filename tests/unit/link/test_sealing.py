"""Sealed bytes, and whose messages are taken: by the sender's numbers, and by the starts that it knows."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful.link.sealing import OVERHEAD_BYTES, Forged, NotSealed, Sealer
from roomful.link.senders import MAX_AGE, Senders
from roomful.link.starts import START_BYTES, SUPERSEDED_SECONDS, Starts, StartsUnavailable
from roomful.realtime.broker.redis_envelopes import RedisEnvelopes, Refused
from roomful.realtime.publication import Arrival, ClientInfo
from tests.support.brokers import KEY, NAMES, event, frames_of_another_node

CHANNEL = "project:1"
SECOND = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now


def sealer(purpose: bytes = b"test", key: bytes = KEY) -> Sealer:
    return Sealer(key, purpose=purpose)


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_one_seals_the_others_open_in_that_place_alone(content: bytes, place: bytes) -> None:
    one, two = sealer(), sealer()
    sealed = one.seal(content, place)
    assert len(sealed) == len(content) + OVERHEAD_BYTES
    opened = two.open(sealed, place)
    assert (opened.sealer, opened.content) == (one.sealer, content)
    assert one.is_own(sealed)
    assert not two.is_own(sealed)
    with pytest.raises(Forged):
        two.open(sealed, place + b"!")
    for other in (sealer(b"another purpose"), sealer(key=b"another key")):
        with pytest.raises(Forged):
            other.open(sealed, place)


def test_no_number_is_given_twice_while_the_clock_stands_or_is_set_back() -> None:
    clock = Clock()
    one = Sealer(KEY, purpose=b"test", clock=clock)
    numbers = []
    for now in (5, 5, 5, 3, 9):
        clock.now = now
        numbers.append(one.open(one.seal(b"", b""), b"").number)
    assert numbers == [5, 6, 7, 8, 9]


@given(st.binary(max_size=80), st.integers(0, 400), st.integers(0, 255))
def test_nothing_that_was_touched_is_opened(junk: bytes, place: int, value: int) -> None:
    genuine = sealer().seal(b"x" * 300, b"here")
    changed = genuine[:place] + bytes([value]) + genuine[place + 1 :]
    for touched in (junk, genuine[:place], genuine + junk, changed, junk + genuine):
        if touched != genuine:
            with pytest.raises((Forged, NotSealed)):
                sealer().open(touched, b"here")


GENUINE = frames_of_another_node().encode(Arrival(CHANNEL, ClientInfo("c-1", "ada", b'{"name":"Ada"}'), joined=True))


@given(
    st.one_of(
        st.binary(max_size=400),
        st.tuples(st.integers(0, 400), st.binary(max_size=8)).map(
            lambda cut: (GENUINE or b"")[: cut[0]] + cut[1] + (GENUINE or b"")[cut[0] + len(cut[1]) :]
        ),
    )
)
def test_decoder_of_frames_refuses_whatever_is_not_genuine(frame: bytes) -> None:
    if frame != GENUINE:
        with pytest.raises(Refused):
            frames_of_another_node().decode(NAMES.of("channel", CHANNEL), frame)


def test_frame_is_taken_once_and_in_its_channel() -> None:
    reader, writer = frames_of_another_node(), frames_of_another_node()
    frame = writer.encode(event(CHANNEL, 1))
    assert frame is not None
    with pytest.raises(Refused, match="forged"):
        reader.decode(NAMES.of("channel", "project:2"), frame)
    assert reader.decode(NAMES.of("channel", CHANNEL), frame).content == event(CHANNEL, 1)
    with pytest.raises(Refused, match="repeated"):
        reader.decode(NAMES.of("channel", CHANNEL), frame)


def test_frame_holds_nothing_that_can_be_read() -> None:
    frame = frames_of_another_node().encode(event("project:secret", 7, b'{"token":"secret"}'))
    assert frame is not None
    assert b"secret" not in frame
    assert b"secret" not in NAMES.of("channel", "project:secret")


# Senders


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def senders(clock: Clock) -> Senders:
    return Senders(lambda _start: True, clock=clock)


def test_numbers_only_grow(senders: Senders) -> None:
    taken = [senders.accept(b"one", number, b"", is_beat=False) for number in (1, 3, 3, 2, 4)]
    assert taken == [True, True, False, False, True]
    assert senders.accept(b"two", 1, b"", is_beat=False)


def test_what_was_kept_back_is_refused_though_it_was_never_heard(senders: Senders, clock: Clock) -> None:
    """Of a dead node, whose beats don't come any more: those of a live one have greater numbers."""
    assert senders.accept(b"one", 100, b"", is_beat=True)
    clock.now += MAX_AGE + 2
    assert not senders.accept(b"one", 101, b"", is_beat=False)


def test_clocks_that_drift_apart_are_no_reason_to_refuse(senders: Senders, clock: Clock) -> None:
    for second in range(1, 100):
        clock.now += 3 * SECOND // 2
        assert senders.accept(b"one", second * SECOND, b"", is_beat=True)
        assert senders.accept(b"one", second * SECOND + 1, b"", is_beat=False)


def test_node_that_stood_still_is_believed_again_soon(senders: Senders, clock: Clock) -> None:
    theirs = 0
    assert senders.accept(b"one", theirs, b"", is_beat=True)
    clock.now += 15 * SECOND
    refused = 0
    while not senders.accept(b"one", (theirs := theirs + SECOND), b"", is_beat=True):
        clock.now += SECOND
        refused += 1
    assert refused <= 6


def test_memory_of_senders_is_bounded(clock: Clock) -> None:
    known = {b"new"}
    senders = Senders(known.__contains__, clock=clock)
    for number in range(1_000):
        assert senders.accept(b"%d" % number, 1, b"new" if number % 100 == 0 else b"old", is_beat=False)
    assert len(senders) < 300
    assert not senders.accept(b"900", 1, b"new", is_beat=False)


# Starts


class Table:
    """The starts in one database."""

    def __init__(self, *starts: bytes) -> None:
        self.starts = list(starts)
        self.reads = 0
        self.is_out_of_reach = False

    def since(self, own: bytes) -> Starts:
        async def read() -> Sequence[bytes]:
            self.reads += 1
            if self.is_out_of_reach:
                raise StartsUnavailable
            return self.starts[self.starts.index(own) :]

        return Starts(read)


def start(letter: str) -> bytes:
    return letter.encode() * START_BYTES


async def test_nodes_on_one_database_accept_each_other() -> None:
    table = Table(start("a"))
    one = table.since(start("a"))
    await one.look()
    table.starts.append(start("b"))
    two = table.since(start("b"))
    await two.look()
    assert not one.accepts(two.newest)  # it has not looked yet
    assert not two.accepts(one.newest)
    await one.look()
    assert one.newest == two.newest == start("b")
    assert one.accepts(start("a"))  # what others sent before they looked
    assert one.accepts(start("b"))
    assert not two.accepts(start("a"))  # what was sent before it began


async def test_a_copy_is_not_accepted_nor_does_it_accept() -> None:
    table = Table(start("a"))
    original = table.since(start("a"))
    await original.look()
    copied = Table(*table.starts, start("x"))
    copy = copied.since(start("x"))
    await copy.look()
    assert not copy.accepts(original.newest)
    assert not original.accepts(copy.newest)
    await original.look()
    assert not original.accepts(copy.newest)


async def test_superseded_start_is_accepted_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(start("a"), start("b"))
    one = table.since(start("a"))
    await one.look()
    assert one.accepts(start("a"))
    monkeypatch.setattr("roomful.link.starts.SUPERSEDED_SECONDS", 0)
    assert SUPERSEDED_SECONDS > 10
    await one.look()
    assert not one.accepts(start("a"))
    assert one.accepts(start("b"))


async def test_outage_of_the_database_changes_nothing() -> None:
    table = Table(start("a"))
    one = table.since(start("a"))
    await one.look()
    table.is_out_of_reach = True
    await one.look()
    assert one.accepts(start("a"))


async def test_strangers_make_no_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roomful.link.starts.SOONER_SECONDS", 0.01)
    monkeypatch.setattr("roomful.link.starts.READ_SECONDS", 60.0)
    table = Table(start("a"))
    one = table.since(start("a"))
    await one.look()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(one.run())
        for _ in range(50):
            assert not one.accepts(start("x"))
            await asyncio.sleep(0.005)
        running.cancel()
    assert table.reads == 2  # the stranger was asked about once


async def test_without_a_database_every_node_with_the_key_is_believed() -> None:
    one, two = Starts(None), Starts(None)
    await one.look()
    assert one.accepts(two.newest)


def test_frames_of_another_database_are_strangers() -> None:
    starts = Starts(None)
    starts.newest = start("x")
    frame = RedisEnvelopes(KEY, names=NAMES, starts=starts).encode(event(CHANNEL, 1))
    assert frame is not None
    with pytest.raises(Refused, match="stranger"):
        frames_of_another_node().decode(NAMES.of("channel", CHANNEL), frame)
