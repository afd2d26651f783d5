"""Lines that others can cause are bounded."""

from roomful.logs import Sampler


def test_a_minute_has_so_many_lines_and_the_next_one_says_what_was_left_out() -> None:
    at = 0.0
    sampler = Sampler(2, clock=lambda: at)
    assert [sampler.take() for _ in range(5)] == [0, 0, None, None, None]
    at = 59.9
    assert sampler.take() is None
    at = 60.0
    assert [sampler.take() for _ in range(3)] == [4, 0, None]
    at = 1000.0
    assert sampler.take() == 1
