import random
from itertools import pairwise

from roomful.tasks import positions
from roomful.tasks.positions import MAX_POSITION_CHARS, between, spread


def test_a_position_lies_in_its_gap() -> None:
    rng = random.Random(1)
    column: list[str] = []
    for _ in range(500):
        index = rng.randint(0, len(column))
        lower = column[index - 1] if index > 0 else None
        upper = column[index] if index < len(column) else None
        column.insert(index, between(lower, upper))
    assert column == sorted(set(column))
    assert max(map(len, column)) < 20


def test_positions_at_the_end_stay_short() -> None:
    last: str | None = None
    for _ in range(10_000):
        previous, last = last, between(last, None)
        assert previous is None or previous < last
    assert last is not None
    assert len(last) <= 4


def test_a_crowded_gap_is_spread_with_few_neighbours() -> None:
    """A thousand tasks, each put right below the one before it, in the midst of ten thousand."""
    column: list[str] = []
    for _ in range(10_000):
        column.append(between(column[-1] if column else None, None))
    spreads = 0
    for index in range(5_000, 6_000):
        position = between(column[index - 1], column[index])
        if len(position) > MAX_POSITION_CHARS:
            first, fresh = spread(column, index)
            assert len(fresh) < 300
            column[first : first + len(fresh) - 1] = fresh
            spreads += 1
        else:
            column.insert(index, position)
    assert spreads > 0
    assert len(column) == 11_000
    assert all(lower < upper for lower, upper in pairwise(column))
    assert max(map(len, column)) <= MAX_POSITION_CHARS


def test_a_whole_column_is_spread_when_neighbours_do_not_help() -> None:
    column = ["a0"]
    while len(column) < 3 * positions._REACH:
        column.append(column[-1] + "0" * 20 + "V")
    first, fresh = spread(column, 40)
    column[first : first + len(fresh) - 1] = fresh
    assert column == sorted(set(column))
