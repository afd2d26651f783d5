"""Following a project through every kind of failure."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful_watch.backoff import Backoff
from roomful_watch.errors import ConnectionLost, EventsExpired, Refused
from roomful_watch.stream import (
    Connected,
    Disconnected,
    Event,
    Follower,
    Item,
    Joined,
    Left,
    Page,
    Person,
    Position,
    Skipped,
    Subscribed,
)

ADA, BOB = Person("u-ada", "ada"), Person("u-bob", "bob")


class Silent(Exception):
    """The script is over."""


@dataclass
class Act:
    """One connection of a script: what has happened since the last one, and what is then pushed before it breaks.

    A push is an offset, or a presence; offsets may repeat, leave gaps or go back.
    """

    happened: int = 0
    pushes: tuple[int | Joined | Left, ...] = ()
    recovers: bool = True
    failure: Exception | None = None
    another_history: bool = False


@dataclass
class ScriptedServer:
    """A project's log in memory, with connections that go as the script says. The log's truth is `event(offset)`."""

    acts: list[Act]
    head: int = 0
    floor: int = 0
    epoch: str = "first"
    page_events: int = 3
    pages_asked: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["ScriptedConnection"]:
        if not self.acts:
            raise Silent
        act = self.acts.pop(0)
        if act.another_history:
            self.epoch, self.head = "second", 2
        self.head += act.happened
        if act.failure is not None:
            raise act.failure
        yield ScriptedConnection(self, act)

    async def events(self, after: int) -> Page:
        self.pages_asked.append(after)
        if not self.floor <= after <= self.head:
            raise EventsExpired
        upto = min(self.head, after + self.page_events)
        return Page(self.epoch, tuple(event(offset) for offset in range(after + 1, upto + 1)))


class ScriptedConnection:
    def __init__(self, server: ScriptedServer, act: Act) -> None:
        self._server = server
        self._act = act

    async def subscribe(self, position: Position) -> Subscribed:
        server, after = self._server, position.offset
        fits = after is not None and position.epoch in ("", server.epoch) and server.floor <= after <= server.head
        if after is not None and fits and self._act.recovers:
            missed = tuple(event(offset) for offset in range(after + 1, server.head + 1))
            return Subscribed(server.epoch, after, recovered=True, events=missed)
        return Subscribed(server.epoch, server.head)

    async def present(self) -> tuple[Person, ...]:
        return (BOB,)

    async def pushes(self) -> AsyncIterator[Event | Joined | Left]:
        for push in self._act.pushes:
            if isinstance(push, int):
                self._server.head = max(self._server.head, push)
                yield event(push)
            else:
                yield push
        raise ConnectionLost("it broke")


def event(offset: int) -> Event:
    return Event(offset, b"%d" % offset)


async def watch(server: ScriptedServer, *, since: int | None = None) -> list[Item]:
    """The follower's items until the script is over."""
    items: list[Item] = []
    with contextlib.suppress(Silent):
        async for item in Follower(server, since=since, backoff=Backoff(first_seconds=0)).items():
            items.append(item)
    return items


def offsets(items: list[Item]) -> list[int]:
    return [item.offset for item in items if isinstance(item, Event)]


async def test_without_since_only_new_events_come() -> None:
    assert offsets(await watch(ScriptedServer([Act(pushes=(6, 7))], head=5))) == [6, 7]


async def test_with_since_missed_events_come_first() -> None:
    assert offsets(await watch(ScriptedServer([Act(pushes=(6,))], head=5), since=3)) == [4, 5, 6]


async def test_since_zero_is_the_whole_history() -> None:
    assert offsets(await watch(ScriptedServer([Act()], head=4), since=0)) == [1, 2, 3, 4]


async def test_events_between_connections_come() -> None:
    server = ScriptedServer([Act(pushes=(6,)), Act(happened=2, pushes=(9,))], head=5)
    assert offsets(await watch(server)) == [6, 7, 8, 9]
    assert server.pages_asked == []


async def test_nothing_seen_yet_is_a_position_too() -> None:
    server = ScriptedServer([Act(), Act(happened=3)], head=5)
    assert offsets(await watch(server)) == [6, 7, 8]


