"""The order of tasks within columns, and the move of a task from one place to another."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.errors import Conflict, Invalid
from roomful.projects.columns import list_columns
from roomful.tasks import positions
from roomful.tasks.models import TASK, TaskStatus
from roomful.tasks.schemas import Task, TaskPatch


@dataclass(frozen=True, slots=True)
class Move:
    """A task's new place. `others` are the new positions of tasks that had to make room, by id."""

    column_id: str
    status: TaskStatus
    position: str
    others: Mapping[str, str] = field(default_factory=dict)


class _Column(NamedTuple):
    id: str
    category: TaskStatus


class _Neighbour(NamedTuple):
    column: _Column
    position: str


async def find_move(session: AsyncSession, project_id: str, task: Task, patch: TaskPatch) -> Move | None:
    """Where the patch puts the task, or None if it is there already. Moves those that have to make room.

    Call it under the project's lock: two moves into one gap must not be given the same position, and the column must
    stay. Tasks in the trash keep their positions, and count as neighbours except in what the patch names.
    Raises Invalid when the neighbour or the column does not exist, Conflict when the neighbour is elsewhere.
    """
    neighbour = await _find_neighbour(session, project_id, task, patch)
    column = await _find_column(session, project_id, task, patch, neighbour)
    is_here = column.id == task.column_id
    at = {"project": project_id, "category": column.category, "column": column.id, "task": task.id}
    if neighbour is not None:
        lower, upper = await _gap(session, at, neighbour.position, patch)
    elif not is_here:
        lower, upper = (await session.execute(_LAST, at)).scalar_one(), None
    else:
        return None
    if is_here and (lower or "") < task.position and (upper is None or task.position < upper):
        return None
    position = positions.between(lower, upper)
    if len(position) <= positions.MAX_POSITION_CHARS:
        return Move(column.id, column.category, position)
    return await _make_room(session, at, column, lower)


async def position_before(
    session: AsyncSession, project_id: str, column_id: str, category: TaskStatus, task_id: str
) -> str:
    """A position right before that task, for a new one. Call it under the project's lock.

    Raises Invalid when there is no such task, Conflict when it is in another column, or when the gap is used up: the
    event of a new task tells of no others that make room.
    """
    found = await _task_named(session, project_id, "before", task_id)
    column = _Column(column_id, category)
    if found.column != column:
        raise Conflict(_ELSEWHERE)
    at = {"project": project_id, "category": category, "column": column_id, "task": "", "neighbour": found.position}
    position = positions.between((await session.execute(_NEXT_BELOW, at)).scalar_one(), found.position)
    if len(position) > positions.MAX_POSITION_CHARS:
        raise Conflict("There is no room right before that task. Moving it makes room.")
    return position


async def _find_neighbour(session: AsyncSession, project_id: str, task: Task, patch: TaskPatch) -> _Neighbour | None:
    """The task that the patch names, unless that is the moved one itself."""
    beside = patch.before or patch.after
    if beside in (None, task.id):
        return None
    return await _task_named(session, project_id, "before" if patch.before is not None else "after", beside)


async def _task_named(session: AsyncSession, project_id: str, field: str, task_id: str) -> _Neighbour:
    """Raises Invalid for that field of the request."""
    found = (await session.execute(_NEIGHBOUR, {"project": project_id, "task": task_id})).one_or_none()
    if found is None:
        raise _invalid(field, "must be a task of this project")
    return _Neighbour(_Column(found.column_id, found.status), found.position)


async def _find_column(
    session: AsyncSession, project_id: str, task: Task, patch: TaskPatch, neighbour: _Neighbour | None
) -> _Column:
    """The column that the patch names, by itself, by its category or by a neighbour; else the task's own."""
    given = patch.model_fields_set
    column = _Column(task.column_id, task.status)
    if "column_id" in given and patch.column_id != column.id:
        column = await _column_named(session, project_id, patch.column_id)
    elif "column_id" not in given and "status" in given:
        if neighbour is not None:
            column = neighbour.column
        elif patch.status != task.status:
            column = await _first_column(session, project_id, patch.status)
    if "status" in given and column.category != patch.status:
        what = "task beside it" if "column_id" not in given else "column"
        raise Conflict(f"The {what} has the status {column.category}.")
    if neighbour is not None and neighbour.column != column:
        raise Conflict(_ELSEWHERE)
    return column


async def _column_named(session: AsyncSession, project_id: str, column_id: str) -> _Column:
    """Raises Invalid."""
    for column in await list_columns(session, project_id):
        if column.id == column_id:
            return _Column(column.id, column.category)
    raise _invalid("column_id", "must be a column of this project")


async def _first_column(session: AsyncSession, project_id: str, category: TaskStatus) -> _Column:
    """Every category always has one."""
    first = next(each for each in await list_columns(session, project_id) if each.category == category)
    return _Column(first.id, first.category)


async def _gap(
    session: AsyncSession, at: dict[str, str], neighbour: str, patch: TaskPatch
) -> tuple[str | None, str | None]:
    """The bounds of the gap beside the neighbour, as if the moved task were not there."""
    if patch.before is not None:
        return (await session.execute(_NEXT_BELOW, {**at, "neighbour": neighbour})).scalar_one(), neighbour
    return neighbour, (await session.execute(_NEXT_ABOVE, {**at, "neighbour": neighbour})).scalar_one()


async def _make_room(session: AsyncSession, at: dict[str, str], column: _Column, lower: str | None) -> Move:
    """Shorter positions around a gap whose next position would be too long."""
    rows = (await session.execute(_COLUMN, at)).all()
    crowded = [row.position for row in rows]
    index = 0 if lower is None else bisect_right(crowded, lower)
    first, fresh = positions.spread(crowded, index)
    position = fresh.pop(index - first)
    others = {row.id: new for row, new in zip(rows[first:], fresh, strict=False) if row.position != new}
    if others:
        await session.execute(_MOVE, [{"task": id_, "position": new} for id_, new in others.items()])
    return Move(column.id, column.category, position, others)


_ELSEWHERE = "The task beside it is in another column."


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(details=[{"field": field, "message": message, "type": "value_error"}])


# The category follows from the column; it is named for the index, which begins with it.
_IN_COLUMN = (
    TASK.c.project_id == bindparam("project"),
    TASK.c.status == bindparam("category"),
    TASK.c.column_id == bindparam("column"),
    TASK.c.id != bindparam("task"),
)
_NEIGHBOUR = select(TASK.c.column_id, TASK.c.status, TASK.c.position).where(
    TASK.c.project_id == bindparam("project"), TASK.c.id == bindparam("task"), TASK.c.deleted_at.is_(None)
)
_LAST = select(func.max(TASK.c.position)).where(*_IN_COLUMN)
_NEXT_BELOW = _LAST.where(TASK.c.position < bindparam("neighbour"))
_NEXT_ABOVE = select(func.min(TASK.c.position)).where(*_IN_COLUMN, TASK.c.position > bindparam("neighbour"))
_COLUMN = select(TASK.c.id, TASK.c.position).where(*_IN_COLUMN).order_by(TASK.c.position, TASK.c.id)
_MOVE = update(TASK).where(TASK.c.id == bindparam("task"))
