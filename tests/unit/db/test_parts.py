"""Lists of keys in few lengths."""

import pytest

from roomful.db.parts import LENGTHS, MOST, full_parts


@pytest.mark.parametrize("count", [0, 1, 2, 16, 17, MOST - 1, MOST, MOST + 1, 2 * MOST])
def test_full_parts_hold_every_key_in_order(count: int) -> None:
    parts = list(full_parts(range(count)))
    assert all(len(part) in LENGTHS for part in parts)
    assert list(dict.fromkeys(key for part in parts for key in part)) == list(range(count))


def test_parts_may_be_shorter() -> None:
    assert [len(part) for part in full_parts(range(40), most=16)] == [16, 16, 16]
