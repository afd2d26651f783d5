"""The events of columns."""

from pydantic import Field
from typing_extensions import TypedDict  # the one that Pydantic reads before Python 3.12

from roomful.eventlog.typed_event import TypedEvent
from roomful.projects.models import Category
from roomful.projects.schemas import Column
from roomful.web.schemas import Out


class ColumnCreated(TypedEvent):
    """A new column, without tasks. `positions` holds the new positions of columns that made room, by their ids."""

    type = "column.created"
    column: Column
    positions: dict[str, str] | None = None


class ColumnBefore(TypedDict, total=False):
    """Old values of the changed fields."""

    name: str
    category: Category
    color: str | None
    wip_limit: int | None
    position: str


class ColumnUpdated(TypedEvent):
    """`changed` names the fields that have a new value, `previous` holds the old ones.

    With a new category all tasks of the column have it as their status; they get no new version.
    """

    type = "column.updated"
    column: Column
    changed: list[str]
    previous: ColumnBefore = Field(default_factory=ColumnBefore)


class ColumnMoved(TypedEvent):
    """A column at another place; the same change may have changed other fields, as an update does.

    `positions` holds the new positions of columns that had to make room, by their ids.
    """

    type = "column.moved"
    column: Column
    changed: list[str]
    previous: ColumnBefore = Field(default_factory=ColumnBefore)
    positions: dict[str, str] | None = None


class ColumnId(Out):
    id: str


class ColumnDeleted(TypedEvent):
    """A deleted column. Its tasks are in the column `move_to`, at these `positions`, without a new version.

    A column without tasks has neither.
    """

    type = "column.deleted"
    column: ColumnId
    move_to: str | None = None
    positions: dict[str, str] | None = None


EVENTS: tuple[type[TypedEvent], ...] = (ColumnCreated, ColumnUpdated, ColumnMoved, ColumnDeleted)
"""In a project's channel."""
