"""Automatic versions are thinned out with time."""

from datetime import UTC, datetime, timedelta

import pytest

from roomful.roomstore import versions
from roomful.roomstore.versions import surplus

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)


def made(*ages: timedelta) -> list[tuple[str, datetime]]:
    return [(str(age), AT - age) for age in ages]


@pytest.mark.parametrize(
    ("age", "every", "count"),
    [
        (timedelta(minutes=1), timedelta(seconds=1), 0),
        (timedelta(hours=2), timedelta(seconds=59), 9),
        (timedelta(days=2), timedelta(minutes=5), 11),
        (timedelta(days=30), timedelta(hours=2), 11),
    ],
)
def test_one_of_each_stretch_stays(age: timedelta, every: timedelta, count: int) -> None:
    twelve = made(*(age + every * number for number in range(12)))
    gone = surplus(twelve, AT)
    assert len(gone) in (count, count - 1)  # they may lie in two stretches
    assert twelve[0][0] not in gone
    assert surplus([each for each in twelve if each[0] not in gone], AT) == []


def test_a_document_has_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "MAX_UNLABELLED", 3)
    days = made(*(timedelta(days=30 + number) for number in range(5)))
    assert surplus(days, AT) == [id_ for id_, _ in days[3:]]
