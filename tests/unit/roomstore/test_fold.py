"""Folding a document's updates into one loses nothing."""

import itertools
import time
from collections.abc import Callable

import pytest

from roomful.roomstore.fold import CantFold, fold
from tests.support.rooms import Typist, text_of


def test_a_state_and_the_rows_after_it() -> None:
    typist = Typist()
    state = fold(b"", [typist.type("a"), typist.type("b")])
    assert text_of(state) == "ab"
    folded = fold(state, [typist.delete(0)])
    assert fold(folded, []) == folded
    assert fold(b"", []) == b"\x00\x00"


def test_every_order_of_updates_and_every_place_of_a_fold() -> None:
    """All end alike, unless an update would be folded without one that it builds on: the library would drop it."""
    typist = Typist()
    updates = [typist.type("a"), typist.type("b"), typist.delete(0), typist.type("c"), typist.delete(1)]
    builds_on = [(), (0,), (0,), (1,), (3,)]
    for order in itertools.permutations(range(len(updates))):
        for border in range(len(order) + 1):
            early, late = order[:border], order[border:]
            if all(other in early for number in early for other in builds_on[number]):
                state = fold(b"", [updates[number] for number in early])
                assert text_of(fold(state, [updates[number] for number in late])) == "b"
            else:
                with pytest.raises(CantFold):
                    fold(b"", [updates[number] for number in early])


def test_repeated_deletions_take_time_by_their_number() -> None:
    """The state has them already, as after an append whose outcome was unknown."""
    typist = Typist()
    text = typist.type("ab" * 2_000)
    deletions = [typist.delete(index) for index in range(1_500)]
    state = fold(text, deletions)
    assert fold(state, deletions) == state
    few = _processor_time(lambda: fold(state, deletions[:150]))
    assert _processor_time(lambda: fold(state, deletions)) < 40 * few  # 10 times as many; squared it would be 100


def test_repeated_updates_take_no_room() -> None:
    typist = Typist()
    updates = [typist.type("a") for _ in range(50)]
    assert fold(b"", updates * 20) == fold(b"", updates)


def test_folding_takes_time_by_the_number_of_updates() -> None:
    """pycrdt's own merge takes time by its square."""
    typist = Typist()
    updates = [typist.type("a") for _ in range(20_000)]
    state = fold(b"", updates)
    assert len(text_of(state)) == 20_000
    assert len(state) < 25_000
    few = _processor_time(lambda: fold(b"", updates[:2_000]))
    assert _processor_time(lambda: fold(b"", updates)) < 40 * few  # 10 times as many; squared it would be 100


@pytest.mark.parametrize("garbage", [b"garbage", b"\x01", b"\xff" * 40])
def test_what_is_no_update(garbage: bytes) -> None:
    with pytest.raises(CantFold):
        fold(b"", [Typist().type("a"), garbage])


def _processor_time(work: Callable[[], object]) -> float:
    """Of the fastest of three runs, in seconds."""
    return min(_time_once(work) for _ in range(3))


def _time_once(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
