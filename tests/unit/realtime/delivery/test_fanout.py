"""The fan-out of one channel: recipients, order, number of writes."""

import asyncio
import itertools
from typing import Any

import msgspec
import pytest
from centrifuge.fossil import apply_delta

from roomful.realtime.delivery import fanout as fanout_module
from roomful.realtime.delivery.fanout import Fanout, FanoutCounters
from roomful.realtime.delivery.wire import DeltaWriter, PlainWire, delta_wire_of
from roomful.realtime.delivery.write_scheduler import WriteScheduler
from roomful.realtime.protocol import delta, fossil
from roomful.realtime.protocol.formats import JSON, PLAIN, ClientFormat, PushFormat
from roomful.realtime.publication import ClientInfo, Join, Leave, Publication
from tests.support.engine import ListFraming


class Subscriber:
    """Keeps each write; may act on the first."""

    def __init__(self, fanout: Fanout, push_format: PushFormat = PLAIN, *, tells_joins: bool = False) -> None:
        self.fanout = fanout
        self.wire = PlainWire(push_format, ListFraming(), tells_joins=tells_joins)
        self.writes: list[list[Any]] = []
        self.leaves: list[Subscriber] = []
        self.is_behind = False

    def join(self) -> "Subscriber":
        self.fanout.join(self, self.wire, self)
        return self

    def leave(self) -> None:
        self.fanout.leave(self, self.wire)

    def write(self, chunk: Any) -> None:
        self.writes.append([msgspec.json.decode(message) for message in chunk])
        for other in self.leaves:
            other.leave()
        self.leaves = []

    @property
    def seen(self) -> list[Any]:
        return [message for write in self.writes for message in write]


def publication(number: int, *, size: int = 0) -> Publication:
    data = msgspec.json.encode({"n": number, "x": "x" * size} if size else number)
    return Publication("project:1", data, number, "epoch")


def signal(number: int, *, size: int = 0) -> Publication:
    return Publication("project:1", publication(number, size=size).data)


def numbers(reader: Subscriber) -> list[Any]:
    """The publications that a JSON reader has seen."""
    return [message["push"]["pub"]["data"] for message in reader.seen]


def one_slice_a_turn() -> WriteScheduler:
    seconds = itertools.count()
    return WriteScheduler(clock=lambda: float(next(seconds)))


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_publications_of_one_turn_are_encoded_and_written_once() -> None:
    counters = FanoutCounters()
    fanout = Fanout(one_slice_a_turn(), counters)
    readers = [Subscriber(fanout).join() for _ in range(3)]
    for number in (1, 2, 3):
        fanout.add(publication(number))
    assert not readers[0].writes
    await turns()
    assert [reader.writes for reader in readers] == [[[1, 2, 3]]] * 3
    assert (counters.encoded, counters.written) == (3, 3)


async def test_readers_that_are_behind_get_events_but_no_signals() -> None:
    counters = FanoutCounters()
    fanout = Fanout(one_slice_a_turn(), counters)
    slow, quick = Subscriber(fanout, JSON).join(), Subscriber(fanout, JSON).join()
    slow.is_behind = True
    for number in range(1, 7):
        fanout.add(publication(number) if number % 3 == 0 else signal(number))
    await turns(6)
    assert numbers(quick) == [1, 2, 3, 4, 5, 6]
    assert numbers(slow) == [3, 6]
    assert counters.signals_dropped == 4
    slow.is_behind = False
    fanout.add(signal(7))
    await turns()
    assert numbers(slow) == [3, 6, 7]


async def test_signals_faster_than_their_writing_are_dropped() -> None:
    counters = FanoutCounters()
    fanout = Fanout(one_slice_a_turn(), counters)
    reader = Subscriber(fanout, JSON).join()
    # An event between two signals keeps them in batches of their own.
    for number in range(0, 300, 2):
        fanout.add(signal(number))
        fanout.add(publication(number + 1))
    fanout.flush()
    kept = fanout_module.MAX_SIGNAL_BATCHES // 2
    assert counters.signals_dropped == 150 - kept
    assert numbers(reader) == [*range(2 * kept), *range(2 * kept + 1, 300, 2)]


async def test_waiting_signals_are_bounded_by_bytes() -> None:
    counters = FanoutCounters()
    fanout = Fanout(one_slice_a_turn(), counters)
    reader = Subscriber(fanout, JSON).join()
    size = fanout_module.MAX_SIGNAL_BYTES // 16
    for number in range(100):
        fanout.add(signal(number, size=size))
    fanout.add(publication(100))
    fanout.flush()
    assert len(reader.seen) == 16 + 1
    assert counters.signals_dropped == 84
    assert numbers(reader)[-1] == 100
    fanout.add(signal(101, size=size))
    fanout.flush()
    assert numbers(reader)[-1]["n"] == 101


