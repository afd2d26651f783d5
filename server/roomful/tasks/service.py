"""Tasks: what happens to them, each change with its event."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.db.statement import Change, Query
from roomful.errors import Conflict, Invalid, NotFound
from roomful.eventlog.typed_event import values_before
from roomful.ids import new_id
from roomful.projects.access import Access
from roomful.projects.labels import KNOWN_AMONG, Spelled, find_known, json_keys, save_labels, spell
from roomful.projects.members import require_assignable
from roomful.projects.models import COLUMN, PROJECT
from roomful.tasks import columns, positions, tags
from roomful.tasks.descriptions import Descriptions
from roomful.tasks.events import PlaceBefore, TaskBefore, TaskCreated, TaskMoved, TaskUpdated
from roomful.tasks.models import TASK, TaskStatus
from roomful.tasks.schemas import NewTask, Task, TaskPatch
from roomful.tasks.watchers import notify_of_change, notify_of_new
from roomful.web.etag import Precondition


async def find_task(session: AsyncSession, project_id: str, task_id: str) -> Task:
    """Raises NotFound, also for one in the trash."""
    row = (await session.execute(_TASK, {"project": project_id, "task": task_id})).one_or_none()
    if row is None:
        raise NotFound
    return Task.model_validate(row)


async def create_task(session: AsyncSession, access: Access, new: NewTask, *, notifies: bool = True) -> Task:
    """A task at the end of its column or before another one there, with the project's next number.

    `notifies` those whom it concerns.

    Raises Conflict in an archived project, for a column of another status and for a place in another column or without
    room, LimitReached, Invalid for an assignee who is no member, and for an unknown column or neighbour.
    """
    access.require_active()
    access.quotas.require_task(access.project.task_count)
    project_id = access.project.id
    if new.assignee_id is not None:
        await require_assignable(session, project_id, new.assignee_id)
    place = await _find_place(session, project_id, new)
    labels = await spell(session, access, new.labels, place.labels)
    if new.before is None:
        position = positions.between(place.last, None)
    else:
        position = await columns.position_before(session, project_id, place.column_id, place.status, new.before)
    at = now()
    task = Task(
        id=new_id(),
        title=new.title,
        description=new.description,
        status=place.status,
        column_id=place.column_id,
        number=place.number,
        assignee_id=new.assignee_id,
        due_on=new.due_on,
        labels=labels.names,
        position=position,
        version=1,
        created_by=access.person.id,
        created_at=at,
        updated_at=at,
    )
    await save_labels(session, project_id, labels.new)
    along: list[Change] = [(_INSERT, {"project_id": project_id, **vars(task)})]
    if notifies:
        along.append(notify_of_new(access, task))
    await access.record(session, TaskCreated(task=task, new_labels=labels.new or None), along=along)
    return task


async def change_task(
    session: AsyncSession,
    access: Access,
    task_id: str,
    patch: TaskPatch,
    if_match: Precondition,
    descriptions: Descriptions,
) -> Task:
    """Change fields, the place, or both, with one event. Without a difference there is no event and no new version.

    Raises NotFound, PreconditionFailed, Conflict in an archived project or beside a task of another column, Invalid
    for an assignee who is no member, a neighbour or column that does not exist, too many labels, and what changing a
    description raises.
    """
    access.require_active()
    project_id = access.project.id
    before = await find_task(session, project_id, task_id)
    read_at = tags.require_version(if_match, before)
    values = patch.values()
    if patch.assignee_id not in (None, before.assignee_id):
        await require_assignable(session, project_id, patch.assignee_id)
    labels = await _spell_labels(session, access, before, patch)
    if labels.names != before.labels:
        values["labels"] = labels.names
    move = await columns.find_move(session, project_id, before, patch)
    if move is not None:
        values |= {"column_id": move.column_id, "status": move.status, "position": move.position}
    changed = [name for name, value in values.items() if getattr(before, name) != value]
    by: list[str] | None = None
    if before.document_id is not None and "description" in changed:
        rewritten = await descriptions.rewrite(session, access, before, patch.description, read_at)
        if rewritten is None:
            changed.remove("description")
        else:
            values["description"], by = rewritten
    if not changed:
        return before
    new_labels = labels.new if "labels" in changed else []
    await save_labels(session, project_id, new_labels)
    new = {name: values[name] for name in changed} | {"version": before.version + 1, "updated_at": now()}
    if by is not None:
        new["description_offset"] = access.position.offset + 1
    task = before.model_copy(update=new)
    change = (_UPDATE, {"task": task_id, **task.model_dump(include=set(new))})
    event: TaskMoved | TaskUpdated
    if move is not None:
        others = dict(move.others) or None
        was_at = values_before(PlaceBefore, before, changed)
        event = TaskMoved(task=task, changed=changed, previous=was_at, positions=others, new_labels=new_labels or None)
    else:
        was = values_before(TaskBefore, before, changed)
        event = TaskUpdated(task=task, changed=changed, previous=was, by=by, new_labels=new_labels or None)
    await access.record(session, event, along=[change, *notify_of_change(access, before, task, changed)])
    return task


async def _spell_labels(session: AsyncSession, access: Access, before: Task, patch: TaskPatch) -> Spelled:
    """The labels after the change, as the project spells them. Raises Invalid, LimitReached."""
    wanted = patch.labels_after(before.labels)
    if wanted == before.labels:
        return Spelled(wanted, [])
    return await spell(session, access, wanted, await find_known(session, access.project.id, wanted))


async def renew_description(session: AsyncSession, task: Task, description: str | None, offset: int) -> Task:
    """Store what the task's document says now, under the same version, told of by the event at `offset`.

    The channel is locked.
    """
    values = {"description": description, "description_offset": offset, "updated_at": now()}
    await session.execute(_UPDATE, {"task": task.id, **values})
    return task.model_copy(update=values)


async def set_document(session: AsyncSession, access: Access, task: Task, document_id: str) -> None:
    """Record that the description has become a document. The task keeps its version: it says the same as before."""
    values = {"document_id": document_id, "description_offset": access.position.offset + 1}
    previous = TaskBefore(document_id=None)
    event = TaskUpdated(task=task.model_copy(update=values), changed=["document_id"], previous=previous)
    await access.record(session, event, along=[(_UPDATE, {"task": task.id, **values})])


class PageMark(NamedTuple):
    """Where a page ends."""

    status: TaskStatus
    column_id: str
    position: str
    id: str


FIRST = PageMark("todo", "", "", "")
"""Before every task."""


async def read_page(
    session: AsyncSession, project_id: str, *, after: PageMark, limit: int
) -> tuple[list[dict[str, object]], PageMark | None]:
    """Tasks by status, column and position, without the trash, each as the fields of a `Task`; the next page's mark.

    The first page begins after FIRST; None is the end.
    """
    page = {"project": project_id, **after._asdict(), "count": limit}
    rows = (await session.execute(_PAGE, page)).all()
    end = PageMark._make(getattr(rows[-1], name) for name in PageMark._fields) if len(rows) == limit else None
    return [row._asdict() for row in rows], end


class _Place(NamedTuple):
    """A new task's number, its column (an empty id: there is no such one), the position of the last task there, and its
    labels, as far as the project has them.
    """

    number: int
    column_id: str
    status: TaskStatus
    last: str | None
    labels: list[str]


async def _find_place(session: AsyncSession, project_id: str, new: NewTask) -> _Place:
    """Count the task in, at the end of the column that it names, or of the first one of its status."""
    where = {"project": project_id, "keys": json_keys(new.labels)}
    if new.column_id is None:
        place = await _COUNT_BY_STATUS.one_or_none(session, {**where, "category": new.status})
    else:
        place = await _COUNT_BY_COLUMN.one_or_none(session, {**where, "chosen": new.column_id})
    if place is None:
        raise NotFound
    if not place.column_id:
        message = "must be a column of this project"
        raise Invalid(details=[{"field": "column_id", "message": message, "type": "value_error"}])
    if "status" in new.model_fields_set and new.status != place.status:
        raise Conflict(f"The column has the status {place.status}.")
    return place


_TASK = select(TASK).where(
    TASK.c.project_id == bindparam("project"), TASK.c.id == bindparam("task"), TASK.c.deleted_at.is_(None)
)
_ORDER = (TASK.c.status, TASK.c.column_id, TASK.c.position, TASK.c.id)
_PAGE = (
    select(*(TASK.c[name] for name in Task.model_fields))
    .where(
        TASK.c.project_id == bindparam("project"),
        TASK.c.deleted_at.is_(None),
        tuple_(*_ORDER) > tuple_(*(bindparam(column.key, type_=column.type) for column in _ORDER)),
    )
    .order_by(*_ORDER)
    .limit(bindparam("count"))
)
_INSERT = insert(TASK)
_UPDATE = update(TASK).where(TASK.c.id == bindparam("task"))


def _count_one_more(column: ColumnElement[bool]) -> Query[_Place]:
    """The project's next number, and the end of the first column that meets the condition.

    The project is locked by now, so its last position is read as the writer before left it: that of a task in the
    trash, too, since it may come back.
    """
    of_project = COLUMN.c.project_id == bindparam("project")
    first = select(COLUMN).where(of_project, column).order_by(COLUMN.c.position, COLUMN.c.id).limit(1)
    id_, category = [first.with_only_columns(found).scalar_subquery() for found in (COLUMN.c.id, COLUMN.c.category)]
    last = select(func.max(TASK.c.position)).where(
        TASK.c.project_id == bindparam("project"), TASK.c.status == category, TASK.c.column_id == id_
    )
    return Query(
        update(PROJECT)
        .where(PROJECT.c.id == bindparam("project"))
        .values(task_count=PROJECT.c.task_count + 1, task_number=PROJECT.c.task_number + 1)
        .returning(
            PROJECT.c.task_number.label("number"),
            func.coalesce(id_, "").label("column_id"),
            category.label("status"),
            last.scalar_subquery().label("last"),
            KNOWN_AMONG.scalar_subquery().label("labels"),
        ),
        _Place,
    )


_COUNT_BY_STATUS = _count_one_more(COLUMN.c.category == bindparam("category"))
_COUNT_BY_COLUMN = _count_one_more(COLUMN.c.id == bindparam("chosen"))
