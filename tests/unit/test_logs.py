"""Log lines: how many there are, and what they leave out."""

import logging

import pytest

from roomful.logs import Sampler, configure_logging


def test_lines_per_minute_are_limited_and_the_next_counts_the_rest() -> None:
    at = 0.0
    sampler = Sampler(2, clock=lambda: at)
    assert [sampler.acquire() for _ in range(5)] == [0, 0, None, None, None]
    at = 59.9
    assert sampler.acquire() is None
    at = 60.0
    assert [sampler.acquire() for _ in range(3)] == [4, 0, None]
    at = 1000.0
    assert sampler.acquire() == 1


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_no_values(log_format: str, capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def fail(password: str) -> None:
        raise RuntimeError(f"of {len(password)} characters")

    try:
        configure_logging("json" if log_format == "json" else "console")
        try:
            fail("-".join(["correct", "horse"]))
        except RuntimeError:
            logging.getLogger("roomful.test").exception("unhandled exception")
    finally:
        root.handlers[:], root.level = handlers, level
    line = capfd.readouterr().err
    assert "of 13 characters" in line
    assert "test_logs.py" in line
    assert "correct-horse" not in line
    assert "\x1b" not in line  # no terminal reads it
