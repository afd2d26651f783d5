"""Who is where: what is believed of whom."""

import msgspec
import pytest

from roomful.rooms import Grant, RoomLimits
from roomful.rooms.awareness.states import TOMBSTONE_SECONDS, AwarenessStates
from roomful.rooms.peer import Peer
from roomful.rooms.protocol.awareness import GONE, AwarenessEntry, encode
from roomful.rooms.protocol.yjs import YjsWire
from tests.support.typists import PacketTransport


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


LIMITS = RoomLimits(awareness_ids=3, awareness_bytes=1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def states(clock: Clock) -> AwarenessStates:
    return AwarenessStates(LIMITS, clock)


def peer(name: str) -> Peer:
    transport = PacketTransport(lambda _: None, lambda _: None)
    grant = Grant(user_id=f"u-{name}", session_id=f"s-{name}", name=name.title(), may_write=True)
    return Peer(transport, YjsWire(), grant, None)  # type: ignore[arg-type]  # nobody ends it here


def say(client_id: int, clock: int, state: object) -> bytes:
    return encode([AwarenessEntry(client_id, clock, msgspec.json.encode(state))])


def seen(states: AwarenessStates) -> dict[int, object]:
    return {entry.client_id: msgspec.json.decode(entry.state) for entry in states.present()}


def test_state_bears_the_name_of_its_connection(states: AwarenessStates) -> None:
    ada = peer("ada")
    assert states.receive(ada, say(1, 1, {"user": {"name": "Root", "id": "u-root", "color": "#ff0000"}, "cursor": 5}))
    assert seen(states) == {1: {"user": {"id": "u-ada", "name": "Ada", "color": "#ff0000"}, "cursor": 5}}
    assert states.receive(ada, say(1, 2, {}))
    assert seen(states) == {1: {"user": {"id": "u-ada", "name": "Ada"}}}


def test_first_state_of_a_client_counts_at_clock_0(states: AwarenessStates) -> None:
    assert states.receive(peer("ada"), say(1, 0, {}))
    assert 1 in seen(states)


def test_echoes_and_old_states_say_nothing_new(states: AwarenessStates) -> None:
    ada, bob = peer("ada"), peer("bob")
    states.receive(ada, say(1, 5, {"at": 1}))
    states.take_changes()
    for client in (ada, bob):
        assert not states.receive(client, say(1, 5, {"at": 2}))
        assert not states.receive(client, say(1, 4, None))
    assert not states.has_changes


def test_nobody_speaks_for_another_person(states: AwarenessStates) -> None:
    ada, bob = peer("ada"), peer("bob")
    states.receive(ada, say(1, 5, {"at": 1}))
    assert not states.receive(bob, say(1, 6, {"at": 2}))
    assert not states.receive(bob, say(1, 6, None))
    assert not states.receive(bob, say(1, 5, None))
    assert seen(states) == {1: {"user": {"id": "u-ada", "name": "Ada"}, "at": 1}}


def test_id_moves_to_another_connection_of_the_same_person(states: AwarenessStates) -> None:
    before, after = peer("ada"), peer("ada")
    states.receive(before, say(1, 5, {"at": 1}))
    assert states.receive(after, say(1, 6, {"at": 2}))
    states.leave(before)
    assert 1 in seen(states)
    assert (before.awareness_ids, before.awareness_bytes, after.awareness_ids) == (0, 0, 1)
    states.leave(after)
    assert seen(states) == {}


def test_who_leaves_is_gone_at_the_same_clock(states: AwarenessStates) -> None:
    ada = peer("ada")
    states.receive(ada, say(1, 5, {}))
    states.take_changes()
    states.leave(ada)
    changes = states.take_changes()
    assert changes.entries == changes.own == [AwarenessEntry(1, 5, GONE)]


def test_late_echo_of_who_has_left_brings_nobody_back(states: AwarenessStates, clock: Clock) -> None:
    ada, bob = peer("ada"), peer("bob")
    states.receive(ada, say(1, 5, {}))
    states.leave(ada)
    states.expire()
    assert not states.receive(bob, say(1, 5, {}))
    assert not states.receive(bob, say(1, 9, {}))
    clock.now += TOMBSTONE_SECONDS
    states.expire()
    assert states.receive(bob, say(1, 9, {}))


def test_client_that_says_goodbye_is_gone(states: AwarenessStates) -> None:
    ada = peer("ada")
    states.receive(ada, say(1, 5, {}))
    assert states.receive(ada, say(1, 5, None))
    assert seen(states) == {}
    assert ada.awareness_ids == ada.awareness_bytes == 0
    assert states.receive(ada, say(1, 6, {}))


def test_state_that_nobody_renews_expires(states: AwarenessStates, clock: Clock) -> None:
    ada = peer("ada")
    states.receive(ada, say(1, 1, {}))
    clock.now += 20
    assert states.expire() == pytest.approx(10)
    states.receive(ada, say(1, 2, {}))
    clock.now += 20
    states.expire()
    assert 1 in seen(states)
    states.take_changes()
    clock.now += 10
    states.expire()
    assert states.take_changes().entries == [AwarenessEntry(1, 2, GONE)]
    assert ada.awareness_ids == 0


def test_ids_and_bytes_of_a_connection_are_bounded(states: AwarenessStates) -> None:
    ada = peer("ada")
    for client_id in range(1, 10):
        states.receive(ada, say(client_id, 1, {}))
    assert set(seen(states)) == {1, 2, 3}
    assert not states.receive(ada, say(1, 2, {"x": "y" * 1000}))
    assert states.receive(ada, say(1, 3, {"x": "y" * 500}))
    assert not states.receive(ada, say(2, 3, {"x": "y" * 500}))
    states.leave(ada)
    assert ada.awareness_ids == ada.awareness_bytes == 0


@pytest.mark.parametrize("state", [b"5", b'"user"', b"[]", b"{", b"", b"\xff", b'{"user":{}} x', b"[" * 500])
def test_what_is_no_state_is_ignored(states: AwarenessStates, state: bytes) -> None:
    assert not states.receive(peer("ada"), encode([AwarenessEntry(1, 1, state)]))
    assert seen(states) == {}


@pytest.mark.parametrize("user", [5, "Ada", [], None, {"color": 5}, {"color": "x" * 100}, {"color": "red;}</style>"}])
def test_user_that_makes_no_sense_is_replaced(states: AwarenessStates, user: object) -> None:
    assert states.receive(peer("ada"), say(1, 1, {"user": user}))
    assert seen(states) == {1: {"user": {"id": "u-ada", "name": "Ada"}}}


def test_two_users_in_one_state_are_one(states: AwarenessStates) -> None:
    state = b'{"user":{"name":"Root"},"us\\u0065r":{"name":"Root"}}'
    assert states.receive(peer("ada"), encode([AwarenessEntry(1, 1, state)]))
    assert [entry.state for entry in states.present()] == [b'{"user":{"id":"u-ada","name":"Ada"}}']


def test_states_of_another_node(states: AwarenessStates, clock: Clock) -> None:
    theirs = {"user": {"id": "u-bob", "name": "Bob"}}
    states.receive_from_node("n2", say(2, 1, theirs))
    changes = states.take_changes()
    assert [entry.client_id for entry in changes.entries] == [2]
    assert changes.own == []
    states.receive(peer("ada"), say(2, 2, {}))
    assert seen(states) == {2: theirs}
    states.receive_from_node("n2", say(2, 1, None))
    assert seen(states) == {}
    states.receive_from_node("n2", say(3, 1, theirs))
    clock.now += 30
    states.expire()
    assert seen(states) == {}


def test_person_who_comes_to_another_node_is_there(states: AwarenessStates) -> None:
    ada = peer("ada")
    states.receive(ada, say(1, 5, {}))
    states.receive_from_node("n2", say(1, 6, {"user": {"id": "u-bob", "name": "Bob"}}))
    assert seen(states) == {1: {"user": {"id": "u-ada", "name": "Ada"}}}
    states.receive_from_node("n2", say(1, 6, {"user": {"id": "u-ada", "name": "Ada"}}))
    assert ada.awareness_ids == 0
    states.leave(ada)
    assert 1 in seen(states)
    assert states.receive(ada, say(1, 7, {}))
    assert ada.awareness_ids == 1


def test_another_node_is_told_of_the_clients_of_this_one(states: AwarenessStates) -> None:
    states.receive(peer("ada"), say(1, 1, {}))
    states.receive_from_node("n2", say(2, 1, {"user": {"id": "u-bob", "name": "Bob"}}))
    states.take_changes()
    states.repeat_own()
    changes = states.take_changes()
    assert [entry.client_id for entry in changes.own] == [1]
    assert changes.entries == []
