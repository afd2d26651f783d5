"""The routes of tasks."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import Row, select

from roomful.errors import Conflict
from roomful.projects.access import EditorOf, PathId, ViewerOf, may_see
from roomful.tasks import service
from roomful.tasks.models import Task as TaskRow
from roomful.tasks.models import TaskStatus
from roomful.tasks.schemas import NewTask, Task, TaskPatch
from roomful.web import etag, idempotency
from roomful.web.dependencies import API, DB, ReadDB
from roomful.web.etag import IfMatch
from roomful.web.openapi import errors
from roomful.web.pagination import Keyset, Page
from roomful.web.routing import Route

_AS_ON_THE_BOARD = Keyset((TaskRow.status, TaskRow.position, TaskRow.id))

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/tasks", tags=["tasks"], route_class=Route)


@router.get("")
async def list_tasks(
    access: ViewerOf,
    session: ReadDB,
    page: Page,
    status: Annotated[TaskStatus | None, Query(description="Only those with this status.")] = None,
    assignee_id: Annotated[str | None, Query(max_length=36, description="Only those of this person.")] = None,
) -> list[Task]:
    """The tasks by status (`todo`, `in_progress`, `done`), within one by position; fewer than `limit` of long ones."""
    tasks = select(TaskRow).where(TaskRow.project_id == access.project.id)
    if status is not None:
        tasks = tasks.where(TaskRow.status == status)
    if assignee_id is not None:
        tasks = tasks.where(TaskRow.assignee_id == assignee_id)
    rows = await page.fetch(session, tasks, _AS_ON_THE_BOARD, weigh=_weigh)
    return [Task.model_validate(task) for (task,) in rows]


@router.post("", status_code=201, dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def create_task(access: EditorOf, new: NewTask, session: DB, response: Response) -> Task:
    """Put a task at the end of its status."""
    task = await service.create_task(session, access, new)
    response.headers["Location"] = f"tasks/{task.id}"  # from the address of this POST: proxies may cut off a prefix
    response.headers["ETag"] = etag.of(task.version)
    return task


@router.get("/{task_id}")
async def show_task(access: ViewerOf, task_id: PathId, session: ReadDB, response: Response) -> Task:
    task = await service.find_task(session, access.project.id, task_id)
    response.headers["ETag"] = etag.of(task.version)
    return task


@router.patch("/{task_id}", responses=errors(Conflict))
async def change_task(
    access: EditorOf,
    task_id: PathId,
    patch: TaskPatch,
    session: DB,
    if_match: IfMatch,
    response: Response,
) -> Task:
    """Change a task, or move it, or both: one event. What changes nothing makes none."""
    task = await service.change_task(session, access, task_id, patch, if_match)
    response.headers["ETag"] = etag.of(task.version)
    return task


@router.delete("/{task_id}", status_code=204, responses=errors(Conflict))
async def delete_task(access: EditorOf, task_id: PathId, session: DB, if_match: IfMatch) -> None:
    await service.delete_task(session, access, task_id, if_match)


def _weigh(row: Row[TaskRow]) -> int:
    """About the bytes that it takes as JSON, without what every task has."""
    (task,) = row
    return len((task.description or "").encode())