async def test_publications_within_the_delay_are_written_once() -> None:
    counters = FanoutCounters()
    fanout = Fanout(WriteScheduler(delay_seconds=0.02), counters)
    early = Subscriber(fanout).join()
    fanout.add(publication(1))
    await turns()
    fanout.add(publication(2))
    late = Subscriber(fanout).join()
    assert not early.writes
    async with asyncio.timeout(5):
        while not early.writes:  # noqa: ASYNC110 - polled: plain state
            await asyncio.sleep(0.001)
    assert early.writes == [[1, 2]]
    assert counters.written == 1
    assert late.seen == []


async def test_flush_does_not_wait_for_the_delay() -> None:
    fanout = Fanout(WriteScheduler(delay_seconds=0.01), FanoutCounters())
    reader = Subscriber(fanout).join()
    fanout.add(publication(1))
    fanout.flush()
    assert reader.writes == [[1]]
    fanout.add(publication(2))
    async with asyncio.timeout(5):
        while len(reader.writes) < 2:  # noqa: ASYNC110 - polled: plain state
            await asyncio.sleep(0.001)
    assert reader.seen == [1, 2]


async def test_each_wire_gets_its_own_bytes() -> None:
    fanout = Fanout(one_slice_a_turn(), FanoutCounters())
    plain, json = Subscriber(fanout).join(), Subscriber(fanout, JSON).join()
    fanout.add(publication(1))
    await turns()
    assert plain.seen == [1]
    assert json.seen[0]["push"]["pub"] == {"data": 1, "offset": 1}


async def test_a_join_costs_nothing_for_others() -> None:
    counters = FanoutCounters()
    fanout = Fanout(one_slice_a_turn(), counters)
    asked = Subscriber(fanout, JSON, tells_joins=True).join()
    others = [Subscriber(fanout, JSON).join() for _ in range(100)]
    fanout.add(Join("project:1", ClientInfo("client", "user")))
    await turns()
    assert [(*message["push"],) for message in asked.seen] == [("channel", "join")]
    assert not any(other.writes for other in others)
    assert (counters.encoded, counters.written) == (1, 1)


async def test_newcomer_gets_no_earlier_publications() -> None:
    fanout = Fanout(one_slice_a_turn(), FanoutCounters())
    early = Subscriber(fanout).join()
    fanout.add(publication(1))
    late = Subscriber(fanout).join()
    fanout.add(publication(2))
    await turns()
    assert early.seen == [1, 2]
    assert late.seen == [2]


async def test_a_subscriber_that_leaves_gets_nothing_more() -> None:
    fanout = Fanout(one_slice_a_turn(), FanoutCounters())
    stays, goes = Subscriber(fanout).join(), Subscriber(fanout).join()
    fanout.add(publication(1))
    goes.leave()
    await turns()
    assert stays.seen == [1]
    assert goes.seen == []


async def test_everybody_else_is_served_when_half_leave_amid_a_broadcast() -> None:
    fanout = Fanout(one_slice_a_turn(), FanoutCounters())
    readers = [Subscriber(fanout).join() for _ in range(fanout_module.SLICE * 2 + 10)]
    gone = readers[1 : fanout_module.SLICE + 50]
    readers[0].leaves = gone
    for number in (1, 2):
        fanout.add(publication(number))
        await turns(1)  # the first slice is out, the others wait
    await turns(10)
    assert all(reader.seen == [1, 2] for reader in readers if reader not in gone)
    # Those of the running slice were already collected; the others get nothing.
    assert all(not reader.seen for reader in readers[fanout_module.SLICE : fanout_module.SLICE + 50])


async def test_newcomer_amid_a_broadcast_gets_only_later_publications() -> None:
    fanout = Fanout(one_slice_a_turn(), FanoutCounters())
    readers = [Subscriber(fanout).join() for _ in range(fanout_module.SLICE + 10)]
    fanout.add(publication(1))
    await turns(1)
    late = Subscriber(fanout).join()
    fanout.add(publication(2))
    await turns(10)
    assert late.seen == [2]
    assert all(reader.seen == [1, 2] for reader in readers)


