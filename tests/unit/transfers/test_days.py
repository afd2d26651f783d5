"""Days as files write them."""

from datetime import date

import pytest

from roomful.transfers.days import day_of

DAY = date(2026, 7, 16)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-07-16", " 2026-07-16 ", "2026-07-16T12:00:00.000Z", "2026-07-16 12:00", "16.07.2026"),
        *("16/Jul/26 12:00 AM", "16/Jul/2026", "16 Jul 2026", "Jul 16, 2026"),
    ],
)
def test_a_day(text: str) -> None:
    assert day_of(text) == DAY


@pytest.mark.parametrize(
    "text", ["", "soon", "07/16/2026", "16/07/2026", "2026-02-30", "0026-07-16", "2026-W29-4", "9" * 1_000_000]
)
def test_no_day_or_one_that_could_be_another(text: str) -> None:
    assert day_of(text) is None
