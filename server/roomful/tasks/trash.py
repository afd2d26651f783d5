"""The trash of a project's tasks."""

from datetime import timedelta

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import UtcDateTime, now
from roomful.db.statement import Change
from roomful.errors import Conflict, LimitReached, NotFound
from roomful.projects.access import Access
from roomful.projects.models import PROJECT
from roomful.projects.notification_events import SubjectId
from roomful.projects.notifications import forget_subject, tell_emptied
from roomful.roomstore import content
from roomful.tasks.events import TaskDeleted, TaskId, TaskRestored
from roomful.tasks.models import TASK
from roomful.tasks.schemas import Task
from roomful.tasks.tags import require_version
from roomful.web.etag import Precondition

KEPT = timedelta(days=30)
PURGE_BATCH = 10
"""A task may have a document with hundreds of versions of 20 MiB."""


async def delete_task(
    session: AsyncSession, access: Access, task_id: str, if_match: Precondition, *, for_good: bool
) -> None:
    """Put it into the trash, where it stays for 30 days, or end it. Ending one that is in the trash makes no event.

    Raises NotFound, PreconditionFailed, Forbidden (only the owner ends one), Conflict in an archived project,
    LimitReached for a full trash.
    """
    if for_good:
        access.require_owner()
    access.require_active()
    task, is_deleted = await _find_locked(session, access.project.id, task_id)
    if is_deleted and not for_good:
        raise NotFound
    require_version(if_match, task)
    if is_deleted:
        await session.execute(_DELETE, {"task": task_id})
        return
    change: Change = (_DELETE, {"task": task_id})
    if not for_good:
        await _require_room(session, access)
        change = (_UPDATE, {"task": task_id, "deleted_at": now()})
        await _set_document_deleted(session, task, is_deleted=True)
    count = (_COUNT, {"project": access.project.id, "more": -1})
    subject = SubjectId(type="task", id=task_id)
    notified = await forget_subject(session, access.project.id, subject)
    await access.record(session, TaskDeleted(task=TaskId(id=task_id)), along=[change, count])
    await tell_emptied(session, access.project.id, notified, subject=subject)


async def restore_task(session: AsyncSession, access: Access, task_id: str) -> Task:
    """Take it out of the trash, back to where it was: no other task was given its position.

    Raises NotFound, Conflict in an archived project and for one that is not in the trash, LimitReached.
    """
    access.require_active()
    task, is_deleted = await _find_locked(session, access.project.id, task_id)
    if not is_deleted:
        raise Conflict("The task is not in the trash.")
    access.quotas.require_task(access.project.task_count)
    task = task.model_copy(update={"version": task.version + 1, "updated_at": now()})
    values = task.model_dump(include={"version", "updated_at"})
    change: Change = (_UPDATE, {"task": task_id, **values, "deleted_at": None})
    await _set_document_deleted(session, task, is_deleted=False)
    count = (_COUNT, {"project": access.project.id, "more": 1})
    await access.record(session, TaskRestored(task=task), along=[change, count])
    return task


async def purge(session: AsyncSession) -> int:
    """End tasks that have been in the trash for 30 days, at most PURGE_BATCH; the number of them.

    Nodes that purge at the same time take different ones. One that is being restored is left alone.
    """
    old = list(await session.scalars(_OLD, {"before": now() - KEPT}))
    if old:
        await session.execute(_PURGE, {"tasks": old})
    return len(old)


async def _find_locked(session: AsyncSession, project_id: str, task_id: str) -> tuple[Task, bool]:
    """The task, and whether it is in the trash. Its row is locked: the purge doesn't wait for the project's lock."""
    row = (await session.execute(_TASK, {"project": project_id, "task": task_id})).one_or_none()
    if row is None:
        raise NotFound
    return Task.model_validate(row), row.deleted_at is not None


async def _set_document_deleted(session: AsyncSession, task: Task, *, is_deleted: bool) -> None:
    """Nothing can be typed in a description while its task is in the trash."""
    if task.document_id is not None:
        await content.set_deleted(session, task.document_id, is_deleted=is_deleted)


async def _require_room(session: AsyncSession, access: Access) -> None:
    """Raises LimitReached: what is deleted again and again would otherwise fill the database."""
    most = access.quotas.tasks_per_project
    if most and (await session.execute(_TRASHED, {"project": access.project.id, "most": most})).scalar_one() >= most:
        raise LimitReached(f"The trash of a project can hold {most:,} tasks; its owner can end some for good.")


_ONE = TASK.c.id == bindparam("task")
_TASK = select(TASK).where(TASK.c.project_id == bindparam("project"), _ONE).with_for_update()
_UPDATE = update(TASK).where(_ONE)
_DELETE = delete(TASK).where(_ONE)
_COUNT = (
    update(PROJECT)
    .where(PROJECT.c.id == bindparam("project"))
    .values(task_count=PROJECT.c.task_count + bindparam("more", type_=PROJECT.c.task_count.type))
)
_TRASHED = select(func.count()).select_from(
    select(1)
    .select_from(TASK)
    .where(TASK.c.project_id == bindparam("project"), TASK.c.deleted_at.is_not(None))
    .limit(bindparam("most"))
    .subquery()
)
_OLD = (
    select(TASK.c.id)
    .where(TASK.c.deleted_at < bindparam("before", type_=UtcDateTime))
    .order_by(TASK.c.deleted_at)
    .limit(PURGE_BATCH)
    .with_for_update(skip_locked=True)
)
_PURGE = delete(TASK).where(TASK.c.id.in_(bindparam("tasks", expanding=True)))