async def test_events_beyond_the_servers_recovery_are_read_in_pages() -> None:
    server = ScriptedServer([Act(recovers=False, pushes=(9,))], head=8)
    assert offsets(await watch(server, since=1)) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert server.pages_asked == [1, 4, 7]


async def test_repeated_events_come_once() -> None:
    assert offsets(await watch(ScriptedServer([Act(pushes=(6, 6, 5, 7, 6))], head=5))) == [6, 7]


@pytest.mark.parametrize("beyond", [8, 9, 12])
async def test_a_gap_is_filled_at_once(beyond: int) -> None:
    server = ScriptedServer([Act(pushes=(6, beyond))], head=5)
    assert offsets(await watch(server)) == list(range(6, beyond + 1))


async def test_expired_events_are_reported() -> None:
    server = ScriptedServer([Act(recovers=False, pushes=(9,))], head=8, floor=4)
    items = await watch(server, since=1)
    assert [item for item in items if isinstance(item, Skipped)] == [
        Skipped("the events after offset 1 are no longer kept", 8)
    ]
    assert offsets(items) == [9]


async def test_an_offset_of_the_future_is_reported() -> None:
    items = await watch(ScriptedServer([Act(pushes=(6,))], head=5), since=99)
    assert Skipped("offset 99 is beyond the newest event", 5) in items
    assert offsets(items) == [6]


async def test_a_replaced_history_is_reported() -> None:
    server = ScriptedServer([Act(pushes=(6,)), Act(another_history=True, pushes=(3,))], head=5)
    items = await watch(server)
    assert Skipped("the project's history was replaced", 2) in items
    assert offsets(items) == [6, 3]


async def test_presence_passes_through_in_its_place() -> None:
    items = await watch(ScriptedServer([Act(pushes=(1, Joined(ADA), 2, Left(ADA)))]))
    assert items[:5] == [Connected(0, (BOB,)), event(1), Joined(ADA), event(2), Left(ADA)]


async def test_a_server_that_was_never_reached_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roomful_watch.stream.START_SECONDS", -1.0)
    with pytest.raises(ConnectionLost, match="nobody listens"):
        async for _ in Follower(ScriptedServer([Act(failure=ConnectionLost("nobody listens"))])).items():
            pass


async def test_a_server_that_was_reached_once_is_never_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roomful_watch.stream.START_SECONDS", -1.0)
    server = ScriptedServer([Act(), *[Act(failure=ConnectionLost("nobody listens"))] * 20, Act(pushes=(1,))])
    assert offsets(await watch(server)) == [1]


async def test_a_refusal_ends_it() -> None:
    with pytest.raises(Refused):
        async for _ in Follower(ScriptedServer([Act(failure=Refused("go away"))])).items():
            pass


async def test_connections_that_only_open_are_retried_more_and_more_slowly() -> None:
    pauses = await first_pauses([Act()] * 6)
    assert all(later > earlier for earlier, later in zip(pauses, pauses[2:], strict=False))


async def test_an_event_resets_the_backoff() -> None:
    pauses = await first_pauses([*[Act()] * 5, Act(pushes=(1,))])
    assert pauses[-1] <= 0.002 < pauses[-2]


async def first_pauses(acts: list[Act]) -> list[float]:
    follower = Follower(ScriptedServer(acts), backoff=Backoff(first_seconds=0.002))
    pauses: list[float] = []
    with contextlib.suppress(Silent):
        async for item in follower.items():
            if isinstance(item, Disconnected):
                pauses.append(item.retry_seconds)
    return pauses


pushes = st.lists(st.integers(1, 12), max_size=8).map(tuple)
acts = st.builds(Act, happened=st.integers(0, 6), pushes=pushes, recovers=st.booleans())


@given(st.lists(acts, max_size=6), st.integers(0, 5), st.integers(1, 4))
async def test_whatever_is_pushed_every_event_comes_once_and_in_order(
    script: list[Act], since: int, page_events: int
) -> None:
    server = ScriptedServer([*script, Act()], head=since, page_events=page_events)
    assert offsets(await watch(server, since=since)) == list(range(since + 1, server.head + 1))
