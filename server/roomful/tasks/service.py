"""Tasks: what happens to them, each change with its event."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.db.statement import Statement
from roomful.errors import NotFound
from roomful.eventlog.typed_event import values_before
from roomful.ids import new_id
from roomful.projects.access import Access
from roomful.projects.members import require_assignable
from roomful.projects.models import PROJECT
from roomful.tasks import columns, positions
from roomful.tasks.events import PlaceBefore, TaskBefore, TaskCreated, TaskDeleted, TaskId, TaskMoved, TaskUpdated
from roomful.tasks.models import TASK
from roomful.tasks.schemas import NewTask, Task, TaskPatch
from roomful.web.etag import Precondition


async def find_task(session: AsyncSession, project_id: str, task_id: str) -> Task:
    """Raises NotFound."""
    row = await _TASK.one_or_none(session, {"project": project_id, "task": task_id})
    if row is None:
        raise NotFound
    return Task.model_validate(row)


async def create_task(session: AsyncSession, access: Access, new: NewTask) -> Task:
    """A task at the end of its status.

    Raises Conflict in an archived project, LimitReached, Invalid for a stranger as assignee.
    """
    access.require_active()
    access.quotas.require_task(access.project.task_count)
    project_id = access.project.id
    if new.assignee_id is not None:
        await require_assignable(session, project_id, new.assignee_id)
    column = await _COUNT_ONE_MORE.one_or_none(session, {"project": project_id, "column": new.status})
    at = now()
    task = Task(
        id=new_id(),
        title=new.title,
        description=new.description,
        status=new.status,
        assignee_id=new.assignee_id,
        due_on=new.due_on,
        labels=new.labels,
        position=positions.between(column.last, None),
        version=1,
        created_by=access.person.id,
        created_at=at,
        updated_at=at,
    )
    insertion = (_INSERT, {"project_id": project_id, **vars(task)})
    await access.record(session, TaskCreated(task=task), along=[insertion])
    return task


async def change_task(
    session: AsyncSession,
    access: Access,
    task_id: str,
    patch: TaskPatch,
    if_match: Precondition,
) -> Task:
    """Change fields, the place, or both, with one event; what changes nothing leaves no trace.

    Raises NotFound, PreconditionFailed, Conflict in an archived project or beside a task of another status, Invalid
    for a stranger as assignee or a task that isn't there to be beside.
    """
    access.require_active()
    project_id = access.project.id
    before = await find_task(session, project_id, task_id)
    if_match.require(before.version, before)
    values = patch.values()
    if values.get("assignee_id") not in (None, before.assignee_id):
        await require_assignable(session, project_id, values["assignee_id"])
    place = await columns.find_place(session, project_id, before, patch)
    if place is not None:
        values["position"] = place.position
    changed = [name for name, value in values.items() if getattr(before, name) != value]
    if not changed:
        return before
    task = before.model_copy(update={**values, "version": before.version + 1, "updated_at": now()})
    await session.execute(_UPDATE, {"task": task_id, **task.model_dump(include={*changed, "version", "updated_at"})})
    event: TaskMoved | TaskUpdated
    if place is not None:
        others = dict(place.others) or None
        was_at = values_before(PlaceBefore, before, changed)
        event = TaskMoved(task=task, changed=changed, previous=was_at, positions=others)
    else:
        event = TaskUpdated(task=task, changed=changed, previous=values_before(TaskBefore, before, changed))
    await access.record(session, event)
    return task


async def delete_task(session: AsyncSession, access: Access, task_id: str, if_match: Precondition) -> None:
    """Raises NotFound, PreconditionFailed, Conflict in an archived project."""
    access.require_active()
    task = await find_task(session, access.project.id, task_id)
    if_match.require(task.version, task)
    deletion, count = (_DELETE, {"task": task_id}), (_COUNT_ONE_LESS, {"project": access.project.id})
    await access.record(session, TaskDeleted(task=TaskId(id=task_id)), along=[deletion, count])


async def read_page(session: AsyncSession, project_id: str, *, after: Any, limit: int) -> Sequence[Any]:
    """Rows with the fields of a `Task`, as the board shows them: by status, then by position.

    `after` is the last row of the page before; None for the first page.
    """
    place = (after.status, after.position, after.id) if after is not None else ("todo", "", "")
    status, position, id_ = place
    page = {"project": project_id, "status": status, "position": position, "id": id_, "count": limit}
    return await _PAGE.all(session, page)


_TASK = Statement(select(TASK).where(TASK.c.project_id == bindparam("project"), TASK.c.id == bindparam("task")))
_ORDER = (TASK.c.status, TASK.c.position, TASK.c.id)
_PAGE = Statement(
    select(*(TASK.c[name] for name in Task.model_fields))
    .where(
        TASK.c.project_id == bindparam("project"),
        tuple_(*_ORDER) > tuple_(*(bindparam(column.key, type_=column.type) for column in _ORDER)),
    )
    .order_by(*_ORDER)
    .limit(bindparam("count"))
)
_INSERT = Statement(insert(TASK))
_UPDATE = update(TASK).where(TASK.c.id == bindparam("task"))
_DELETE = Statement(delete(TASK).where(TASK.c.id == bindparam("task")))
# The project is locked by now, so its last position is read as the one before us has left it.
_COUNT_ONE_MORE = Statement(
    update(PROJECT)
    .where(PROJECT.c.id == bindparam("project"))
    .values(task_count=PROJECT.c.task_count + 1)
    .returning(
        select(func.max(TASK.c.position))
        .where(TASK.c.project_id == bindparam("project"), TASK.c.status == bindparam("column"))
        .scalar_subquery()
        .label("last")
    )
)
_COUNT_ONE_LESS = Statement(
    update(PROJECT).where(PROJECT.c.id == bindparam("project")).values(task_count=PROJECT.c.task_count - 1)
)
