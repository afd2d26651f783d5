"""Days as files write them."""

import re
from datetime import date, datetime

from roomful.web.schemas import FIRST_YEAR

_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].{0,40})?", re.ASCII)
_FORMATS = ("%d.%m.%Y", "%d/%b/%y", "%d/%b/%Y", "%d %b %Y", "%b %d, %Y")


def day_of(text: str) -> date | None:
    """The day of `2026-07-16`, with or without a time after it, of `16.07.2026` and of Jira's `16/Jul/26 12:00 AM`.

    None for anything else: `07/08/2026` is in July for some, and in August for others.
    """
    text = text.strip()
    if iso := _ISO.fullmatch(text):
        return _parsed(iso[1], "%Y-%m-%d")
    day = re.sub(r" \d{1,2}:\d{2}( [AP]M)?$", "", text[:40], flags=re.ASCII)
    return next((found for format in _FORMATS if (found := _parsed(day, format))), None)


def _parsed(text: str, format: str) -> date | None:
    try:
        day = datetime.strptime(text, format).date()  # noqa: DTZ007  # a calendar day has no zone
    except ValueError:
        return None
    return day if day.year >= FIRST_YEAR else None
