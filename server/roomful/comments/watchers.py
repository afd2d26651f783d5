"""The people a comment concerns, and the new watchers of its task."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import String, Text, bindparam, cast, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.comments.models import COMMENT
from roomful.comments.schemas import Comment
from roomful.db.functions import json_texts
from roomful.db.statement import Change
from roomful.projects.access import Access
from roomful.projects.models import MEMBER, WATCH
from roomful.projects.notifications import Concerns, notify
from roomful.tasks.schemas import Task

MAX_REPLIED = 100
"""People of one thread who are told of a reply as such; the others watch the task anyway."""


async def notify_of_new(session: AsyncSession, access: Access, task: Task, comment: Comment) -> list[Change]:
    """Rows for the mentioned, for those who wrote in the thread, and for all who watch the task."""
    replied: list[str] = []
    if comment.parent_id is not None:
        thread = {"task": task.id, "thread": comment.parent_id, "most": MAX_REPLIED}
        replied = list(await session.scalars(_AUTHORS, thread))
    mentioned = [mention.id for mention in comment.mentions]
    concerns = Concerns(
        subject_type="task",
        subject_id=task.id,
        mentioned=mentioned,
        replied=replied,
        watching=[task.created_by, task.assignee_id],
    )
    return [
        notify(access.project.id, access.person.id, concerns),
        _watch(access, task.id, [comment.author_id, *mentioned]),
    ]


def notify_of_change(access: Access, before: Comment, after: Comment) -> list[Change]:
    """Rows for those whom only the new text mentions."""
    known = {mention.id for mention in before.mentions}
    mentioned = [mention.id for mention in after.mentions if mention.id not in known]
    if not mentioned:
        return []
    concerns = Concerns(subject_type="task", subject_id=after.task_id, mentioned=mentioned, is_private=True)
    return [notify(access.project.id, access.person.id, concerns), _watch(access, after.task_id, mentioned)]


def _watch(access: Access, task_id: str, people: Iterable[str]) -> Change:
    """Make these people watch the task, but for those who have chosen whether to."""
    encoded = msgspec.json.encode(sorted(set(people))).decode()
    return _WATCH, {"in_project": access.project.id, "on_task": task_id, "people": encoded}


_AUTHORS = (
    select(COMMENT.c.author_id)
    .where(COMMENT.c.task_id == bindparam("task"), COMMENT.c.thread_id == bindparam("thread"))
    .distinct()
    .limit(bindparam("most"))
)
_people = json_texts(bindparam("people", type_=Text)).table_valued("value", name="watching_people")
_watches = (
    select(bindparam("on_task", type_=String), MEMBER.c.user_id, MEMBER.c.project_id, true())
    .join_from(_people, MEMBER, MEMBER.c.user_id == cast(_people.c.value, String(36)))
    .where(MEMBER.c.project_id == bindparam("in_project"))
    .order_by(MEMBER.c.user_id)
)
_WATCH = (
    insert(WATCH)
    .from_select(["task_id", "user_id", "project_id", "is_watching"], _watches, include_defaults=False)
    .on_conflict_do_nothing()
)
