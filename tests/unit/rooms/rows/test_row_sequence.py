"""Rows in their order, whatever the order they come in."""

from hypothesis import given
from hypothesis import strategies as st

from roomful.rooms.rows.row_sequence import MAX_HELD, RowSequence


def row(number: int) -> bytes:
    return str(number).encode()


def test_next_row_is_applied_at_once() -> None:
    rows = RowSequence(4)
    assert rows.accept(5, row(5)) == [row(5)]
    assert (rows.seen, rows.has_gap) == (5, False)


def test_row_that_came_before_is_not_applied_again() -> None:
    rows = RowSequence(4)
    assert list(rows.accept(4, row(4))) == []
    assert (rows.seen, rows.has_gap) == (4, False)


def test_early_row_waits_for_the_ones_before_it() -> None:
    rows = RowSequence(4)
    assert list(rows.accept(7, row(7))) == []
    assert rows.has_gap
    assert list(rows.accept(6, row(6))) == []
    assert list(rows.accept(5, row(5))) == [row(5), row(6), row(7)]
    assert (rows.seen, rows.has_gap) == (7, False)


def test_own_row_is_in_the_replica_already() -> None:
    rows = RowSequence(4)
    rows.accept(6, row(6))
    assert list(rows.accept(5, b"")) == [row(6)]


def test_what_was_read_fills_the_gap() -> None:
    rows = RowSequence(4)
    rows.accept(6, row(6))
    rows.accept(8, row(8))
    assert list(rows.caught_up(7)) == [row(8)]
    assert (rows.seen, rows.has_gap) == (8, False)


def test_row_that_does_not_exist_is_forgotten() -> None:
    rows = RowSequence(4)
    rows.accept(900, row(900))
    heard = rows.heard
    rows.caught_up(5)
    rows.forget_gap(heard)
    assert not rows.has_gap
    assert list(rows.accept(6, row(6))) == [row(6)]


def test_row_that_was_heard_of_while_the_store_was_read_is_not_forgotten() -> None:
    rows = RowSequence(4)
    rows.accept(6, row(6))
    heard = rows.heard
    rows.heard_of(7)
    rows.caught_up(6)
    rows.forget_gap(heard)
    assert rows.has_gap


def test_what_waits_is_bounded() -> None:
    rows = RowSequence(0)
    for number in range(2, MAX_HELD + 50):
        rows.accept(number, row(number))
    assert len(rows.accept(1, row(1))) == MAX_HELD + 1
    assert rows.has_gap


@given(st.permutations(range(1, 9)), st.lists(st.integers(1, 8), max_size=8))
def test_each_row_is_taken_once_and_in_order(order: list[int], repeated: list[int]) -> None:
    rows = RowSequence(0)
    taken = [update for number in order + repeated for update in rows.accept(number, row(number))]
    assert taken == [row(number) for number in range(1, 9)]
    assert not rows.has_gap
