"""That freed memory goes back to the system."""

import pytest

from roomful.process.memory import give_back
from tests.support.resident import leave_holes, resident_bytes


def test_free_pages_between_used_ones_are_given_back() -> None:
    if not give_back():
        pytest.skip("this C library keeps what was freed")
    left = leave_holes(20_000_000)
    before = resident_bytes()
    assert give_back()
    assert resident_bytes() < before - 12_000_000
    assert left
