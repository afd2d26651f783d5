"""The routes by which a member says what to be notified of."""

from fastapi import APIRouter
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.inbox.schemas import NotificationLevel, Watching
from roomful.projects.access import Access, MemberOf, PathId, ViewerOf
from roomful.projects.models import MEMBER, WATCH
from roomful.tasks.service import find_task
from roomful.web.dependencies import API, DB, ReadDB
from roomful.web.routing import Route

router = APIRouter(prefix=f"{API}/projects/{{project_id}}", tags=["inbox"], route_class=Route)


@router.get("/notifications")
async def show_level(access: ViewerOf, session: ReadDB) -> NotificationLevel:
    """The events in this project that the caller is notified of."""
    return NotificationLevel(level=(await session.execute(_LEVEL, _member(access))).scalar_one())


@router.put("/notifications")
async def set_level(access: MemberOf, body: NotificationLevel, session: DB) -> NotificationLevel:
    """Choose the events to be notified of. Being added to the project always notifies."""
    await session.execute(_SET_LEVEL, {**_member(access), "notification_level": body.level})
    return body


@router.get("/tasks/{task_id}/watch")
async def show_watch(access: ViewerOf, task_id: PathId, session: ReadDB) -> Watching:
    """Whether the caller watches the task: by hand, or because they made it or it is assigned to them."""
    task = await find_task(session, access.project.id, task_id)
    by_hand = (await session.execute(_WATCH, {"task": task_id, **_member(access)})).scalar_one_or_none()
    takes_part = access.person.id in (task.created_by, task.assignee_id)
    return Watching(watching=takes_part if by_hand is None else by_hand)


@router.put("/tasks/{task_id}/watch", status_code=204)
async def watch_task(access: MemberOf, task_id: PathId, session: DB) -> None:
    await _say(session, access, task_id, is_watching=True)


@router.delete("/tasks/{task_id}/watch", status_code=204)
async def unwatch_task(access: MemberOf, task_id: PathId, session: DB) -> None:
    """Be told of the task no more, unless named. Taking part in the task again does not undo this."""
    await _say(session, access, task_id, is_watching=False)


async def _say(session: AsyncSession, access: Access, task_id: str, *, is_watching: bool) -> None:
    task = await find_task(session, access.project.id, task_id)
    row = {"task_id": task.id, "user_id": access.person.id, "project_id": access.project.id}
    await session.execute(_SAY, {**row, "is_watching": is_watching})


def _member(access: Access) -> dict[str, str]:
    return {"project": access.project.id, "person": access.person.id}


_IS_MEMBER = (MEMBER.c.project_id == bindparam("project"), MEMBER.c.user_id == bindparam("person"))
_LEVEL = select(MEMBER.c.notification_level).where(*_IS_MEMBER)
_SET_LEVEL = update(MEMBER).where(*_IS_MEMBER)
_WATCH = select(WATCH.c.is_watching).where(WATCH.c.task_id == bindparam("task"), WATCH.c.user_id == bindparam("person"))
_new = insert(WATCH)
# SQLite's ON CONFLICT is PostgreSQL's.
_SAY = _new.on_conflict_do_update(
    index_elements=["task_id", "user_id"], set_={"is_watching": _new.excluded.is_watching}
)
