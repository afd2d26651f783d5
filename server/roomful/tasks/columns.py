"""Columns: the tasks of one status in their order, and a task's place among them."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.errors import Conflict, Invalid
from roomful.tasks import positions
from roomful.tasks.models import TASK, TaskStatus
from roomful.tasks.schemas import Task, TaskPatch


@dataclass(frozen=True, slots=True)
class Place:
    """A task's new position. `others` are the new positions of tasks that had to make room, by id."""

    position: str
    others: Mapping[str, str] = field(default_factory=dict)


async def find_place(session: AsyncSession, project_id: str, task: Task, patch: TaskPatch) -> Place | None:
    """Where the patch puts the task, or None if that is where it is. Moves those that have to make room.

    Call it under the project's lock: two moves into one gap must not be given the same position.
    Raises Invalid when there is no such task to be beside, Conflict when that has another status.
    """
    status: TaskStatus = patch.given().get("status", task.status)
    column = {"project": project_id, "column": status, "task": task.id}
    beside = patch.before or patch.after
    if beside not in (None, task.id):
        lower, upper = await _gap(session, column, await _find_neighbour(session, project_id, patch, status), patch)
    elif status != task.status:
        lower, upper = (await session.execute(_LAST, column)).scalar_one(), None
    else:
        return None
    if status == task.status and (lower or "") < task.position and (upper is None or task.position < upper):
        return None
    position = positions.between(lower, upper)
    if len(position) <= positions.MAX_POSITION_CHARS:
        return Place(position)
    return await _make_room(session, column, lower)


async def _find_neighbour(session: AsyncSession, project_id: str, patch: TaskPatch, status: TaskStatus) -> str:
    """The position of the task that the patch names."""
    name = "before" if patch.before is not None else "after"
    found = await session.execute(_NEIGHBOUR, {"project": project_id, "task": patch.before or patch.after})
    neighbour = found.one_or_none()
    if neighbour is None:
        raise Invalid(details=[{"field": name, "message": "must be a task of this project", "type": "value_error"}])
    if neighbour.status != status:
        raise Conflict(f"The task to be {name} has the status {neighbour.status}.")
    position: str = neighbour.position
    return position


async def _gap(
    session: AsyncSession, column: dict[str, str], neighbour: str, patch: TaskPatch
) -> tuple[str | None, str | None]:
    """The bounds of the gap beside the neighbour, as if the moved task were not there."""
    if patch.before is not None:
        return (await session.execute(_NEXT_BELOW, {**column, "neighbour": neighbour})).scalar_one(), neighbour
    return neighbour, (await session.execute(_NEXT_ABOVE, {**column, "neighbour": neighbour})).scalar_one()


async def _make_room(session: AsyncSession, column: dict[str, str], lower: str | None) -> Place:
    """Shorter positions around a gap that so many tasks were put into that the next position gets too long."""
    rows = (await session.execute(_COLUMN, column)).all()
    crowded = [row.position for row in rows]
    index = 0 if lower is None else bisect_right(crowded, lower)
    first, fresh = positions.spread(crowded, index)
    position = fresh.pop(index - first)
    others = {row.id: new for row, new in zip(rows[first:], fresh, strict=False) if row.position != new}
    if others:
        await session.execute(_MOVE, [{"task": id_, "position": new} for id_, new in others.items()])
    return Place(position, others)


_IN_COLUMN = (
    TASK.c.project_id == bindparam("project"),
    TASK.c.status == bindparam("column"),
    TASK.c.id != bindparam("task"),
)
_NEIGHBOUR = select(TASK.c.status, TASK.c.position).where(
    TASK.c.project_id == bindparam("project"), TASK.c.id == bindparam("task")
)
_LAST = select(func.max(TASK.c.position)).where(*_IN_COLUMN)
_NEXT_BELOW = _LAST.where(TASK.c.position < bindparam("neighbour"))
_NEXT_ABOVE = select(func.min(TASK.c.position)).where(*_IN_COLUMN, TASK.c.position > bindparam("neighbour"))
_COLUMN = select(TASK.c.id, TASK.c.position).where(*_IN_COLUMN).order_by(TASK.c.position, TASK.c.id)
_MOVE = update(TASK).where(TASK.c.id == bindparam("task"))
