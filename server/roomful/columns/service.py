"""Columns: what happens to them, each change with its event."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.columns.events import ColumnBefore, ColumnCreated, ColumnDeleted, ColumnId, ColumnMoved, ColumnUpdated
from roomful.columns.places import place_beside, place_of_new
from roomful.columns.schemas import ColumnPatch, NewColumn
from roomful.db.base import now
from roomful.errors import Conflict, Invalid, NotFound
from roomful.eventlog.typed_event import values_before
from roomful.ids import new_id
from roomful.projects.access import Access
from roomful.projects.columns import list_columns, save_columns
from roomful.projects.models import COLUMN
from roomful.projects.schemas import Column
from roomful.tasks import positions
from roomful.tasks.models import TASK
from roomful.web.etag import Precondition

MOST_MOVED = 5_000
"""At most so many tasks leave a deleted column: one event names them all."""


async def find_column(session: AsyncSession, project_id: str, column_id: str) -> Column:
    """Raises NotFound."""
    return _find(await list_columns(session, project_id), column_id)


async def create_column(session: AsyncSession, access: Access, new: NewColumn) -> Column:
    """A column after the last one of its category. Raises Conflict in an archived project, LimitReached."""
    access.require_active()
    project_id, at = access.project.id, now()
    columns = await list_columns(session, project_id)
    access.quotas.require_column(len(columns))
    place = place_of_new(columns, new.category)
    column = Column(id=new_id(), **new.model_dump(), position=place.position, version=1, created_at=at, updated_at=at)
    await _make_room(session, place.others)
    await save_columns(session, project_id, [column])
    await access.record(session, ColumnCreated(column=column, positions=dict(place.others) or None))
    return column


async def change_column(
    session: AsyncSession, access: Access, column_id: str, patch: ColumnPatch, if_match: Precondition
) -> Column:
    """Change fields, the place, or both, with one event. Without a difference there is no event and no new version.

    Raises NotFound, PreconditionFailed, Invalid for an unknown neighbour, Conflict in an archived project and for the
    last column of its category, which keeps it.
    """
    access.require_active()
    project_id = access.project.id
    columns = await list_columns(session, project_id)
    before = _find(columns, column_id)
    if_match.require(before.version, before)
    values = patch.values()
    place = place_beside(columns, before, patch)
    if place is not None:
        values["position"] = place.position
    changed = [name for name, value in values.items() if getattr(before, name) != value]
    if not changed:
        return before
    if "category" in changed:
        _require_another(columns, before)
    column = before.model_copy(update={**values, "version": before.version + 1, "updated_at": now()})
    fields = column.model_dump(include={*changed, "version", "updated_at"})
    await session.execute(_UPDATE, {"column": column.id, **fields})
    if "category" in changed:
        statuses = {"former": before.category, "category": column.category}
        await session.execute(_GIVE_STATUS, {"project": project_id, "column": column.id, **statuses})
    previous = values_before(ColumnBefore, before, changed)
    if place is None:
        await access.record(session, ColumnUpdated(column=column, changed=changed, previous=previous))
        return column
    await _make_room(session, place.others)
    others = dict(place.others) or None
    await access.record(session, ColumnMoved(column=column, changed=changed, previous=previous, positions=others))
    return column


async def delete_column(
    session: AsyncSession, access: Access, column_id: str, move_to: str | None, if_match: Precondition
) -> None:
    """Delete a column. Its tasks go to the end of another one, in their order; those in the trash get another one, too.

    Raises NotFound, PreconditionFailed, Invalid for an unknown column to move to, and Conflict: in an archived project,
    for the last column of its category, for one with tasks and no `move_to`, or with too many tasks.
    """
    access.require_active()
    columns = await list_columns(session, access.project.id)
    column = _find(columns, column_id)
    if_match.require(column.version, column)
    target = None if move_to is None else _find_target(columns, column, move_to)
    _require_another(columns, column)
    moved = await _empty(session, access.project.id, columns, column, target)
    await session.execute(_DELETE, {"column": column.id})
    target_id = target.id if target is not None and moved else None
    event = ColumnDeleted(column=ColumnId(id=column.id), move_to=target_id, positions=moved or None)
    await access.record(session, event)


def _find(columns: Sequence[Column], column_id: str) -> Column:
    for column in columns:
        if column.id == column_id:
            return column
    raise NotFound


def _find_target(columns: Sequence[Column], column: Column, move_to: str) -> Column:
    for target in columns:
        if target.id == move_to != column.id:
            return target
    message = "must be another column of this project"
    raise Invalid(details=[{"field": "move_to", "message": message, "type": "value_error"}])


def _require_another(columns: Sequence[Column], column: Column) -> None:
    """Raises Conflict for the last column of its category: a task with that status must find one."""
    if sum(each.category == column.category for each in columns) == 1:
        raise Conflict(f"This is the only column of the category {column.category}, which keeps at least one.")


async def _empty(
    session: AsyncSession, project_id: str, columns: Sequence[Column], column: Column, target: Column | None
) -> dict[str, str]:
    """Move the tasks of a column to the end of another one; their new positions, by their ids.

    Those in the trash go to the end of the first other column of the category, without an event.
    """
    present, trashed = await _tasks_in(session, project_id, column)
    if present and target is None:
        raise Conflict("The column has tasks: say with move_to which column they go to.")
    if len(present) > MOST_MOVED:
        raise Conflict(f"The column has more than {MOST_MOVED:,} tasks: move some of them first.")
    moved = {} if target is None else await _append(session, project_id, target, present)
    first = next(each for each in columns if each.category == column.category and each.id != column.id)
    await _append(session, project_id, first, trashed)
    return moved


async def _tasks_in(session: AsyncSession, project_id: str, column: Column) -> tuple[list[str], list[str]]:
    """The ids of the column's tasks in their order, and of those that are in the trash."""
    rows = (await session.execute(_TASKS, _place_of(project_id, column))).all()
    present = [row.id for row in rows if row.deleted_at is None]
    return present, [row.id for row in rows if row.deleted_at is not None]


