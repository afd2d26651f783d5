"""The routes of tasks."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import Row, select

from roomful.errors import Conflict
from roomful.projects.access import EditorOf, PathId, ViewerOf, may_see
from roomful.tasks import service, tags, trash
from roomful.tasks.descriptions import Describing
from roomful.tasks.models import Task as TaskRow
from roomful.tasks.models import TaskStatus
from roomful.tasks.schemas import NewTask, Task, TaskPatch, TrashedTask
from roomful.web import idempotency
from roomful.web.dependencies import API, DB, ReadDB
from roomful.web.etag import IfMatch
from roomful.web.openapi import errors
from roomful.web.pagination import Keyset, Page
from roomful.web.routing import Route

_BY_COLUMN = Keyset((TaskRow.status, TaskRow.column_id, TaskRow.position, TaskRow.id))
_NEWEST_IN_TRASH_FIRST = Keyset((TaskRow.deleted_at, TaskRow.id), descending=True)

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/tasks", tags=["tasks"], route_class=Route)


@router.get("")
async def list_tasks(
    access: ViewerOf,
    session: ReadDB,
    page: Page,
    status: Annotated[TaskStatus | None, Query(description="Only those with this status.")] = None,
    column_id: Annotated[str | None, Query(max_length=36, description="Only those of this column.")] = None,
    number: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Only the one with this number.")] = None,
    assignee_id: Annotated[str | None, Query(max_length=36, description="Only those of this person.")] = None,
    deleted: Annotated[bool, Query(description="Those in the trash instead, the last deleted first.")] = False,
) -> list[TrashedTask] | list[Task]:
    """The tasks by status (`todo`, `in_progress`, `done`), then by column, oldest first, and within one by position.

    A page of long ones holds fewer than `limit`.
    """
    in_trash = TaskRow.deleted_at.is_not(None) if deleted else TaskRow.deleted_at.is_(None)
    tasks = select(TaskRow).where(TaskRow.project_id == access.project.id, in_trash)
    if status is not None:
        tasks = tasks.where(TaskRow.status == status)
    if column_id is not None:
        tasks = tasks.where(TaskRow.column_id == column_id)
    if number is not None:
        tasks = tasks.where(TaskRow.number == number)
    if assignee_id is not None:
        tasks = tasks.where(TaskRow.assignee_id == assignee_id)
    order = _NEWEST_IN_TRASH_FIRST if deleted else _BY_COLUMN
    rows = await page.fetch(session, tasks, order, weigh=_weigh)
    if deleted:
        return [TrashedTask.model_validate(task) for (task,) in rows]
    return [Task.model_validate(task) for (task,) in rows]


@router.post("", status_code=201, dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def create_task(access: EditorOf, new: NewTask, session: DB, response: Response) -> Task:
    """Put a task at the end of a column: the one that it names, or the first of its status."""
    task = await service.create_task(session, access, new)
    response.headers["Location"] = f"tasks/{task.id}"  # from the address of this POST: proxies may cut off a prefix
    response.headers["ETag"] = tags.tag_of(task)
    return task


@router.get("/{task_id}")
async def show_task(access: ViewerOf, task_id: PathId, session: ReadDB, response: Response) -> Task:
    task = await service.find_task(session, access.project.id, task_id)
    response.headers["ETag"] = tags.tag_of(task)
    return task


@router.patch("/{task_id}", responses=errors(Conflict))
async def change_task(
    access: EditorOf,
    task_id: PathId,
    patch: TaskPatch,
    session: DB,
    if_match: IfMatch,
    descriptions: Describing,
    response: Response,
) -> Task:
    """Change a task, or move it, or both: one event, or none if nothing changes.

    A new `description` of a task with a document is merged into that: the text is compared with the `description` that
    `If-Match` names, the `ETag` of an answer, or with the present one, and what people have typed since then stays. The
    answer's `description` is what the document says then. One that is cut can't be changed here (409).
    """
    task = await service.change_task(session, access, task_id, patch, if_match, descriptions)
    response.headers["ETag"] = tags.tag_of(task)
    return task


@router.delete("/{task_id}", status_code=204, responses=errors(Conflict))
async def delete_task(
    access: EditorOf,
    task_id: PathId,
    session: DB,
    if_match: IfMatch,
    purge: Annotated[bool, Query(description="End it for good, also from the trash; the owner only.")] = False,
) -> None:
    """Put a task into the trash, from where it can be restored for 30 days."""
    await trash.delete_task(session, access, task_id, if_match, for_good=purge)


@router.post("/{task_id}/restore", dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def restore_task(access: EditorOf, task_id: PathId, session: DB, response: Response) -> Task:
    """Take a task out of the trash, back to where it was."""
    task = await trash.restore_task(session, access, task_id)
    response.headers["ETag"] = tags.tag_of(task)
    return task


def _weigh(row: Row[TaskRow]) -> int:
    """Roughly its bytes as JSON, beyond those that every task has."""
    (task,) = row
    return len((task.description or "").encode())
