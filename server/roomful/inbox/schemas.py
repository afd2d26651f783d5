"""The bodies of requests about one's inbox, and of their answers."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from roomful.db.base import now
from roomful.projects.models import Level
from roomful.projects.schemas import Patch
from roomful.web.schemas import Body, Out

MAX_SNOOZE = timedelta(days=366)


def _parse_time(value: object) -> object:
    """Bodies are strict, and JSON has no type for times: they are texts."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a time such as 2026-01-31T09:00:00Z") from None


def _soon(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("must say its time zone, such as Z")
    if not now() < value <= now() + MAX_SNOOZE:
        raise ValueError("must be in the future, within a year")
    return value


LaterTime = Annotated[datetime, BeforeValidator(_parse_time), AfterValidator(_soon)]


class NotificationPatch(Patch):
    """At least one of these. `snoozed_until` hides the entry until then; null shows it again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"read": True}, {"archived": True}]})

    read: bool = False
    archived: bool = False
    snoozed_until: LaterTime | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say read, archived or snoozed_until")
        return self


class ReadAll(Body):
    """`up_to` is the `X-Stream-Offset` of the list that the person has seen: what came later stays unread."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"up_to": 41}]})

    up_to: Annotated[int, Field(ge=0, le=2**63 - 1)]


class Unread(Out):
    """How many entries are unread, counted up to 1,000."""

    unread: int


class NotificationLevel(Body):
    """`all`: every task, as if watched. `participating`: watched tasks, and whatever names the person. `mentions`:
    mentions only. `none`: nothing.
    """

    level: Level


class MailPreference(Body):
    """Whether to be mailed what stays unread for some time."""

    enabled: bool


class MailAnswer(Out):
    """`available` says whether this server sends mail to the caller's address at all."""

    enabled: bool
    available: bool


class Watching(Out):
    """Whether the caller's inbox gets the task's comments, moves, due dates and assignees."""

    watching: bool