async def _append(session: AsyncSession, project_id: str, column: Column, tasks: Sequence[str]) -> dict[str, str]:
    """Put tasks at the end of a column; their positions."""
    if not tasks:
        return {}
    last = (await session.execute(_LAST, _place_of(project_id, column))).scalar_one()
    moved = dict(zip(tasks, positions.after(last, len(tasks)), strict=True))
    place = {"column_id": column.id, "status": column.category}
    await session.execute(_MOVE, [{"task": id_, **place, "position": position} for id_, position in moved.items()])
    return moved


def _place_of(project_id: str, column: Column) -> dict[str, str]:
    return {"project": project_id, "category": column.category, "column": column.id}


async def _make_room(session: AsyncSession, others: Mapping[str, str]) -> None:
    if others:
        rows = [{"column": id_, "position": position} for id_, position in others.items()]
        await session.execute(_UPDATE, rows)


_UPDATE = update(COLUMN).where(COLUMN.c.id == bindparam("column"))
_DELETE = delete(COLUMN).where(COLUMN.c.id == bindparam("column"))
_IN_COLUMN = (
    TASK.c.project_id == bindparam("project"),
    TASK.c.status == bindparam("category"),
    TASK.c.column_id == bindparam("column"),
)
_TASKS = select(TASK.c.id, TASK.c.deleted_at).where(*_IN_COLUMN).order_by(TASK.c.position, TASK.c.id)
_LAST = select(func.max(TASK.c.position)).where(*_IN_COLUMN)
_MOVE = update(TASK).where(TASK.c.id == bindparam("task"))
_GIVE_STATUS = (
    update(TASK)
    .where(
        TASK.c.project_id == bindparam("project"),
        TASK.c.status == bindparam("former"),
        TASK.c.column_id == bindparam("column"),
    )
    .values(status=bindparam("category"))
)
