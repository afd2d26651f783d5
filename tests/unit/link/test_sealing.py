"""Sealed frames, and the senders that are accepted, by their numbers and known starts."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful.link.envelopes import EnvelopeRefused
from roomful.link.sealing import OVERHEAD_BYTES, Forged, NotSealed, Sealer
from roomful.link.senders import MAX_AGE, Senders
from roomful.link.starts import START_BYTES, SUPERSEDED_SECONDS, Starts, StartsUnavailable
from roomful.realtime.publication import ClientInfo, Join
from tests.support.brokers import KEY, NAMES, ChannelFrames, event

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
def test_a_sealed_frame_opens_only_in_its_place(content: bytes, place: bytes) -> None:
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


def test_no_number_repeats_when_the_clock_stands_or_goes_back() -> None:
    clock = Clock()
    one = Sealer(KEY, purpose=b"test", clock=clock)
    numbers = []
    for now in (5, 5, 5, 3, 9):
        clock.now = now
        numbers.append(one.open(one.seal(b"", b""), b"").number)
    assert numbers == [5, 6, 7, 8, 9]


@given(st.binary(max_size=80), st.integers(0, 400), st.integers(0, 255))
def test_altered_frames_are_refused(junk: bytes, place: int, value: int) -> None:
    genuine = sealer().seal(b"x" * 300, b"here")
    changed = genuine[:place] + bytes([value]) + genuine[place + 1 :]
    for touched in (junk, genuine[:place], genuine + junk, changed, junk + genuine):
        if touched != genuine:
            with pytest.raises((Forged, NotSealed)):
                sealer().open(touched, b"here")


GENUINE = ChannelFrames().encode(Join(CHANNEL, ClientInfo("c-1", "ada", b'{"name":"Ada"}')))


@given(
    st.one_of(
        st.binary(max_size=400),
        st.tuples(st.integers(0, 400), st.binary(max_size=8)).map(
            lambda cut: GENUINE[: cut[0]] + cut[1] + GENUINE[cut[0] + len(cut[1]) :]
        ),
    )
)
def test_decoder_refuses_frames_that_are_not_genuine(frame: bytes) -> None:
    if frame != GENUINE:
        with pytest.raises(EnvelopeRefused):
            ChannelFrames().decode(CHANNEL, frame)


def test_frame_is_accepted_once_and_in_its_channel() -> None:
    reader, writer = ChannelFrames(), ChannelFrames()
    frame = writer.encode(event(CHANNEL, 1))
    with pytest.raises(EnvelopeRefused, match="forged"):
        reader.decode("project:2", frame)
    assert reader.decode(CHANNEL, frame) == event(CHANNEL, 1)
    with pytest.raises(EnvelopeRefused, match="repeated"):
        reader.decode(CHANNEL, frame)


def test_frame_holds_nothing_readable() -> None:
    frame = ChannelFrames().encode(event("project:secret", 7, b'{"token":"secret"}'))
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


def test_a_delayed_frame_is_refused_even_if_it_is_new(senders: Senders, clock: Clock) -> None:
    """Of a dead node without beats: a live one's have greater numbers."""
    assert senders.accept(b"one", 100, b"", is_beat=True)
    clock.now += MAX_AGE + 2
    assert not senders.accept(b"one", 101, b"", is_beat=False)


def test_clock_drift_refuses_nothing(senders: Senders, clock: Clock) -> None:
    for second in range(1, 100):
        clock.now += 3 * SECOND // 2
        assert senders.accept(b"one", second * SECOND, b"", is_beat=True)
        assert senders.accept(b"one", second * SECOND + 1, b"", is_beat=False)


def test_a_paused_node_is_soon_accepted_again(senders: Senders, clock: Clock) -> None:
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
    assert not one.accepts(two.newest)  # it has not read yet
    assert not two.accepts(one.newest)
    await one.look()
    assert one.newest == two.newest == start("b")
    assert one.accepts(start("a"))  # frames of others before they read
    assert one.accepts(start("b"))
    assert not two.accepts(start("a"))  # frames from before its start


async def test_a_copy_neither_accepts_nor_is_accepted() -> None:
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


async def test_foreign_frames_cause_no_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roomful.link.starts.SOONER_SECONDS", 0.01)
    monkeypatch.setattr("roomful.link.starts.READ_SECONDS", 60.0)
    table = Table(start("a"))
    one = table.since(start("a"))
    await one.look()

    async def look_for_ever() -> None:
        while True:
            await one.look_when_due()

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(look_for_ever())
        for _ in range(50):
            assert not one.accepts(start("x"))
            await asyncio.sleep(0.005)
        running.cancel()
    assert table.reads == 2  # one query for the unknown start


async def test_without_a_database_every_node_with_the_key_is_accepted() -> None:
    one, two = Starts(None), Starts(None)
    await one.look()
    assert one.accepts(two.newest)


def test_frames_of_another_database_are_refused() -> None:
    starts = Starts(None)
    starts.newest = start("x")
    frame = ChannelFrames(starts=starts).encode(event(CHANNEL, 1))
    with pytest.raises(EnvelopeRefused, match="stranger"):
        ChannelFrames().decode(CHANNEL, frame)
