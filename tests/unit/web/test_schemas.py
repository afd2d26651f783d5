"""Bodies of requests and answers."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from pydantic import ValidationError

from roomful.web.schemas import Body, Day, Out


class Dated(Body):
    due_on: Day | None = None
    count: int = 0


class Stamped(Out):
    at: datetime


@pytest.mark.parametrize("value", ["2026-01-31", "2024-02-29", None])
def test_a_day(value: str | None) -> None:
    assert Dated.model_validate({"due_on": value}).due_on == (value and date.fromisoformat(value))


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30",
        "20260131",
        "2026-W05-1",
        "2026-031",
        "2026-1-31",
        " 2026-01-31",
        "2026-01-31T00:00",
        "",
        0,
        1e9,
        True,
    ],
)
def test_no_day(value: object) -> None:
    with pytest.raises(ValidationError):
        Dated.model_validate({"due_on": value})


@pytest.mark.parametrize("value", [True, "1", 1.0, None])
def test_nothing_is_coerced(value: object) -> None:
    with pytest.raises(ValidationError):
        Dated.model_validate({"count": value})


@pytest.mark.parametrize("microsecond", [0, 1, 500_000])
def test_times_end_in_z_and_read_as_they_do_in_an_event(microsecond: int) -> None:
    at = datetime(2026, 1, 31, 12, 0, 0, microsecond, UTC)
    answer = Stamped(at=at).model_dump_json()
    assert answer.endswith('Z"}')
    assert answer.encode() == msgspec.json.encode({"at": at})