async def test_burst_is_written_in_pieces_of_a_bounded_size() -> None:
    fanout = Fanout(one_slice_a_turn(), FanoutCounters())
    reader = Subscriber(fanout).join()
    for number in range(1, 41):
        fanout.add(publication(number, size=10_000))
    await turns(20)
    assert [message["n"] for message in reader.seen] == list(range(1, 41))
    assert max(len(write) for write in reader.writes) * 10_000 < fanout_module.JOIN_BYTES + 20_000


async def test_flush_writes_all_at_once_also_in_the_middle_of_a_broadcast() -> None:
    fanout = Fanout(one_slice_a_turn(), FanoutCounters())
    readers = [Subscriber(fanout).join() for _ in range(fanout_module.SLICE + 10)]
    fanout.add(publication(1))
    await turns(1)
    fanout.add(publication(2))
    fanout.flush()
    assert all(reader.seen == [1, 2] for reader in readers)
    await turns(5)
    assert all(reader.seen == [1, 2] for reader in readers)


async def test_places_of_former_subscribers_are_freed() -> None:
    fanout = Fanout(one_slice_a_turn(), FanoutCounters())
    stays = Subscriber(fanout).join()
    for _ in range(100):
        Subscriber(fanout).join().leave()
    (group,) = fanout._groups.values()
    assert len(group.outlets) <= 3
    stays.leave()
    assert not fanout._groups


class Patched:
    """A subscriber that accepts deltas and restores the documents."""

    def __init__(self, fanout: Fanout, client_format: ClientFormat = JSON) -> None:
        self.fanout = fanout
        self.wire = delta_wire_of(client_format, ListFraming(), tells_joins=True)
        self.documents: list[bytes] = []
        self.is_behind = False
        self.patches = 0
        self.others = 0

    def join(self) -> "Patched":
        self.fanout.join(self, self.wire, DeltaWriter(self))
        return self

    def write(self, chunk: Any) -> None:
        for message in chunk:
            push = msgspec.json.decode(message)["push"]
            if "pub" not in push:
                self.others += 1
                continue
            data = push["pub"]["data"].encode()
            if push["pub"].get("delta"):
                self.patches += 1
                data = bytes(apply_delta(list(self.documents[-1]), list(data)))
            self.documents.append(data)


def document(number: int) -> Publication:
    data = b'{"what stays the same, a text of some length": true, "n": %d, "and what is left": "so much"}' % number
    return Publication("project:1", data, number, "epoch")


async def test_publications_are_deltas_for_subscribers_with_the_one_before() -> None:
    fanout = Fanout(WriteScheduler(), FanoutCounters())
    early, whole = Patched(fanout).join(), Subscriber(fanout).join()
    sent = [document(number) for number in range(1, 11)]
    fanout.add(sent[0])
    fanout.add(sent[1])
    late = Patched(fanout).join()
    fanout.add(Join("project:1", ClientInfo("client", "user")))
    fanout.add(sent[2])
    await turns()
    latest = Patched(fanout).join()
    fanout.add(Leave("project:1", ClientInfo("client", "user")))
    await turns()
    for publication in sent[3:]:
        fanout.add(publication)
        await turns()
    assert early.documents == [publication.data for publication in sent]
    assert late.documents == [publication.data for publication in sent[2:]]
    assert latest.documents == [publication.data for publication in sent[3:]]
    assert [each["n"] for each in whole.seen] == list(range(1, 11))
    assert (early.patches, late.patches, latest.patches) == (9, 7, 6)
    assert (early.others, late.others, latest.others) == (2, 2, 1)


async def test_a_delta_is_computed_and_encoded_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = FanoutCounters()
    fanout = Fanout(WriteScheduler(), counters)
    subscribers = [Patched(fanout).join() for _ in range(200)]
    fanout.add(document(1))
    await turns(10)
    found: list[bytes] = []

    def diff(source: bytes, target: bytes) -> bytes | None:
        found.append(target)
        return fossil.diff(source, target)

    monkeypatch.setattr(delta, "_diff", diff)
    fanout.add(document(2))
    await turns(10)
    assert all(len(each.documents) == 2 and each.patches == 1 for each in subscribers)
    assert found == [document(2).data]
    assert counters.encoded == 2


async def test_a_publication_that_a_delta_would_not_shorten_comes_whole() -> None:
    fanout = Fanout(WriteScheduler(), FanoutCounters())
    subscriber = Patched(fanout).join()
    sent = [document(1), publication(2), document(3), document(4)]
    for each in sent:
        fanout.add(each)
    await turns()
    assert subscriber.documents == [each.data for each in sent]
    assert subscriber.patches == 1
