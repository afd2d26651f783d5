"""The bases of request and answer bodies."""

import contextlib
import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from roomful.visible_text import check_visible

FIRST_YEAR = 1900
"""A day before it is a slip: `0002-07-16` is what a date field reports while 2026 is typed."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Body(BaseModel):
    """The body of a request: unknown fields are refused, and nothing is coerced (`true` is no integer, `1` no text)."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Out(BaseModel):
    """The body of an answer, made from a row or a value with the same attribute names. Times end in `Z`."""

    model_config = ConfigDict(from_attributes=True)


def _parse_day(value: object) -> object:
    if value is None or type(value) is date:
        return value
    # fromisoformat alone would take weeks and days of the year as well.
    if isinstance(value, str) and _DAY.fullmatch(value):
        with contextlib.suppress(ValueError):  # no such day in the calendar
            day = date.fromisoformat(value)
            if day.year >= FIRST_YEAR:
                return day
    raise ValueError(f"must be a day such as 2026-01-31, not before the year {FIRST_YEAR}")


Day = Annotated[date, BeforeValidator(_parse_day)]
"""A calendar day in a request, written `2026-01-31` and no other way."""

Visible = AfterValidator(check_visible)
"""For names and titles: refuses text that nobody could see, or that hides something. The rest is kept to the character.

Answers are not checked: what was stored before this rule stays readable.
"""
