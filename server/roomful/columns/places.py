"""Places of columns on the board, each as a position between two others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from roomful.columns.schemas import ColumnPatch
from roomful.errors import Invalid
from roomful.projects.models import Category
from roomful.projects.schemas import Column
from roomful.tasks import positions


@dataclass(frozen=True, slots=True)
class Place:
    """A column's position. `others` are the new positions of columns that have to make room, by id."""

    position: str
    others: Mapping[str, str] = field(default_factory=dict)


def place_of_new(columns: Sequence[Column], category: Category) -> Place:
    """A place after the category's last column; every category has one."""
    last = max(index for index, column in enumerate(columns) if column.category == category)
    return _between(columns, last + 1)


def place_beside(columns: Sequence[Column], column: Column, patch: ColumnPatch) -> Place | None:
    """Where the patch puts the column, or None if it is there already. Raises Invalid for an unknown neighbour."""
    beside = patch.before or patch.after
    if beside in (None, column.id):
        return None
    others = [each for each in columns if each.id != column.id]
    found = next((index for index, each in enumerate(others) if each.id == beside), None)
    if found is None:
        field = "before" if patch.before is not None else "after"
        message = "must be a column of this project"
        raise Invalid(details=[{"field": field, "message": message, "type": "value_error"}])
    index = found if patch.before is not None else found + 1
    return None if index == columns.index(column) else _between(others, index)


def _between(columns: Sequence[Column], index: int) -> Place:
    """A place before the column that has this index now."""
    crowded = [column.position for column in columns]
    lower = crowded[index - 1] if index > 0 else None
    upper = crowded[index] if index < len(crowded) else None
    position = positions.between(lower, upper)
    if len(position) <= positions.MAX_POSITION_CHARS:
        return Place(position)
    first, fresh = positions.spread(crowded, index)
    position = fresh.pop(index - first)
    moved = zip(columns[first:], fresh, strict=False)
    return Place(position, {column.id: new for column, new in moved if column.position != new})
